// SPDX-License-Identifier: Apache-2.0
// Converts artifact files to ONNX in a process of its own, colonnade-inspect: the daemon
// is linked with no ONNX.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace colonnade::jobs {

// Thread-safe.
class Converter {
 public:
  // `program`: path of colonnade-inspect.
  explicit Converter(std::string program) : program_(std::move(program)) {}

  // Writes the network of the artifact file as ONNX to `onnx_path`, where something may lie
  // afterwards whatever the outcome. NOT_FOUND when there is no artifact file,
  // FAILED_PRECONDITION when ONNX cannot express the network, RESOURCE_EXHAUSTED when that
  // takes more time or memory than allowed, INTERNAL when the program died or cannot be
  // started.
  absl::Status ToOnnx(const std::string& artifact_path, const std::string& onnx_path) const;

 private:
  const std::string program_;
};

}  // namespace colonnade::jobs
