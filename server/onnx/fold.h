// SPDX-License-Identifier: Apache-2.0
// Constant folding: nodes whose inputs are all constants are computed here, as
// exporters write them around Reshape, Slice and Pad. Sizes are computed and
// charged to a budget before anything is allocated.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/onnx/node_view.h"

namespace colonnade::onnx {

class FoldBudget {
 public:
  // kFoldingBudget values, and twice the weights for rearranging them.
  explicit FoldBudget(int64_t initializer_values);

  // Size of a result of `dims`; it may exceed kMaxFoldedValues only when it is no
  // larger than `source`, the values it is made of. INVALID_ARGUMENT for impossible
  // dims, RESOURCE_EXHAUSTED above a limit.
  absl::StatusOr<int64_t> Charge(const NodeView& node, const std::vector<int64_t>& dims, int64_t source = 0);

 private:
  int64_t left_;
};

using FoldFunction = absl::StatusOr<ConstantPtr> (*)(NodeView&, FoldBudget&);

// The function for an operator, or null when it is never folded.
FoldFunction FindFold(std::string_view op_type);

// Folding by kind; FindFold() is the table over them.
absl::StatusOr<ConstantPtr> FoldConstant(NodeView& node, FoldBudget& budget);
absl::StatusOr<ConstantPtr> FoldIdentity(NodeView& node, FoldBudget& budget);
absl::StatusOr<ConstantPtr> FoldCast(NodeView& node, FoldBudget& budget);
absl::StatusOr<ConstantPtr> FoldArithmetic(NodeView& node, FoldBudget& budget);
absl::StatusOr<ConstantPtr> FoldConstantOfShape(NodeView& node, FoldBudget& budget);
absl::StatusOr<ConstantPtr> FoldRange(NodeView& node, FoldBudget& budget);
absl::StatusOr<ConstantPtr> FoldShape(NodeView& node, FoldBudget& budget);
absl::StatusOr<ConstantPtr> FoldGather(NodeView& node, FoldBudget& budget);
absl::StatusOr<ConstantPtr> FoldUnsqueeze(NodeView& node, FoldBudget& budget);
absl::StatusOr<ConstantPtr> FoldSqueeze(NodeView& node, FoldBudget& budget);
absl::StatusOr<ConstantPtr> FoldConcat(NodeView& node, FoldBudget& budget);
absl::StatusOr<ConstantPtr> FoldSlice(NodeView& node, FoldBudget& budget);
absl::StatusOr<ConstantPtr> FoldTranspose(NodeView& node, FoldBudget& budget);
absl::StatusOr<ConstantPtr> FoldReshape(NodeView& node, FoldBudget& budget);

// A Shape node's start and end attributes (opset 15) applied to `dims`.
absl::StatusOr<ConstantPtr> ShapeConstant(NodeView& node, std::vector<int64_t> dims);

// Slice parameters of one axis, normalized to `count` positions from `start`.
struct SliceRange {
  int axis = 0;
  int64_t start = 0, step = 1, count = 0;
};

// The ranges that a Slice node lists, on a tensor of `dims`.
absl::StatusOr<std::vector<SliceRange>> ReadSlice(NodeView& node, const std::vector<int64_t>& dims);

}  // namespace colonnade::onnx
