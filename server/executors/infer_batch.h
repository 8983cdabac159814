// SPDX-License-Identifier: Apache-2.0
// Many images through one executor.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "server/executors/array_executor.h"

namespace colonnade::executors {

// `images`: whole images of tensor 0, one after the other. Returns their results one
// after the other. Works on `threads` threads, this one among them; 0 means one per
// processor. INVALID_ARGUMENT when `images` is no whole number of images; else an
// error of an image, which it names.
absl::StatusOr<std::vector<int32_t>> InferBatch(const ArrayExecutor& executor,
                                                std::span<const uint8_t> images, int threads);

}  // namespace colonnade::executors
