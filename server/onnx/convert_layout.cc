// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "server/base/status.h"
#include "server/onnx/convert.h"
#include "server/onnx/fold.h"
#include "server/onnx/limits.h"

namespace colonnade::onnx {
namespace {

Conversion Renamed(Activation in, int rank, std::string reason = "changes no data") {
  in.rank = rank;
  return {Verdict::kFolded, std::move(reason), in};
}

// Flattening; nothing to do for one pixel.
absl::StatusOr<Conversion> Flat(NodeView& node, Builder& builder, const Activation& in, int rank) {
  const nn::Shape& shape = builder.shape(in);
  if (shape.height == 1 && shape.width == 1) return Renamed(in, rank);
  COLONNADE_ASSIGN_OR_RETURN(const Activation out, builder.Append(node, nn::Flatten{}, {in}, rank));
  return Conversion{Verdict::kFolded, "only renames values", out};
}

// Is `dim` of a Reshape the batch? 0 keeps it, 1 is what tracing with one image leaves.
bool IsBatch(int64_t dim, int64_t batch) { return dim == batch || dim == kBatchSize || dim == 0 || dim == 1; }

// Dims beside the batch with 0 and -1 filled in, or INVALID_ARGUMENT.
absl::StatusOr<std::vector<int64_t>> ResolveDims(const NodeView& node, const std::vector<int64_t>& target,
                                                 const std::vector<int64_t>& from, int64_t size,
                                                 bool allow_zero) {
  std::vector<int64_t> dims(target.begin() + 1, target.end());
  int64_t known = 1;
  int free = -1;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0 && !allow_zero && i + 1 < from.size()) dims[i] = from[i + 1];
    if (dims[i] == -1 && free < 0) {
      free = int(i);
    } else if (dims[i] < 1 || known > size / dims[i]) {
      known = size + 1;  // no number of values fits
      break;
    } else {
      known *= dims[i];
    }
  }
  if (free >= 0 && size % known == 0) {
    dims[free] = size / known;
    known = size;
  }
  if (known == size) return dims;
  return InvalidField(
      fmt::format("{}.shape", node.place()),
      fmt::format("[{}] does not hold the {} values of an image", fmt::join(target, ", "), size));
}

absl::Status RefuseSlice() {
  return Refuse("cuts out a part of an activation",
                "only every n-th row or column from the first to the last is supported, as [:, :, ::2, ::2]");
}

// Pads a Pad node lists per axis: all befores, then all afters.
absl::StatusOr<std::vector<int64_t>> ReadPads(NodeView& node, int rank) {
  COLONNADE_ASSIGN_OR_RETURN(const auto listed, node.AttributeOrInput("pads", 1, 11));
  std::vector<int64_t> axes;
  for (int i = 0; i < rank; ++i) axes.push_back(i);
  if (node.opset() >= 18 && node.Has(3)) {
    COLONNADE_ASSIGN_OR_RETURN(const std::vector<int64_t>* given, node.IntsAt(3));
    axes = *given;
    COLONNADE_RETURN_IF_ERROR(AxisSet(node, axes, rank).status());
  }
  if (!listed || listed->size() != 2 * axes.size()) {
    return InvalidField(fmt::format("{}.pads", node.place()),
                        fmt::format("must hold {} values", 2 * axes.size()));
  }
  std::vector<int64_t> pads(2 * rank, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    COLONNADE_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(node, axes[i], rank));
    pads[axis] = (*listed)[i];
    pads[axis + rank] = (*listed)[i + axes.size()];
  }
  for (const int64_t pad : pads) {
    if (pad < 0 || pad > kMaxImageSide) {
      return InvalidField(fmt::format("{}.pads", node.place()),
                          fmt::format("holds {}; must be 0 to {}", pad, kMaxImageSide));
    }
  }
  return pads;
}

absl::Status CheckPadsWithZeros(NodeView& node) {
  COLONNADE_ASSIGN_OR_RETURN(const std::string mode, node.attributes.String("mode", "constant"));
  float value = 0.0f;
  if (node.opset() < 11) {
    COLONNADE_ASSIGN_OR_RETURN(value, node.attributes.Float("value", 0.0f));
  } else if (node.Has(2)) {
    COLONNADE_ASSIGN_OR_RETURN(value, node.ScalarAt(2));
  }
  if (mode == "constant" && value == 0.0f) return absl::OkStatus();
  return Refuse("pads with something else than zeros", "use mode constant and value 0");
}

}  // namespace

absl::StatusOr<Conversion> ConvertShape(NodeView& node, Builder& builder) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, node.PaddedActivationAt(0));
  COLONNADE_ASSIGN_OR_RETURN(ConstantPtr shape, ShapeConstant(node, builder.dims(in)));
  return Conversion{Verdict::kFolded, "computed on import", std::move(shape)};
}

absl::StatusOr<Conversion> ConvertFlatten(NodeView& node, Builder& builder) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, node.ActivationAt(0));
  COLONNADE_ASSIGN_OR_RETURN(const int64_t attribute, node.attributes.Int("axis", 1, -kMaxRank, kMaxRank));
  COLONNADE_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(node, attribute, in.rank));
  if (axis != 1) return Refuse(fmt::format("flattens from axis {}", axis), "flatten from axis 1");
  return Flat(node, builder, in, 2);
}

absl::StatusOr<Conversion> ConvertReshape(NodeView& node, Builder& builder) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, node.ActivationAt(0));
  COLONNADE_ASSIGN_OR_RETURN(const int64_t allow_zero, node.attributes.Int("allowzero", 0, 0, 1));
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<int64_t>* target, node.IntsAt(1));
  const std::vector<int64_t> from = builder.dims(in);
  const int64_t size = builder.shape(in).size();
  const absl::Status refusal = Refuse(fmt::format("reshapes to [{}]", fmt::join(*target, ", ")),
                                      "only flattening to [batch, values] is supported");
  if (target->size() != 2 && target->size() != 4) return refusal;
  const auto free_dims = std::count(target->begin(), target->end(), -1);
  const bool free_batch = target->front() == -1 && free_dims == 1;
  if (!free_batch && !IsBatch(target->front(), builder.batch())) return refusal;
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<int64_t> dims,
                             ResolveDims(node, *target, from, size, allow_zero == 1));
  if (dims == std::vector<int64_t>(from.begin() + 1, from.end())) return Renamed(in, in.rank);
  if (dims.size() == 1) return Flat(node, builder, in, 2);
  if (dims[1] == 1 && dims[2] == 1) return Flat(node, builder, in, 4);
  return refusal;
}

absl::StatusOr<Conversion> ConvertSqueeze(NodeView& node, Builder& builder) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, ImageAt(node, 0, false));
  COLONNADE_ASSIGN_OR_RETURN(const auto axes, node.AttributeOrInput("axes", 1, 13));
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<bool> set,
                             AxisSet(node, axes.value_or(std::vector<int64_t>{}), 4));
  const nn::Shape& shape = builder.shape(in);
  if (set != std::vector<bool>{false, false, true, true} || shape.height != 1 || shape.width != 1) {
    return Refuse("does not remove height and width of one pixel",
                  "squeeze axes 2 and 3 after a global average");
  }
  return Renamed(in, 2);
}

absl::StatusOr<Conversion> ConvertUnsqueeze(NodeView& node, Builder&) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, node.ActivationAt(0));
  COLONNADE_ASSIGN_OR_RETURN(const auto axes, node.AttributeOrInput("axes", 1, 13));
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<bool> set,
                             AxisSet(node, axes.value_or(std::vector<int64_t>{}), 4));
  if (in.rank != 2 || set != std::vector<bool>{false, false, true, true}) {
    return Refuse("does not make an image of one pixel", "insert axes 2 and 3 into [batch, values]");
  }
  return Renamed(in, 4);
}

absl::StatusOr<Conversion> ConvertConcat(NodeView& node, Builder& builder) {
  std::vector<Activation> parts;
  for (int i = 0; i < node.input_count(); ++i) {
    COLONNADE_ASSIGN_OR_RETURN(const Activation part, node.ActivationAt(i));
    parts.push_back(part);
    if (part.rank != parts.front().rank)
      return InvalidField(fmt::format("{}.input[{}]", node.place(), i), "differs in rank");
  }
  COLONNADE_RETURN_IF_ERROR(node.ActivationAt(0).status());
  const int rank = parts.front().rank;
  COLONNADE_ASSIGN_OR_RETURN(const int64_t attribute, node.attributes.Int("axis", 1, -kMaxRank, kMaxRank));
  COLONNADE_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(node, attribute, rank));
  if (axis != 1) return Refuse(fmt::format("joins along axis {}", axis), "join along the channels, axis 1");
  if (parts.size() == 1) return Renamed(parts.front(), rank);
  COLONNADE_ASSIGN_OR_RETURN(const Activation out, builder.Append(node, nn::Concat{}, parts, rank));
  return Conversion{Verdict::kRunsUnpacked, "placement in memory", out};
}

absl::StatusOr<Conversion> ConvertSlice(NodeView& node, Builder& builder) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, node.ActivationAt(0));
  std::vector<int64_t> dims = builder.dims(in);
  dims[0] = 1;
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<SliceRange> ranges,
                             ReadSlice(node, dims));
  int64_t strides[4] = {1, 1, 1, 1};
  for (const SliceRange& range : ranges) {
    const int64_t dim = dims[range.axis];
    const bool whole =
        range.start == 0 && range.step >= 1 && range.count == (dim + range.step - 1) / range.step;
    if (!whole || range.step > (range.axis < 2 ? 1 : kMaxImageSide)) return RefuseSlice();
    strides[range.axis] = range.step;
  }
  if (strides[2] == 1 && strides[3] == 1) return Renamed(in, in.rank);
  nn::Subsample subsample{int(strides[2]), int(strides[3])};
  const std::string reason = "every n-th pixel";
  if (const auto* before = builder.layer(in).as<nn::Subsample>(); before != nullptr && in.single_use) {
    const int64_t h = strides[2] * before->stride_h, w = strides[3] * before->stride_w;
    if (h <= kMaxImageSide && w <= kMaxImageSide) {
      COLONNADE_ASSIGN_OR_RETURN(const Activation out, builder.Replace(in, nn::Subsample{int(h), int(w)}));
      return Conversion{Verdict::kRunsUnpacked, reason, out};
    }
  }
  COLONNADE_ASSIGN_OR_RETURN(const Activation out, builder.Append(node, subsample, {in}, 4));
  return Conversion{Verdict::kRunsUnpacked, reason, out};
}

absl::StatusOr<Conversion> ConvertPad(NodeView& node, Builder& builder) {
  COLONNADE_ASSIGN_OR_RETURN(Activation in, node.ActivationAt(0));
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<int64_t> pads, ReadPads(node, in.rank));
  if (std::all_of(pads.begin(), pads.end(), [](int64_t pad) { return pad == 0; })) {
    for (const std::string_view unused : {"mode", "value"}) node.attributes.Take(unused);
    return Renamed(in, in.rank);
  }
  COLONNADE_RETURN_IF_ERROR(CheckPadsWithZeros(node));
  const int64_t before = pads[1], after = pads[1 + in.rank];
  if (pads[0] != 0 || pads[in.rank] != 0)
    return Refuse("pads the batch", "pad channels, height or width only");
  if (in.rank == 4) in.border = {pads[2], pads[3], pads[6], pads[7]};
  if (before == 0 && after == 0) return Renamed(in, in.rank, "taken over by the next convolution");
  if (!in.border.empty()) return Refuse("pads channels and pixels at once", "pad them in two nodes");
  COLONNADE_ASSIGN_OR_RETURN(const Activation out,
                             builder.Append(node, nn::PadChannels{int(before), int(after)}, {in}, in.rank));
  return Conversion{Verdict::kRunsUnpacked, "channels of zeros", out};
}

}  // namespace colonnade::onnx
