// SPDX-License-Identifier: Apache-2.0
// Does a request fit a model? Pure checks, with the messages clients see.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/serving/model.h"

namespace colonnade::serving {

inline constexpr int kMaxBatch = 1024;  // images in one request

// A tensor as it came in. `bytes` are its values, row-major, little-endian, and
// belong to the caller.
struct TensorView {
  std::string name;
  std::string datatype;
  std::vector<int64_t> shape;  // batch first
  std::string_view bytes;
};

// "[-1,3,32,32]" and the like.
std::string ShapeText(const std::vector<int64_t>& shape);

// Batch (-1), channels, height, width.
std::vector<int64_t> InputShape(const ModelInfo& info);
// Batch (-1), classes.
std::vector<int64_t> OutputShape(const ModelInfo& info);

// Exactly one input of the model's name, datatype and shape, with 1 to kMaxBatch
// images and as many bytes as the shape says. Returns the number of images.
// INVALID_ARGUMENT names input, model, what was expected and what came.
absl::StatusOr<int> CheckInputs(const ModelInfo& info, const std::vector<TensorView>& inputs);

// No outputs (meaning all) or the model's one, by name.
absl::Status CheckOutputs(const ModelInfo& info, const std::vector<std::string>& outputs);

// Empty means the default. INVALID_ARGUMENT names the executors there are.
absl::StatusOr<std::string> ChooseExecutor(const Model& model, const std::string& asked);

}  // namespace colonnade::serving
