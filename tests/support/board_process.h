// SPDX-License-Identifier: Apache-2.0
// Boards for tests of the driver, by either transport.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/base/helper_process.h"
#include "server/device/device.h"
#include "tests/support/scratch_folder.h"

namespace colonnade {

// A board process and its files, as of a device under Linux, in a folder of its own.
class FolderBoard {
 public:
  // Aborts the test program when the board does not come up.
  FolderBoard(const std::string& program, std::vector<std::string> arguments);

  std::string folder() const { return folder_.path().string(); }
  absl::StatusOr<std::unique_ptr<device::Device>> Open() const;
  void Kill() { process_->Kill(); }

 private:
  const ScratchFolder folder_;
  std::unique_ptr<HelperProcess> process_;
};

}  // namespace colonnade
