// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <limits>
#include <utility>

#include "server/base/status.h"
#include "server/onnx/convert.h"

namespace colonnade::onnx {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

absl::StatusOr<Conversion> PassThrough(const NodeView& node, std::string reason) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, node.PaddedActivationAt(0));
  return Conversion{Verdict::kFolded, std::move(reason), in};
}

// True when `dims` spread one value per channel over an activation of `rank`.
bool IsPerChannel(const std::vector<int64_t>& dims, int64_t channels, int rank) {
  const int axis = int(dims.size()) - (rank == 4 ? 3 : 1);
  if (axis < 0 || axis > 1 || dims[axis] != channels) return false;
  for (int i = 0; i < int(dims.size()); ++i) {
    if (i != axis && dims[i] != 1) return false;
  }
  return true;
}

// Adding a constant per channel goes into the bias of the matrix layer before.
absl::StatusOr<Conversion> AddBias(const NodeView& node, Builder& builder, int constant_input) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, node.ActivationAt(1 - constant_input));
  COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr constant, node.ConstantAt(constant_input));
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<float>* values, node.FloatsAt(constant_input, -1));
  const nn::Layer& before = builder.layer(in);
  const int64_t channels = before.output.channels;
  const bool per_channel = constant->size() == 1 || IsPerChannel(constant->dims, channels, in.rank);
  if (!before.is_matrix() || !in.single_use || !per_channel) {
    return Refuse("adds a constant that is no bias of a convolution or linear layer",
                  "add it as one value per channel right after Conv, Gemm or MatMul");
  }
  builder.AddBias(in, constant->size() == 1 ? std::vector<float>(channels, values->front()) : *values);
  return Conversion{Verdict::kFolded, fmt::format("the bias of '{}'", before.name), in};
}

absl::StatusOr<float> Bound(NodeView& node, std::string_view attribute, int input, float fallback) {
  if (node.opset() < 11) return node.attributes.Float(attribute, fallback);
  if (!node.Has(input)) return fallback;
  return node.ScalarAt(input);
}

absl::StatusOr<Conversion> MakeClip(NodeView& node, Builder& builder, const nn::Clip& clip) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, node.ActivationAt(0));
  COLONNADE_ASSIGN_OR_RETURN(const Activation out, builder.Append(node, clip, {in}, in.rank));
  return Conversion{Verdict::kRunsUnpacked, "part of the requantization", out};
}

}  // namespace

absl::StatusOr<Conversion> ConvertAdd(NodeView& node, Builder& builder) {
  if (node.IsConstant(0)) return AddBias(node, builder, 0);
  if (node.IsConstant(1)) return AddBias(node, builder, 1);
  COLONNADE_ASSIGN_OR_RETURN(const Activation a, node.ActivationAt(0));
  COLONNADE_ASSIGN_OR_RETURN(const Activation b, node.ActivationAt(1));
  if (a.rank != b.rank || builder.shape(a) != builder.shape(b)) {
    return Refuse(
        fmt::format("adds {} and {}", nn::ToString(builder.shape(a)), nn::ToString(builder.shape(b))),
        "add tensors of equal shape; broadcasting is not supported");
  }
  COLONNADE_ASSIGN_OR_RETURN(const Activation out, builder.Append(node, nn::Add{}, {a, b}, a.rank));
  return Conversion{Verdict::kRunsUnpacked, "part of the requantization", out};
}

absl::StatusOr<Conversion> ConvertRelu(NodeView& node, Builder& builder) {
  return MakeClip(node, builder, {0.0f, kInfinity});
}

absl::StatusOr<Conversion> ConvertClip(NodeView& node, Builder& builder) {
  COLONNADE_ASSIGN_OR_RETURN(const float low, Bound(node, "min", 1, -kInfinity));
  COLONNADE_ASSIGN_OR_RETURN(const float high, Bound(node, "max", 2, kInfinity));
  return MakeClip(node, builder, {low, high});
}

absl::StatusOr<Conversion> ConvertSoftmax(NodeView& node, Builder& builder) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, node.ActivationAt(0));
  const int64_t usual = node.opset() < 13 ? 1 : -1;
  COLONNADE_ASSIGN_OR_RETURN(const int64_t attribute,
                             node.attributes.Int("axis", usual, -in.rank, in.rank - 1));
  COLONNADE_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(node, attribute, in.rank));
  const nn::Shape& shape = builder.shape(in);
  if (axis != 1 || shape.height != 1 || shape.width != 1) {
    return Refuse("is not over the logits", "apply Softmax to [batch, classes] along axis 1");
  }
  COLONNADE_ASSIGN_OR_RETURN(const Activation out, builder.Append(node, nn::Softmax{}, {in}, in.rank));
  return Conversion{Verdict::kRunsUnpacked, "computed on the host in float", out};
}

absl::StatusOr<Conversion> ConvertIdentity(NodeView& node, Builder&) { return PassThrough(node, "removed"); }

absl::StatusOr<Conversion> ConvertDropout(NodeView& node, Builder&) {
  COLONNADE_RETURN_IF_ERROR(node.attributes.Float("ratio", 0.5f).status());
  node.attributes.Take("seed");
  if (node.Has(2)) {
    COLONNADE_ASSIGN_OR_RETURN(const std::vector<int64_t>* training, node.IntsAt(2));
    if (training->size() != 1 || training->front() != 0) {
      return Refuse("drops values, in training mode", "export the model for inference");
    }
  }
  return PassThrough(node, "does nothing at inference");
}

absl::StatusOr<Conversion> ConvertCast(NodeView& node, Builder&) {
  COLONNADE_ASSIGN_OR_RETURN(const int64_t to, node.attributes.Int("to", 0, 1, 16));
  if (to != TensorProto::FLOAT)
    return Refuse(fmt::format("casts an activation to type {}", to), "keep float32");
  return PassThrough(node, "float32 already");
}

}  // namespace colonnade::onnx
