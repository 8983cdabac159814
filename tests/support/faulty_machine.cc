// SPDX-License-Identifier: Apache-2.0
#include "tests/support/faulty_machine.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "server/base/status.h"
#include "server/device/registers.h"
#include "tests/support/require.h"

namespace colonnade {

using namespace device;  // NOLINT: the registers' names

namespace {

constexpr std::array<std::string_view, 15> kNames = {
    "none",   "lost_interrupt", "hang",      "short_read", "short_write", "identification", "version",     "digest",
    "program_bit", "input_bit", "result_bit", "reset",     "bus_error",   "death",          "wrong_cycles"};

constexpr int kDeathExitCode = 70;

// What stands between machine and buffer.
class FaultyBus final : public rtl::Bus {
 public:
  explicit FaultyBus(rtl::Bus& bus) : bus_(bus) {}

  // The next command reads and writes these words, and this is done to it.
  void Expect(Fault fault, uint64_t last_source, uint64_t last_target) {
    fault_ = fault;
    last_source_ = last_source;
    last_target_ = last_target;
  }

  std::optional<uint64_t> Read(uint64_t address) override {
    std::optional<uint64_t> word = bus_.Read(address);
    if (!word || fault_ == Fault::kBusError) return std::nullopt;
    if (address != last_source_) return word;
    if (fault_ == Fault::kShortRead) return 0;
    if (fault_ == Fault::kProgramBit || fault_ == Fault::kInputBit) *word ^= 1;
    return word;
  }

  bool Write(uint64_t address, uint64_t word, uint8_t strobes) override {
    if (address == last_target_ && fault_ == Fault::kShortWrite) return true;
    if (address == last_target_ && fault_ == Fault::kResultBit) word ^= uint64_t{1} << 17;
    return bus_.Write(address, word, strobes);
  }

 private:
  rtl::Bus& bus_;
  Fault fault_ = Fault::kNone;
  uint64_t last_source_ = 0, last_target_ = 0;
};

class FaultyMachine final : public rtl::HostedMachine {
 public:
  FaultyMachine(Fault fault, int times, const rtl::MachineMaker& make, const rtl::MachineOptions& options,
                rtl::Bus& bus)
      : fault_(fault), times_(times), bus_(bus), machine_(Require(make(options, bus_))) {}

  uint32_t ReadRegister(uint32_t offset) override {
    const uint32_t value = machine_->ReadRegister(offset);
    if (offset == kIdentification && fault_ == Fault::kIdentification) return value + 1;
    if (offset == kVersion && fault_ == Fault::kVersion) return value + 0x10000;
    if (offset == kDigestLow && fault_ == Fault::kDigest) return value + 1;
    return offset == kCycles && fault_ == Fault::kWrongCycles ? value + 1 : value;
  }

  void WriteRegister(uint32_t offset, uint32_t value) override {
    if (offset == kCommand) command_ = value;
    if (offset == kControl) active_ = false;
    if (offset == kSubmit) Begin();
    machine_->WriteRegister(offset, value);
  }

  void Advance(int cycles) override {
    if (active_ && fault_ == Fault::kHang) return;
    if (active_ && fault_ == Fault::kDeath) ::_exit(kDeathExitCode);
    machine_->Advance(cycles);
    if (active_ && fault_ == Fault::kReset) WriteRegister(kControl, 1);
  }

  bool interrupt() override {
    const bool level = machine_->interrupt();
    return level && !(active_ && fault_ == Fault::kLostInterrupt);
  }

 private:
  bool Applies() const {
    if (fault_ == Fault::kLostInterrupt) return true;
    return command_ == (fault_ == Fault::kProgramBit ? kLoad : kRun);
  }

  void Begin() {
    active_ = times_ > 0 && Applies();
    if (active_) --times_;
    const auto last = [&](uint32_t low, uint32_t bytes) {
      const uint64_t begin = machine_->ReadRegister(low) | uint64_t{machine_->ReadRegister(low + 4)} << 32;
      return begin + std::max(machine_->ReadRegister(bytes), 8u) - 8;
    };
    bus_.Expect(active_ ? fault_ : Fault::kNone, last(kSourceLow, kSourceBytes), last(kTargetLow, kTargetBytes));
  }

  const Fault fault_;
  int times_;
  FaultyBus bus_;
  std::unique_ptr<rtl::HostedMachine> machine_;
  uint32_t command_ = 0;
  bool active_ = false;  // in the command that was submitted last
};

}  // namespace

std::vector<std::string> FaultNames() { return {kNames.begin(), kNames.end()}; }

absl::StatusOr<Fault> ParseFault(const std::string& name) {
  const auto found = std::ranges::find(kNames, name);
  if (found != kNames.end()) return Fault(found - kNames.begin());
  return InvalidField("fault", fmt::format("'{}' is none of {}", name, fmt::join(kNames, ", ")));
}

std::unique_ptr<rtl::HostedMachine> MakeFaulty(Fault fault, int times, const rtl::MachineMaker& make,
                                               const rtl::MachineOptions& options, rtl::Bus& bus) {
  return std::make_unique<FaultyMachine>(fault, times, make, options, bus);
}

}  // namespace colonnade
