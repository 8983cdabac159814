// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "server/base/status.h"
#include "server/onnx/fold.h"
#include "server/onnx/limits.h"

namespace colonnade::onnx {
namespace {

ConstantPtr Make(std::vector<int64_t> dims, std::variant<std::vector<float>, std::vector<int64_t>> values) {
  return std::make_shared<const Constant>(Constant{std::move(dims), std::move(values)});
}

absl::Status Overflow(const NodeView& node) {
  return InvalidField(fmt::format("{}.output", node.place()),
                      "a constant is divided by zero or leaves its range");
}

bool Apply(std::string_view op, int64_t a, int64_t b, int64_t& result) {
  if (op == "Add") return !__builtin_add_overflow(a, b, &result);
  if (op == "Sub") return !__builtin_sub_overflow(a, b, &result);
  if (op == "Mul") return !__builtin_mul_overflow(a, b, &result);
  if (b == 0 || (b == -1 && a == std::numeric_limits<int64_t>::min())) return false;
  result = a / b;
  return true;
}

bool Apply(std::string_view op, float a, float b, float& result) {
  result = op == "Add" ? a + b : op == "Sub" ? a - b : op == "Mul" ? a * b : a / b;
  return std::isfinite(result);
}

bool IsBatch(float) { return false; }
bool IsBatch(int64_t value) { return value == kBatchSize; }

// Element by element; a single value is spread over the other operand.
template <typename T>
absl::StatusOr<std::vector<T>> Combine(const NodeView& node, const std::vector<T>& a, const std::vector<T>& b,
                                       int64_t size) {
  std::vector<T> result(size);
  for (int64_t i = 0; i < size; ++i) {
    const T left = a[a.size() == 1 ? 0 : i], right = b[b.size() == 1 ? 0 : i];
    if (IsBatch(left) || IsBatch(right)) {
      return Refuse("calculates with the batch size",
                    "export with a fixed batch size or without this calculation");
    }
    if (!Apply(node.op_type(), left, right, result[i])) return Overflow(node);
  }
  return result;
}

absl::StatusOr<ConstantPtr> TensorValue(NodeView& node, const AttributeProto& value) {
  if (value.type() == AttributeProto::TENSOR) return std::make_shared<const Constant>(Decode(value.t()));
  return InvalidField(fmt::format("{}.value", node.place()), "must be a tensor");
}

}  // namespace

absl::StatusOr<ConstantPtr> FoldConstant(NodeView& node, FoldBudget& budget) {
  Attributes& attributes = node.attributes;
  ConstantPtr result;
  if (const AttributeProto* value = attributes.Take("value")) {
    COLONNADE_ASSIGN_OR_RETURN(result, TensorValue(node, *value));
  } else if (const AttributeProto* value = attributes.Take("value_float")) {
    result = Make({}, std::vector<float>{value->f()});
  } else if (const AttributeProto* value = attributes.Take("value_floats")) {
    result = Make({value->floats_size()}, std::vector<float>(value->floats().begin(), value->floats().end()));
  } else if (const AttributeProto* value = attributes.Take("value_int")) {
    result = Make({}, std::vector<int64_t>{value->i()});
  } else if (const AttributeProto* value = attributes.Take("value_ints")) {
    result = Make({value->ints_size()}, std::vector<int64_t>(value->ints().begin(), value->ints().end()));
  } else {
    return InvalidField(fmt::format("{}.value", node.place()), "is missing");
  }
  COLONNADE_RETURN_IF_ERROR(budget.Charge(node, result->dims).status());
  return result;
}

absl::StatusOr<ConstantPtr> FoldIdentity(NodeView& node, FoldBudget&) { return node.ConstantAt(0); }

absl::StatusOr<ConstantPtr> FoldCast(NodeView& node, FoldBudget& budget) {
  COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr in, node.ConstantAt(0));
  COLONNADE_ASSIGN_OR_RETURN(const int64_t to, node.attributes.Int("to", 0, 1, 16));
  COLONNADE_ASSIGN_OR_RETURN(const int64_t size, budget.Charge(node, in->dims, in->size()));
  const bool to_float = to == TensorProto::FLOAT || to == TensorProto::DOUBLE;
  if (!to_float && to != TensorProto::INT64 && to != TensorProto::INT32) {
    return Refuse(fmt::format("casts a constant to type {}", to), "use float32, int32 or int64");
  }
  if (to_float == (in->floats() != nullptr)) return in;
  if (to_float) {
    std::vector<float> values;
    values.reserve(size);
    for (const int64_t value : *in->ints()) {
      if (value == kBatchSize)
        return Refuse("calculates with the batch size", "export with a fixed batch size");
      values.push_back(float(value));
    }
    return Make(in->dims, std::move(values));
  }
  std::vector<int64_t> values;
  values.reserve(size);
  for (const float value : *in->floats()) {
    if (!(std::abs(value) < 9.2e18f)) return Overflow(node);
    values.push_back(int64_t(value));
  }
  return Make(in->dims, std::move(values));
}

absl::StatusOr<ConstantPtr> FoldArithmetic(NodeView& node, FoldBudget& budget) {
  COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr a, node.ConstantAt(0));
  COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr b, node.ConstantAt(1));
  if (a->dims != b->dims && a->size() != 1 && b->size() != 1) {
    return Refuse("combines two constants of different shapes", "compute this constant before the export");
  }
  if ((a->floats() == nullptr) != (b->floats() == nullptr)) {
    return InvalidField(fmt::format("{}.input", node.place()), "mixes floats and integers");
  }
  const bool spread_a = a->size() == 1 && (b->size() != 1 || b->dims.size() > a->dims.size());
  const std::vector<int64_t>& dims = spread_a ? b->dims : a->dims;
  COLONNADE_ASSIGN_OR_RETURN(const int64_t size, budget.Charge(node, dims, std::max(a->size(), b->size())));
  if (a->floats()) {
    COLONNADE_ASSIGN_OR_RETURN(std::vector<float> values, Combine(node, *a->floats(), *b->floats(), size));
    return Make(dims, std::move(values));
  }
  COLONNADE_ASSIGN_OR_RETURN(std::vector<int64_t> values, Combine(node, *a->ints(), *b->ints(), size));
  return Make(dims, std::move(values));
}

absl::StatusOr<ConstantPtr> FoldConstantOfShape(NodeView& node, FoldBudget& budget) {
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<int64_t>* dims, node.IntsAt(0));
  COLONNADE_ASSIGN_OR_RETURN(const int64_t size, budget.Charge(node, *dims));
  const AttributeProto* attribute = node.attributes.Take("value");
  if (attribute == nullptr) return Make(*dims, std::vector<float>(size, 0.0f));
  COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr value, TensorValue(node, *attribute));
  if (value->size() != 1) {
    return InvalidField(fmt::format("{}.value", node.place()),
                        fmt::format("holds {} values; must hold one", value->size()));
  }
  if (value->floats()) return Make(*dims, std::vector<float>(size, value->floats()->front()));
  return Make(*dims, std::vector<int64_t>(size, value->ints()->front()));
}

absl::StatusOr<ConstantPtr> FoldRange(NodeView& node, FoldBudget& budget) {
  int64_t bounds[3];
  for (int i = 0; i < 3; ++i) {
    COLONNADE_ASSIGN_OR_RETURN(const std::vector<int64_t>* values, node.IntsAt(i));
    if (values->size() != 1 || std::abs(double(values->front())) > 1e15) {
      return InvalidField(fmt::format("{}.input[{}]", node.place(), i), "must be one integer within +-10^15");
    }
    bounds[i] = values->front();
  }
  const auto [start, limit, delta] = bounds;
  if (delta == 0) return InvalidField(fmt::format("{}.input[2]", node.place()), "the step is 0");
  const int64_t span = delta > 0 ? limit - start : start - limit, step = std::abs(delta);
  const int64_t count = span > 0 ? (span + step - 1) / step : 0;
  COLONNADE_RETURN_IF_ERROR(budget.Charge(node, {count}).status());
  std::vector<int64_t> values(count);
  for (int64_t i = 0; i < count; ++i) values[i] = start + i * delta;
  return Make({count}, std::move(values));
}

}  // namespace colonnade::onnx
