// SPDX-License-Identifier: Apache-2.0
// A device in this process, whose time passes only while it is waited for.
#pragma once

#include <vector>

#include "server/device/device.h"
#include "server/rtl/board/buffer_bus.h"
#include "tests/support/faulty_machine.h"
#include "tests/support/mixing_model.h"
#include "tests/support/register_protocol.h"

namespace colonnade::device {

class FakeDevice final : public Device {
 public:
  static constexpr int kCyclesPerMillisecond = 100;

  // `now` is what the driver's clock reads.
  FakeDevice(const array::ArrayConfig& config, Fault fault, int times, absl::Time& now)
      : now_(now), bytes_(size_t{1} << 16), bus_(bytes_), machine_(Make(config, fault, times)) {}

  std::string name() const override { return "fake"; }
  uint32_t Read32(uint32_t offset) const override { return machine_->ReadRegister(offset); }
  void Write32(uint32_t offset, uint32_t value) override { machine_->WriteRegister(offset, value); }
  DmaBuffer buffer() override { return {bytes_, kBoardBufferAddress}; }
  absl::Status SyncForDevice(size_t, size_t) override { return absl::OkStatus(); }
  absl::Status SyncForHost(size_t, size_t) override { return absl::OkStatus(); }
  absl::Status ArmInterrupt() override { return absl::OkStatus(); }

  absl::StatusOr<bool> WaitForInterrupt(absl::Duration patience) override {
    for (; patience > absl::ZeroDuration(); patience -= absl::Milliseconds(1)) {
      if (spurious > 0) return --spurious >= 0;
      now_ += absl::Milliseconds(1);
      machine_->Advance(kCyclesPerMillisecond);
      if (machine_->interrupt()) return true;
    }
    return false;
  }

  int spurious = 0;  // interrupts that mean nothing

 private:
  std::unique_ptr<rtl::HostedMachine> Make(const array::ArrayConfig& config, Fault fault, int times) {
    const auto make = [](const rtl::MachineOptions& options, rtl::Bus& bus) {
      return absl::StatusOr<std::unique_ptr<rtl::HostedMachine>>(std::make_unique<RegisterProtocol>(
          options.config, MixingLimits(), std::make_unique<MixingModel>(options.config), bus, 10000));
    };
    return MakeFaulty(fault, times, make, {config, "", 0}, bus_);
  }

  absl::Time& now_;
  std::vector<uint8_t> bytes_;
  rtl::BufferBus bus_;
  const std::unique_ptr<rtl::HostedMachine> machine_;
};

}  // namespace colonnade::device
