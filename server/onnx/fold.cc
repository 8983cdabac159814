// SPDX-License-Identifier: Apache-2.0
#include "server/onnx/fold.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "server/base/status.h"
#include "server/onnx/limits.h"

namespace colonnade::onnx {
namespace {

constexpr std::pair<std::string_view, FoldFunction> kFolds[] = {
    {"Add", FoldArithmetic},      {"Cast", FoldCast},           {"Concat", FoldConcat},
    {"Constant", FoldConstant},   {"Div", FoldArithmetic},      {"ConstantOfShape", FoldConstantOfShape},
    {"Gather", FoldGather},       {"Identity", FoldIdentity},   {"Mul", FoldArithmetic},
    {"Range", FoldRange},         {"Reshape", FoldReshape},     {"Shape", FoldShape},
    {"Slice", FoldSlice},         {"Squeeze", FoldSqueeze},     {"Sub", FoldArithmetic},
    {"Transpose", FoldTranspose}, {"Unsqueeze", FoldUnsqueeze},
};

}  // namespace

FoldBudget::FoldBudget(int64_t initializer_values) : left_(kFoldingBudget + 2 * initializer_values) {}

absl::StatusOr<int64_t> FoldBudget::Charge(const NodeView& node, const std::vector<int64_t>& dims,
                                           int64_t source) {
  COLONNADE_ASSIGN_OR_RETURN(const int64_t size,
                             CheckedSize(dims, std::max(source, kMaxFoldedValues), node.place()));
  left_ -= size;
  if (left_ >= 0) return size;
  return absl::ResourceExhaustedError("the model's constant subgraphs compute too many values");
}

FoldFunction FindFold(std::string_view op_type) {
  for (const auto& [name, fold] : kFolds) {
    if (name == op_type) return fold;
  }
  return nullptr;
}

}  // namespace colonnade::onnx
