// SPDX-License-Identifier: Apache-2.0
// The executors of devices on Verilated boards, and how their answers are compared.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/base/metrics.h"
#include "server/executors/array_executor.h"
#include "server/executors/device_executor.h"
#include "tests/support/board_process.h"

namespace colonnade::executors {

// Both executors of devices, on boards of this array.
class Boards {
 public:
  explicit Boards(const std::string& array) : folder_(COLONNADE_BOARD, {"--array", array}) {
    devices_.rtl = std::make_shared<SharedDevice>("rtl", BoardOpener(COLONNADE_BOARD), metrics_);
    devices_.fpga =
        std::make_shared<SharedDevice>("fpga", UioOpener(device::BoardFolder(folder_.folder())), metrics_);
  }
  const Devices& devices() const { return devices_; }

 private:
  NoMetrics metrics_;
  const FolderBoard folder_;
  Devices devices_;
};

// Of the results of both from the kernels', or the first error; empty when there is none.
inline std::string FirstDifference(const std::shared_ptr<const array::ArrayProgram>& program, const Devices& devices,
                            const std::vector<std::vector<uint8_t>>& images) {
  Workspace workspace;
  const auto kernels = MakeExecutor("kernels", program).value();
  for (const char* name : {"rtl", "fpga"}) {
    const auto executor = MakeExecutor(name, program, devices);
    if (!executor.ok()) return executor.status().ToString();
    for (size_t i = 0; i < images.size(); ++i) {
      const auto result = (*executor)->Run(images[i], workspace);
      if (!result.ok()) return result.status().ToString();
      if (*result != *kernels->Run(images[i], workspace)) return name + (" differs at image " + std::to_string(i));
    }
  }
  return "";
}

}  // namespace colonnade::executors
