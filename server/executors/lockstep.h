// SPDX-License-Identifier: Apache-2.0
// Two executors of one program, compared step by step.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "server/executors/array_executor.h"

namespace colonnade::executors {

// The first place where two executors differ: in program order, then channel (the
// filter, for matrix steps), row and column of the step's output.
struct Divergence {
  int step = 0;
  std::string step_name;
  int channel = 0, y = 0, x = 0;
  int32_t expected = 0, actual = 0;  // bytes; accumulators for a logits step

  friend bool operator==(const Divergence&, const Divergence&) = default;
};

// "step 3 'layer1.conv2', channel 5, pixel (2, 7): 17, expected 18"
std::string ToString(const Divergence& divergence);

// Nothing when every tensor of the image and the result agree. REQUIRES: both run
// programs with the same tensors.
absl::StatusOr<std::optional<Divergence>> FirstDivergence(const ArrayExecutor& expected,
                                                          const ArrayExecutor& actual,
                                                          std::span<const uint8_t> image);

// The reference against the kernels on one program.
absl::StatusOr<std::optional<Divergence>> FirstDivergence(std::shared_ptr<const array::ArrayProgram> program,
                                                          std::span<const uint8_t> image);

}  // namespace colonnade::executors
