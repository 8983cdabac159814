// SPDX-License-Identifier: Apache-2.0
#include "tests/support/register_protocol.h"

#include <algorithm>
#include <cstring>

#include "server/machine/encode_image.h"

namespace colonnade {

using namespace device;  // NOLINT: the registers' names

namespace {

constexpr int kFirstLoaded = 1, kLastLoaded = 6;  // memories

std::span<const uint8_t> Bytes(std::span<const uint64_t> words) {
  return {reinterpret_cast<const uint8_t*>(words.data()), words.size_bytes()};
}

// The register with the depth of a memory.
uint32_t Words(int memory) { return kWords + 4 * uint32_t(memory - 1); }

bool MayBeWritten(uint32_t offset) {
  return (kCommand <= offset && offset < kSubmit) || offset == kInterruptEnable;
}

}  // namespace

RegisterProtocol::RegisterProtocol(const array::ArrayConfig& config, const machine::DeviceLimits& limits,
                                   std::unique_ptr<FunctionalModel> model, rtl::Bus& bus, int busy)
    : model_(std::move(model)), bus_(bus), busy_(busy) {
  const uint64_t digest = std::stoull(array::Digest(config), nullptr, 16);
  Register(kIdentification) = kColonnade;
  Register(kVersion) = kMajorVersion << 16;
  Register(kDigestLow) = uint32_t(digest);
  Register(kDigestHigh) = uint32_t(digest >> 32);
  Register(kChannels) = uint32_t(limits.channels);
  Register(kPositions) = uint32_t(limits.positions);
  for (int memory = 1; memory < machine::kMemories; ++memory) {
    Register(Words(memory)) = uint32_t(machine::DepthOf(machine::MemoryId(memory), limits));
  }
  Register(kPixels) = uint32_t(limits.pixels);
  Register(kTiles) = uint32_t(limits.tiles);
}

void RegisterProtocol::WriteRegister(uint32_t offset, uint32_t value) {
  if (offset == kControl && value & 1) Reset();
  if (MayBeWritten(offset)) Register(offset) = value;
  if (offset == kInterruptPending && value & 1) Register(kInterruptPending) = 0;
  if (offset != kSubmit) return;
  Register(kSubmit) = value;
  if (left_ > 0 || value != Register(kCompletion) + 1) return;
  left_ = busy_;
  SetStatus(kBusy, true);
}

void RegisterProtocol::Advance(int cycles) {
  clock_ += uint64_t(cycles);
  Register(kHeartbeat) = uint32_t(clock_ / 1024);
  if (left_ == 0) return;
  left_ = std::max<int64_t>(left_ - cycles, 0);
  if (left_ > 0) return;
  Register(kError) = Execute();
  SetStatus(kBusy, false);
  Register(kCompletion) += 1;
  Register(kInterruptPending) = 1;
}

bool RegisterProtocol::interrupt() { return Register(kInterruptEnable) & Register(kInterruptPending) & 1; }

void RegisterProtocol::SetStatus(uint32_t bit, bool on) {
  Register(kStatus) = (Register(kStatus) & ~bit) | (on ? bit : 0);
}

void RegisterProtocol::Reset() {
  left_ = 0;
  for (uint32_t offset = kCommand; offset < kHeartbeat; offset += 4) Register(offset) = 0;
}

uint32_t RegisterProtocol::Execute() {
  Register(kSourceCrc) = Register(kTargetCrc) = 0;
  switch (Register(kCommand)) {
    case kClear:
      model_->Clear();
      SetStatus(kIsClear, true);
      SetStatus(kIsLoaded, false);
      return kNoError;
    case kLoad:
      return Load();
    case kRun:
      return Run();
    default:
      return kUnknownCommand;
  }
}

uint32_t RegisterProtocol::Load() {
  if (!(Register(kStatus) & kIsClear)) return kNotClear;
  if (Register(kSourceBytes) == 0 || Register(kSourceBytes) % 8 != 0) return kBadSection;
  std::vector<uint64_t> words;
  if (!ReadSource(words)) return kBusError;
  if (Register(kSourceCrc) != Register(kExpectedCrc)) return kBadCrc;
  SetStatus(kIsClear, false);
  const uint32_t error = LoadSections(words);
  SetStatus(kIsLoaded, error == kNoError);
  return error;
}

uint32_t RegisterProtocol::LoadSections(std::span<const uint64_t> words) {
  for (size_t at = 0; at < words.size();) {
    const int memory = int(words[at] & 0xff);
    const int64_t first = int64_t(words[at] >> 8 & 0xffffff), count = int64_t(words[at] >> 32);
    ++at;
    if (memory < kFirstLoaded || memory > kLastLoaded || count == 0) return kBadSection;
    if (first + count > Register(Words(memory))) return kBadSection;
    const size_t each = size_t(model_->WordBits(memory) + 63) / 64;
    if (size_t(count) * each > words.size() - at) return kBadSection;
    for (int64_t i = 0; i < count; ++i, at += each) model_->Write(memory, first + i, words.subspan(at, each));
  }
  return kNoError;
}

uint32_t RegisterProtocol::Run() {
  if (!(Register(kStatus) & kIsLoaded)) return kNoProgram;
  if (Register(kSourceBytes) != model_->input_bytes() || Register(kTargetBytes) != model_->result_bytes()) {
    return kWrongBytes;
  }
  std::vector<uint64_t> input;
  if (!ReadSource(input)) return kBusError;
  const FunctionalModel::Result result = model_->Run(Bytes(input));
  for (uint32_t i = 0; i < kCycleCounters; ++i) Register(kCycles + 4 * i) = result.cycles[i];
  return WriteTarget(result.bytes) ? kNoError : kBusError;
}

bool RegisterProtocol::ReadSource(std::vector<uint64_t>& words) {
  for (uint64_t at = Address(kSourceLow); words.size() < Register(kSourceBytes) / 8; at += 8) {
    const std::optional<uint64_t> word = bus_.Read(at);
    if (!word) return false;
    words.push_back(*word);
  }
  Register(kSourceCrc) = machine::Crc32(Bytes(words));
  return true;
}

bool RegisterProtocol::WriteTarget(std::span<const uint8_t> bytes) {
  Register(kTargetCrc) = machine::Crc32(bytes);
  uint64_t at = Address(kTargetLow);
  for (size_t i = 0; i < bytes.size(); i += 8, at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, std::min<size_t>(8, bytes.size() - i));
    if (!bus_.Write(at, word, 0xff)) return false;
  }
  return true;
}

}  // namespace colonnade
