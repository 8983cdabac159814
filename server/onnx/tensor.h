// SPDX-License-Identifier: Apache-2.0
// Constant tensors: checking and decoding stored ones, and the plain form in
// which they are folded.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/onnx/onnx_proto.h"

namespace colonnade::onnx {

// Stands for the unknown batch size in integer constants that were computed from
// the shape of an activation. It may be moved around, but not calculated with.
inline constexpr int64_t kBatchSize = std::numeric_limits<int64_t>::min() + 1;

// Row-major values: float and double as float, every integer type and bool as
// int64. A scalar has no dims and one value.
struct Constant {
  std::vector<int64_t> dims;
  std::variant<std::vector<float>, std::vector<int64_t>> values;

  const std::vector<float>* floats() const { return std::get_if<std::vector<float>>(&values); }
  const std::vector<int64_t>* ints() const { return std::get_if<std::vector<int64_t>>(&values); }
  int64_t size() const;
};

using ConstantPtr = std::shared_ptr<const Constant>;

// Product of the dims, or INVALID_ARGUMENT when one is negative, there are more
// than kMaxRank, or the product exceeds `limit`. `place` starts the message.
absl::StatusOr<int64_t> CheckedSize(std::span<const int64_t> dims, int64_t limit, std::string_view place);

// Data inside the file (never external), of a supported type, in exactly one
// field, as many values as the dims say, and no NaN or infinity.
absl::Status ValidateTensor(const TensorProto& tensor, int64_t max_values, std::string_view place);

// REQUIRES: ValidateTensor() passed.
Constant Decode(const TensorProto& tensor);

}  // namespace colonnade::onnx
