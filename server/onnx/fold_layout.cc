// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "server/base/status.h"
#include "server/onnx/fold.h"
#include "server/onnx/limits.h"

namespace colonnade::onnx {
namespace {

// Row-major strides of `dims`.
std::vector<int64_t> StridesOf(const std::vector<int64_t>& dims) {
  std::vector<int64_t> strides(dims.size(), 1);
  for (int axis = int(dims.size()) - 2; axis >= 0; --axis) strides[axis] = strides[axis + 1] * dims[axis + 1];
  return strides;
}

// Row-major copy of the `size` values at offset + sum of coordinate x stride.
ConstantPtr CopyStrided(const Constant& in, std::vector<int64_t> dims, const std::vector<int64_t>& strides,
                        int64_t offset, int64_t size) {
  auto out = std::make_shared<Constant>(Constant{std::move(dims), {}});
  std::visit(
      [&](const auto& source) {
        std::decay_t<decltype(source)> values(size);
        std::vector<int64_t> at(out->dims.size(), 0);
        int64_t position = offset;
        for (int64_t i = 0; i < size; ++i) {
          values[i] = source[position];
          for (int axis = int(at.size()) - 1; axis >= 0; --axis) {
            position += strides[axis];
            if (++at[axis] < out->dims[axis]) break;
            position -= strides[axis] * out->dims[axis];
            at[axis] = 0;
          }
        }
        out->values = std::move(values);
      },
      in.values);
  return out;
}

absl::StatusOr<ConstantPtr> WithDims(const NodeView& node, const Constant& in, std::vector<int64_t> dims,
                                     FoldBudget& budget) {
  COLONNADE_RETURN_IF_ERROR(budget.Charge(node, dims, in.size()).status());
  return std::make_shared<const Constant>(Constant{std::move(dims), in.values});
}

int64_t Product(std::span<const int64_t> dims) {
  return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
}

SliceRange Normalize(int axis, int64_t dim, int64_t start, int64_t end, int64_t step) {
  const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? dim : dim - 1;
  start = std::clamp(start < 0 ? start + dim : start, std::max<int64_t>(low, 0), std::max<int64_t>(high, 0));
  end = std::clamp(end < 0 ? end + dim : end, low, high);
  const int64_t span = step > 0 ? end - start : start - end, stride = std::abs(step);
  return {axis, start, step, dim > 0 && span > 0 ? (span + stride - 1) / stride : 0};
}

absl::StatusOr<std::vector<int64_t>> ConcatDims(const NodeView& node, const std::vector<ConstantPtr>& parts,
                                                int axis) {
  std::vector<int64_t> dims = parts[0]->dims;
  for (size_t i = 1; i < parts.size(); ++i) {
    std::vector<int64_t> other = parts[i]->dims;
    const bool same_type = parts[i]->values.index() == parts[0]->values.index();
    if (!same_type || other.size() != dims.size()) {
      return InvalidField(fmt::format("{}.input[{}]", node.place(), i),
                          "differs from the first in type or rank");
    }
    dims[axis] += other[axis];
    other[axis] = dims[axis];
    if (other != dims) {
      return InvalidField(fmt::format("{}.input[{}]", node.place(), i),
                          "differs from the first beside the axis");
    }
  }
  return dims;
}

}  // namespace

absl::StatusOr<ConstantPtr> ShapeConstant(NodeView& node, std::vector<int64_t> dims) {
  constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
  COLONNADE_ASSIGN_OR_RETURN(const int64_t start, node.attributes.Int("start", 0, -kEnd, kEnd));
  COLONNADE_ASSIGN_OR_RETURN(const int64_t end, node.attributes.Int("end", kEnd, -kEnd, kEnd));
  const SliceRange range = Normalize(0, int64_t(dims.size()), start, end, 1);
  const auto first = dims.begin() + range.start;
  std::vector<int64_t> kept(first, first + range.count);
  return std::make_shared<const Constant>(Constant{{range.count}, std::move(kept)});
}

absl::StatusOr<ConstantPtr> FoldShape(NodeView& node, FoldBudget&) {
  COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr in, node.ConstantAt(0));
  return ShapeConstant(node, in->dims);
}

absl::StatusOr<ConstantPtr> FoldGather(NodeView& node, FoldBudget& budget) {
  COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr in, node.ConstantAt(0));
  COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr indices, node.ConstantAt(1));
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<int64_t>* positions, node.IntsAt(1));
  COLONNADE_ASSIGN_OR_RETURN(const int64_t attribute, node.attributes.Int("axis", 0, -kMaxRank, kMaxRank));
  COLONNADE_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(node, attribute, int(in->dims.size())));
  std::vector<int64_t> dims(in->dims.begin(), in->dims.begin() + axis);
  dims.insert(dims.end(), indices->dims.begin(), indices->dims.end());
  dims.insert(dims.end(), in->dims.begin() + axis + 1, in->dims.end());
  COLONNADE_RETURN_IF_ERROR(budget.Charge(node, dims).status());
  const int64_t extent = in->dims[axis], outer = Product(std::span(in->dims).first(axis)),
                inner = Product(std::span(in->dims).subspan(axis + 1));
  auto out = std::make_shared<Constant>(Constant{std::move(dims), {}});
  for (const int64_t index : *positions)
    COLONNADE_RETURN_IF_ERROR(NormalizeAxis(node, index, int(extent)).status());
  std::visit(
      [&](const auto& source) {
        std::decay_t<decltype(source)> values;
        for (int64_t o = 0; o < outer; ++o) {
          for (const int64_t index : *positions) {
            const auto first = source.begin() + (o * extent + (index < 0 ? index + extent : index)) * inner;
            values.insert(values.end(), first, first + inner);
          }
        }
        out->values = std::move(values);
      },
      in->values);
  return out;
}

absl::StatusOr<ConstantPtr> FoldUnsqueeze(NodeView& node, FoldBudget& budget) {
  COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr in, node.ConstantAt(0));
  COLONNADE_ASSIGN_OR_RETURN(const auto axes, node.AttributeOrInput("axes", 1, 13));
  if (!axes || in->dims.size() + axes->size() > size_t(kMaxRank)) {
    return InvalidField(fmt::format("{}.axes", node.place()), "is missing or lists too many axes");
  }
  COLONNADE_ASSIGN_OR_RETURN(const auto inserted, AxisSet(node, *axes, int(in->dims.size() + axes->size())));
  std::vector<int64_t> dims;
  size_t next = 0;
  for (const bool is_new : inserted) dims.push_back(is_new ? 1 : in->dims[next++]);
  return WithDims(node, *in, std::move(dims), budget);
}

absl::StatusOr<ConstantPtr> FoldSqueeze(NodeView& node, FoldBudget& budget) {
  COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr in, node.ConstantAt(0));
  COLONNADE_ASSIGN_OR_RETURN(const auto axes, node.AttributeOrInput("axes", 1, 13));
  COLONNADE_ASSIGN_OR_RETURN(const auto listed,
                             AxisSet(node, axes.value_or(std::vector<int64_t>{}), int(in->dims.size())));
  std::vector<int64_t> dims;
  for (size_t i = 0; i < in->dims.size(); ++i) {
    const bool removed = axes ? bool(listed[i]) : in->dims[i] == 1;
    if (!removed) dims.push_back(in->dims[i]);
    if (removed && in->dims[i] != 1) {
      return InvalidField(fmt::format("{}.axes", node.place()),
                          fmt::format("axis {} has {} values, not one", i, in->dims[i]));
    }
  }
  return WithDims(node, *in, std::move(dims), budget);
}

absl::StatusOr<ConstantPtr> FoldConcat(NodeView& node, FoldBudget& budget) {
  COLONNADE_RETURN_IF_ERROR(node.ConstantAt(0).status());
  std::vector<ConstantPtr> parts;
  for (int i = 0; i < node.input_count(); ++i) {
    COLONNADE_ASSIGN_OR_RETURN(ConstantPtr part, node.ConstantAt(i));
    parts.push_back(std::move(part));
  }
  COLONNADE_ASSIGN_OR_RETURN(const int64_t attribute, node.attributes.Int("axis", 0, -kMaxRank, kMaxRank));
  COLONNADE_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(node, attribute, int(parts[0]->dims.size())));
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<int64_t> dims, ConcatDims(node, parts, axis));
  COLONNADE_RETURN_IF_ERROR(budget.Charge(node, dims).status());
  const int64_t outer = Product(std::span(dims).first(axis));
  auto out = std::make_shared<Constant>(Constant{dims, parts[0]->values});
  std::visit(
      [&](auto& values) {
        using Vector = std::decay_t<decltype(values)>;
        values.clear();
        for (int64_t o = 0; o < outer; ++o) {
          for (const ConstantPtr& part : parts) {
            const auto& source = std::get<Vector>(part->values);
            const int64_t run = int64_t(source.size()) / outer;
            values.insert(values.end(), source.begin() + o * run, source.begin() + (o + 1) * run);
          }
        }
      },
      out->values);
  return out;
}

absl::StatusOr<std::vector<SliceRange>> ReadSlice(NodeView& node, const std::vector<int64_t>& dims) {
  COLONNADE_ASSIGN_OR_RETURN(const auto starts, node.AttributeOrInput("starts", 1, 10));
  COLONNADE_ASSIGN_OR_RETURN(const auto ends, node.AttributeOrInput("ends", 2, 10));
  COLONNADE_ASSIGN_OR_RETURN(auto axes, node.AttributeOrInput("axes", 3, 10));
  std::optional<std::vector<int64_t>> steps;
  if (node.opset() >= 10) {
    COLONNADE_ASSIGN_OR_RETURN(steps, node.AttributeOrInput("steps", 4, 10));
  }
  const auto invalid = [&](std::string_view message) {
    return InvalidField(fmt::format("{}.starts", node.place()), message);
  };
  if (!starts || !ends) return invalid("starts and ends must be given");
  if (!axes) {
    axes.emplace(std::min(starts->size(), dims.size()));
    std::iota(axes->begin(), axes->end(), 0);
  }
  if (!steps) steps.emplace(starts->size(), 1);
  if (ends->size() != starts->size() || axes->size() != starts->size() || steps->size() != starts->size()) {
    return invalid("starts, ends, axes and steps must have as many values each");
  }
  COLONNADE_RETURN_IF_ERROR(AxisSet(node, *axes, int(dims.size())).status());
  std::vector<SliceRange> ranges;
  for (size_t i = 0; i < starts->size(); ++i) {
    const int64_t step = (*steps)[i];
    constexpr int64_t kMaxStep = int64_t{1} << 31;
    if (step == 0 || step < -kMaxStep || step > kMaxStep) {
      return InvalidField(fmt::format("{}.steps[{}]", node.place(), i),
                          fmt::format("is {}; must not be 0, nor beyond 2^31", step));
    }
    COLONNADE_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(node, (*axes)[i], int(dims.size())));
    ranges.push_back(Normalize(axis, dims[axis], (*starts)[i], (*ends)[i], step));
  }
  return ranges;
}

absl::StatusOr<ConstantPtr> FoldSlice(NodeView& node, FoldBudget& budget) {
  COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr in, node.ConstantAt(0));
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<SliceRange> ranges, ReadSlice(node, in->dims));
  std::vector<int64_t> dims = in->dims, strides = StridesOf(dims);
  int64_t offset = 0;
  for (const SliceRange& range : ranges) {
    dims[range.axis] = range.count;
    offset += range.start * strides[range.axis];
    strides[range.axis] *= range.step;
  }
  COLONNADE_ASSIGN_OR_RETURN(const int64_t size, budget.Charge(node, dims, in->size()));
  return CopyStrided(*in, std::move(dims), strides, offset, size);
}

absl::StatusOr<ConstantPtr> FoldTranspose(NodeView& node, FoldBudget& budget) {
  COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr in, node.ConstantAt(0));
  const int rank = int(in->dims.size());
  COLONNADE_ASSIGN_OR_RETURN(auto order, node.attributes.Ints("perm", rank, 0, std::max(rank - 1, 0)));
  if (!order) {
    order.emplace(rank);
    std::iota(order->rbegin(), order->rend(), 0);
  }
  COLONNADE_RETURN_IF_ERROR(AxisSet(node, *order, rank).status());
  const std::vector<int64_t> from = StridesOf(in->dims);
  std::vector<int64_t> dims, strides;
  for (const int64_t axis : *order) {
    dims.push_back(in->dims[axis]);
    strides.push_back(from[axis]);
  }
  COLONNADE_ASSIGN_OR_RETURN(const int64_t size, budget.Charge(node, dims, in->size()));
  return CopyStrided(*in, std::move(dims), strides, 0, size);
}

absl::StatusOr<ConstantPtr> FoldReshape(NodeView& node, FoldBudget& budget) {
  COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr in, node.ConstantAt(0));
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<int64_t>* target, node.IntsAt(1));
  COLONNADE_ASSIGN_OR_RETURN(const int64_t allow_zero, node.attributes.Int("allowzero", 0, 0, 1));
  std::vector<int64_t> dims = *target;
  const auto invalid = [&](std::string_view message) {
    return InvalidField(fmt::format("{}.shape", node.place()), message);
  };
  if (std::count(dims.begin(), dims.end(), -1) > 1) return invalid("more than one -1");
  const auto inferred = std::find(dims.begin(), dims.end(), -1);
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0 && allow_zero == 0) {
      if (i >= in->dims.size()) return invalid("0 keeps a dim that the input does not have");
      dims[i] = in->dims[i];
    }
  }
  if (inferred != dims.end()) {
    *inferred = 1;
    COLONNADE_ASSIGN_OR_RETURN(const int64_t known, CheckedSize(dims, kMaxInitializerValues, node.place()));
    *inferred = known > 0 ? in->size() / known : 0;
  }
  COLONNADE_ASSIGN_OR_RETURN(const int64_t size, CheckedSize(dims, kMaxInitializerValues, node.place()));
  if (size != in->size())
    return invalid(fmt::format("[{}] does not hold {} values", fmt::join(*target, ", "), in->size()));
  return WithDims(node, *in, std::move(dims), budget);
}

}  // namespace colonnade::onnx
