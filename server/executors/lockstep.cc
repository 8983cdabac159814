// SPDX-License-Identifier: Apache-2.0
#include "server/executors/lockstep.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/base/status.h"
#include "server/executors/kernels.h"
#include "server/executors/reference.h"

namespace colonnade::executors {
namespace {

template <typename T>
std::optional<Divergence> Compare(const array::ArrayProgram& program, int step,
                                  const std::vector<T>& expected, const std::vector<T>& actual) {
  const auto [e, a] = std::mismatch(expected.begin(), expected.end(), actual.begin(), actual.end());
  if (e == expected.end() || a == actual.end()) return std::nullopt;
  const nn::Shape& shape = program.tensors[step + 1].shape;
  const auto index = static_cast<int>(e - expected.begin());
  const int pixel = index % (shape.height * shape.width);
  return Divergence{step,
                    program.steps[step].name,
                    index / (shape.height * shape.width),
                    pixel / shape.width,
                    pixel % shape.width,
                    *e,
                    *a};
}

}  // namespace

std::string ToString(const Divergence& d) {
  return fmt::format("step {} '{}', channel {}, pixel ({}, {}): {}, expected {}", d.step, d.step_name,
                     d.channel, d.y, d.x, d.actual, d.expected);
}

absl::StatusOr<std::optional<Divergence>> FirstDivergence(const ArrayExecutor& expected,
                                                          const ArrayExecutor& actual,
                                                          std::span<const uint8_t> image) {
  Workspace left, right;
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<int32_t> wanted, expected.Run(image, left));
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<int32_t> found, actual.Run(image, right));
  const array::ArrayProgram& program = expected.program();
  const auto steps = static_cast<int>(program.steps.size());
  for (int step = 0; step < steps; ++step) {
    auto divergence = Compare(program, step, expected.BytesOf(step + 1, left), actual.BytesOf(step + 1, right));
    if (divergence) return divergence;
  }
  return Compare(program, steps - 1, wanted, found);
}

absl::StatusOr<std::optional<Divergence>> FirstDivergence(std::shared_ptr<const array::ArrayProgram> program,
                                                          std::span<const uint8_t> image) {
  return FirstDivergence(ReferenceExecutor(program), KernelsExecutor(program), image);
}

}  // namespace colonnade::executors
