// SPDX-License-Identifier: Apache-2.0
#include "server/device/private_board.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/base/file_io.h"
#include "server/base/helper_process.h"
#include "server/base/status.h"
#include "server/device/mapping.h"
#include "server/device/registers.h"

namespace colonnade::device {
namespace {

// An anonymous file in memory.
absl::StatusOr<int> SharedMemory(const char* name, size_t bytes) {
  const int file = ::memfd_create(name, MFD_CLOEXEC);
  if (file >= 0 && ::ftruncate(file, off_t(bytes)) == 0) return file;
  const absl::Status error = SystemError("make", name);
  const Descriptor closed(file);
  return error;
}

class PrivateBoard final : public Device {
 public:
  explicit PrivateBoard(const PrivateBoardOptions& options) : options_(options) {}

  absl::Status Start();

  std::string name() const override { return "colonnade-board"; }
  uint32_t Read32(uint32_t offset) const override { return device::Read32(registers_, offset); }
  void Write32(uint32_t offset, uint32_t value) override { device::Write32(registers_, offset, value); }
  DmaBuffer buffer() override { return {memory_.bytes(), kBoardBufferAddress}; }
  absl::Status SyncForDevice(size_t, size_t) override { return absl::OkStatus(); }
  absl::Status SyncForHost(size_t, size_t) override { return absl::OkStatus(); }
  absl::Status ArmInterrupt() override;
  absl::StatusOr<bool> WaitForInterrupt(absl::Duration patience) override;

 private:
  absl::Status AwaitReady();

  const PrivateBoardOptions options_;
  Mapping registers_, memory_;
  std::unique_ptr<HelperProcess> process_;
};

absl::Status PrivateBoard::Start() {
  COLONNADE_ASSIGN_OR_RETURN(const int page, SharedMemory("colonnade-registers", kRegisterPageBytes));
  const Descriptor page_file(page);
  COLONNADE_ASSIGN_OR_RETURN(const int buffer, SharedMemory("colonnade-buffer", options_.buffer_bytes));
  const Descriptor buffer_file(buffer);
  COLONNADE_ASSIGN_OR_RETURN(registers_, Mapping::Of(page, kRegisterPageBytes, "registers"));
  COLONNADE_ASSIGN_OR_RETURN(memory_, Mapping::Of(buffer, options_.buffer_bytes, "buffer"));
  COLONNADE_ASSIGN_OR_RETURN(process_, HelperProcess::Start(options_.program, options_.arguments, {page, buffer}));
  return AwaitReady();
}

absl::Status PrivateBoard::AwaitReady() {
  const absl::StatusOr<std::string> word = process_->Receive(options_.patience);
  if (!word.ok()) {
    process_->Kill();
    return absl::UnavailableError(fmt::format("'{}' did not start: {}; {}", options_.program, Message(word.status()),
                                              process_->WaitForEnd(absl::Seconds(1))));
  }
  return *word == kBoardIsReady ? absl::OkStatus() : absl::FailedPreconditionError(*word);
}

absl::Status PrivateBoard::ArmInterrupt() {
  for (;;) {
    COLONNADE_ASSIGN_OR_RETURN(const bool came, WaitForInterrupt(absl::ZeroDuration()));
    if (!came) return absl::OkStatus();
  }
}

absl::StatusOr<bool> PrivateBoard::WaitForInterrupt(absl::Duration patience) {
  const absl::StatusOr<std::string> word = process_->Receive(patience);
  if (word.ok()) return true;
  if (absl::IsDeadlineExceeded(word.status())) return false;
  return absl::UnavailableError(fmt::format("the board process is gone: {}", process_->WaitForEnd(absl::Seconds(1))));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Device>> StartPrivateBoard(const PrivateBoardOptions& options) {
  auto board = std::make_unique<PrivateBoard>(options);
  COLONNADE_RETURN_IF_ERROR(board->Start());
  return board;
}

}  // namespace colonnade::device
