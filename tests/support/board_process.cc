// SPDX-License-Identifier: Apache-2.0
#include "tests/support/board_process.h"

#include <cstdlib>
#include <filesystem>

#include "absl/time/clock.h"
#include "server/device/registers.h"
#include "server/device/uio_device.h"

namespace colonnade {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

// The interrupt's file is the last to be made, and then the registers get their values.
bool ComesUp(const device::UioOptions& files) {
  const absl::Time deadline = absl::Now() + kPatience;
  const std::filesystem::path registers = files.dev_root + "/" + files.uio;
  const std::filesystem::path interrupt = files.dev_root + "/" + files.interrupt;
  while (absl::Now() < deadline) {
    if (std::filesystem::is_symlink(interrupt) && FileBytes(registers).at(device::kVersion + 2) != 0) return true;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return false;
}

}  // namespace

FolderBoard::FolderBoard(const std::string& program, std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--folder", folder()});
  process_ = HelperProcess::Start(program, arguments).value();
  if (!ComesUp(device::BoardFolder(folder()))) std::abort();
}

absl::StatusOr<std::unique_ptr<device::Device>> FolderBoard::Open() const {
  return device::OpenUio(device::BoardFolder(folder()));
}

}  // namespace colonnade
