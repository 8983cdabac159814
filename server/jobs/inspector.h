// SPDX-License-Identifier: Apache-2.0
// Examines a model file in a process of its own, colonnade-inspect.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "colonnade/v1/models.pb.h"

namespace colonnade::jobs {

// Thread-safe.
class Inspector {
 public:
  // `program`: path of colonnade-inspect.
  explicit Inspector(std::string program) : program_(std::move(program)) {}

  // Examines the file at `path`. `report` is filled as far as the examination got, also
  // when the model is refused: INVALID_ARGUMENT for a malformed file, UNIMPLEMENTED for
  // an operation that is not supported, RESOURCE_EXHAUSTED for one that needs more time
  // or memory than allowed, INTERNAL when the program died, all with reason
  // "MODEL_REFUSED"; INTERNAL without it when the program cannot be started.
  absl::Status Examine(const std::string& path, v1::ModelReport& report) const;

 private:
  const std::string program_;
};

}  // namespace colonnade::jobs
