// SPDX-License-Identifier: Apache-2.0
#include "server/device/uio_device.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>

#include "server/base/file_io.h"
#include "server/base/status.h"
#include "server/device/mapping.h"
#include "server/device/registers.h"

namespace colonnade::device {
namespace {

constexpr int kToDevice = 1, kFromDevice = 2;  // u-dma-buf's sync_direction

// The number in a file of sysfs, decimal or with 0x.
absl::StatusOr<uint64_t> ReadNumber(const std::string& path) {
  std::string text;
  if (!(std::ifstream(path) >> text)) return absl::NotFoundError(fmt::format("cannot read '{}'", path));
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  const char* const begin = text.data() + (hexadecimal ? 2 : 0);
  const char* const end = text.data() + text.size();
  uint64_t number = 0;
  const auto parsed = std::from_chars(begin, end, number, hexadecimal ? 16 : 10);
  if (parsed.ec == std::errc() && parsed.ptr == end) return number;
  return absl::InvalidArgumentError(fmt::format("'{}' holds '{}', which is no number", path, text));
}

absl::Status WriteNumber(const std::string& path, uint64_t number) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.get() < 0) return SystemError("open", path);
  return WriteAll(file.get(), path, fmt::format("{}\n", number));
}

class UioDevice final : public Device {
 public:
  // Takes the descriptors over; negative ones are errors.
  UioDevice(const UioOptions& options, int uio, int interrupt)
      : options_(options), uio_(uio), own_interrupt_(interrupt), interrupt_(interrupt < 0 ? uio : interrupt) {}

  absl::Status Open();

  std::string name() const override { return options_.uio; }
  uint32_t Read32(uint32_t offset) const override { return device::Read32(registers_, offset); }
  void Write32(uint32_t offset, uint32_t value) override { device::Write32(registers_, offset, value); }
  DmaBuffer buffer() override { return {memory_.bytes(), address_}; }
  absl::Status SyncForDevice(size_t begin, size_t bytes) override {
    return Sync("sync_for_device", kToDevice, begin, bytes);
  }
  absl::Status SyncForHost(size_t begin, size_t bytes) override {
    return Sync("sync_for_cpu", kFromDevice, begin, bytes);
  }
  absl::Status ArmInterrupt() override;
  absl::StatusOr<bool> WaitForInterrupt(absl::Duration patience) override;

 private:
  std::string Dev(const std::string& file) const { return options_.dev_root + "/" + file; }
  std::string OfBuffer(const char* file) const {
    return fmt::format("{}/class/u-dma-buf/{}/{}", options_.sys_root, options_.buffer, file);
  }
  absl::Status OpenRegisters();
  absl::Status OpenBuffer();
  absl::Status Sync(const char* file, int direction, size_t begin, size_t bytes);
  absl::Status Gone() const {
    return absl::UnavailableError(fmt::format("device {}: its interrupt cannot be read", name()));
  }

  const UioOptions options_;
  const Descriptor uio_, own_interrupt_;
  const int interrupt_;  // one of them
  Mapping registers_, memory_;
  uint64_t address_ = 0;
  bool coherent_ = false;
};

absl::Status UioDevice::Open() {
  if (uio_.get() < 0) return SystemError("open", Dev(options_.uio));
  if (interrupt_ < 0) return SystemError("open", Dev(options_.interrupt));
  if (::flock(uio_.get(), LOCK_EX | LOCK_NB) != 0) {
    return absl::UnavailableError(fmt::format("'{}' is in use by another process", Dev(options_.uio)));
  }
  COLONNADE_RETURN_IF_ERROR(OpenRegisters());
  return OpenBuffer();
}

absl::Status UioDevice::OpenRegisters() {
  const std::string map = fmt::format("{}/class/uio/{}/maps/map0/size", options_.sys_root, options_.uio);
  COLONNADE_ASSIGN_OR_RETURN(const uint64_t size, ReadNumber(map));
  if (size < kEndOfRegisters || size > 1 << 20) {
    return absl::FailedPreconditionError(
        fmt::format("'{}' says {} bytes; a Colonnade device has {} or more", map, size, kEndOfRegisters));
  }
  COLONNADE_ASSIGN_OR_RETURN(registers_, Mapping::Of(uio_.get(), size, Dev(options_.uio)));
  return absl::OkStatus();
}

absl::Status UioDevice::OpenBuffer() {
  const std::string path = Dev(options_.buffer);
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (file.get() < 0) return SystemError("open", path);
  COLONNADE_ASSIGN_OR_RETURN(const uint64_t size, ReadNumber(OfBuffer("size")));
  COLONNADE_ASSIGN_OR_RETURN(address_, ReadNumber(OfBuffer("phys_addr")));
  COLONNADE_ASSIGN_OR_RETURN(const uint64_t coherent, ReadNumber(OfBuffer("dma_coherent")));
  coherent_ = coherent != 0;
  COLONNADE_ASSIGN_OR_RETURN(memory_, Mapping::Of(file.get(), size, path));
  return absl::OkStatus();
}

absl::Status UioDevice::Sync(const char* file, int direction, size_t begin, size_t bytes) {
  if (coherent_) return absl::OkStatus();
  COLONNADE_RETURN_IF_ERROR(WriteNumber(OfBuffer("sync_offset"), begin));
  COLONNADE_RETURN_IF_ERROR(WriteNumber(OfBuffer("sync_size"), bytes));
  COLONNADE_RETURN_IF_ERROR(WriteNumber(OfBuffer("sync_direction"), uint64_t(direction)));
  return WriteNumber(OfBuffer(file), 1);
}

absl::Status UioDevice::ArmInterrupt() {
  for (;;) {
    COLONNADE_ASSIGN_OR_RETURN(const bool came, WaitForInterrupt(absl::ZeroDuration()));
    if (!came) break;
  }
  const uint32_t enable = 1;
  return ::write(interrupt_, &enable, sizeof enable) == sizeof enable ? absl::OkStatus() : Gone();
}

absl::StatusOr<bool> UioDevice::WaitForInterrupt(absl::Duration patience) {
  pollfd waiting{interrupt_, POLLIN, 0};
  const int64_t milliseconds = absl::ToInt64Milliseconds(absl::Ceil(patience, absl::Milliseconds(1)));
  const int ready = ::poll(&waiting, 1, int(std::clamp<int64_t>(milliseconds, 0, 1 << 30)));
  if (ready == 0 || (ready < 0 && errno == EINTR)) return false;
  uint32_t count = 0;  // of all interrupts so far: completion indices say more
  if (ready < 0 || ::read(interrupt_, &count, sizeof count) <= 0) return Gone();
  return true;
}

}  // namespace

UioOptions BoardFolder(const std::string& folder) {
  return {folder + "/sys", folder + "/dev", "uio0", "udmabuf0", "uio0-interrupt"};
}

absl::StatusOr<UioOptions> ParseDevice(std::string_view text) {
  if (text.starts_with("board:") && text.size() > 6) return BoardFolder(std::string(text.substr(6)));
  const size_t colon = text.rfind(':');
  if (text.starts_with("uio:") && colon > 4 && colon + 1 < text.size() && text.find('/') == text.npos) {
    UioOptions options;
    options.uio = text.substr(4, colon - 4);
    options.buffer = text.substr(colon + 1);
    return options;
  }
  return absl::InvalidArgumentError(fmt::format("'{}' is neither uio:UIO:BUFFER nor board:FOLDER", text));
}

absl::StatusOr<std::unique_ptr<Device>> OpenUio(const UioOptions& options) {
  const auto open = [&](const std::string& file) {
    return ::open((options.dev_root + "/" + file).c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY);
  };
  const int uio = open(options.uio);
  const int interrupt = options.interrupt.empty() ? -1 : open(options.interrupt);
  if (!options.interrupt.empty() && interrupt < 0) {
    const Descriptor closed(uio);
    return SystemError("open", options.dev_root + "/" + options.interrupt);
  }
  auto device = std::make_unique<UioDevice>(options, uio, interrupt);
  COLONNADE_RETURN_IF_ERROR(device->Open());
  return device;
}

}  // namespace colonnade::device
