// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "server/base/status.h"
#include "server/onnx/convert.h"

namespace colonnade::onnx {
namespace {

// The one position that is 1 in a kernel of otherwise zeros, or -1.
int OneHot(std::span<const float> kernel) {
  int hot = -1;
  for (size_t i = 0; i < kernel.size(); ++i) {
    if (kernel[i] == 0.0f) continue;
    if (kernel[i] != 1.0f || hot >= 0) return -1;
    hot = int(i);
  }
  return hot;
}

// The Shift that a depthwise convolution with one-hot kernels is, if it is one.
std::optional<nn::Shift> AsShift(const nn::Convolution& conv, const nn::Shape& image) {
  const nn::Window& w = conv.window;
  const bool depthwise = conv.groups == image.channels && conv.filters == image.channels;
  const bool biased = std::any_of(conv.bias.begin(), conv.bias.end(), [](float b) { return b != 0.0f; });
  const bool keeps_size = nn::WindowOutput(image.height, w.kernel_h, w.stride_h, w.pad_top, w.pad_bottom,
                                           w.dilation_h) == (image.height - 1) / w.stride_h + 1 &&
                          nn::WindowOutput(image.width, w.kernel_w, w.stride_w, w.pad_left, w.pad_right,
                                           w.dilation_w) == (image.width - 1) / w.stride_w + 1;
  if (!depthwise || biased || !keeps_size) return std::nullopt;
  nn::Shift shift{{}, {}, w.stride_h, w.stride_w};
  const size_t taps = size_t(w.kernel_h) * w.kernel_w;
  for (int c = 0; c < image.channels; ++c) {
    const int hot = OneHot(std::span(conv.weight).subspan(c * taps, taps));
    if (hot < 0) return std::nullopt;
    shift.dy.push_back(hot / w.kernel_w * w.dilation_h - w.pad_top);
    shift.dx.push_back(hot % w.kernel_w * w.dilation_w - w.pad_left);
  }
  return shift;
}

absl::StatusOr<ConstantPtr> ConvWeight(NodeView& node, const nn::Shape& image, int64_t groups) {
  COLONNADE_ASSIGN_OR_RETURN(ConstantPtr weight, node.ConstantAt(1));
  COLONNADE_RETURN_IF_ERROR(node.FloatsAt(1, -1).status());
  if (weight->dims.size() != 4) {
    return Refuse(fmt::format("the weight has {} dims; only two-dimensional convolutions are supported",
                              weight->dims.size()),
                  "use Conv over height and width");
  }
  if (image.channels % groups != 0 || weight->dims[1] != image.channels / groups || weight->dims[0] < 1 ||
      weight->dims[0] % groups != 0) {
    return InvalidField(fmt::format("{}.group", node.place()),
                        fmt::format("weight dims [{}] and group {} do not fit {} input channels",
                                    fmt::join(weight->dims, ", "), groups, image.channels));
  }
  return weight;
}

absl::StatusOr<std::vector<float>> BiasOr(const NodeView& node, int input, int64_t count) {
  if (!node.Has(input)) return std::vector<float>(count, 0.0f);
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<float>* bias, node.FloatsAt(input, count));
  return *bias;
}

// weight [outputs][inputs] from B [inputs][outputs] or, transposed, as it is.
std::vector<float> LinearWeight(const Constant& b, bool transposed, float alpha) {
  const std::vector<float>& values = *b.floats();
  const int64_t rows = b.dims[0], columns = b.dims[1];
  std::vector<float> weight(values.size());
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      weight[transposed ? i * columns + j : j * rows + i] = alpha * values[i * columns + j];
    }
  }
  return weight;
}

absl::StatusOr<Activation> FlatAt(const NodeView& node, int input) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, node.ActivationAt(input));
  if (in.rank == 2) return in;
  return Refuse("multiplies a tensor of rank 4; only [batch, values] is supported",
                "put a Flatten before it");
}

absl::StatusOr<Conversion> MakeLinear(NodeView& node, Builder& builder, bool transposed, float alpha,
                                      std::vector<float> bias) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, FlatAt(node, 0));
  COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr b, node.ConstantAt(1));
  COLONNADE_RETURN_IF_ERROR(builder.ChargeWeights(b->size()));
  nn::Linear linear{int(bias.size()), LinearWeight(*b, transposed, alpha), std::move(bias)};
  COLONNADE_ASSIGN_OR_RETURN(const Activation out, builder.Append(node, std::move(linear), {in}, 2));
  return Conversion{Verdict::kPackable, "a filter matrix", out};
}

// Number of outputs of a two-dimensional weight B, checked against the input.
absl::StatusOr<int64_t> LinearOutputs(const NodeView& node, const Builder& builder, bool transposed) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, FlatAt(node, 0));
  COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr b, node.ConstantAt(1));
  COLONNADE_RETURN_IF_ERROR(node.FloatsAt(1, -1).status());
  const bool flat = b->dims.size() == 2;
  const int64_t outputs = flat ? b->dims[transposed ? 0 : 1] : 0;
  if (outputs >= 1 && b->dims[transposed ? 1 : 0] == builder.shape(in).size()) return outputs;
  return InvalidField(fmt::format("{}.input[1]", node.place()),
                      fmt::format("dims [{}] do not fit {} input values", fmt::join(b->dims, ", "),
                                  builder.shape(in).size()));
}

}  // namespace

absl::StatusOr<Conversion> ConvertConv(NodeView& node, Builder& builder) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, ImageAt(node, 0, true));
  const nn::Shape& image = builder.shape(in);
  COLONNADE_ASSIGN_OR_RETURN(const int64_t groups, node.attributes.Int("group", 1, 1, image.channels));
  COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr weight, ConvWeight(node, image, groups));
  const int64_t filters = weight->dims[0];
  COLONNADE_ASSIGN_OR_RETURN(const nn::Window window,
                             ReadWindow(node, {weight->dims[2], weight->dims[3]}, image, in.border));
  COLONNADE_ASSIGN_OR_RETURN(std::vector<float> bias, BiasOr(node, 2, filters));
  COLONNADE_RETURN_IF_ERROR(builder.ChargeWeights(weight->size() + filters));
  nn::Convolution conv{int(filters), int(groups), window, *weight->floats(), std::move(bias)};
  if (std::optional<nn::Shift> shift = AsShift(conv, image)) {
    COLONNADE_ASSIGN_OR_RETURN(const Activation out, builder.Append(node, *std::move(shift), {in}, 4));
    return Conversion{Verdict::kRunsUnpacked, "a shift: depthwise with one-hot kernels", out};
  }
  COLONNADE_ASSIGN_OR_RETURN(const Activation out, builder.Append(node, std::move(conv), {in}, 4));
  return Conversion{Verdict::kPackable, groups > 1 ? "a block-diagonal filter matrix" : "a filter matrix",
                    out};
}

absl::StatusOr<Conversion> ConvertGemm(NodeView& node, Builder& builder) {
  Attributes& attributes = node.attributes;
  COLONNADE_ASSIGN_OR_RETURN(const float alpha, attributes.Float("alpha", 1.0f));
  COLONNADE_ASSIGN_OR_RETURN(const float beta, attributes.Float("beta", 1.0f));
  COLONNADE_ASSIGN_OR_RETURN(const int64_t trans_a, attributes.Int("transA", 0, 0, 1));
  COLONNADE_ASSIGN_OR_RETURN(const int64_t trans_b, attributes.Int("transB", 0, 0, 1));
  if (trans_a != 0) return Refuse("transA is 1", "multiply the activation untransposed");
  COLONNADE_ASSIGN_OR_RETURN(const int64_t outputs, LinearOutputs(node, builder, trans_b == 1));
  std::vector<float> bias(outputs, 0.0f);
  if (node.Has(2)) {
    COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr c, node.ConstantAt(2));
    COLONNADE_ASSIGN_OR_RETURN(const std::vector<float>* values,
                               node.FloatsAt(2, c->size() == 1 ? 1 : outputs));
    if (c->size() > 1 && c->dims.back() != outputs) {
      return InvalidField(
          fmt::format("{}.input[2]", node.place()),
          fmt::format("dims [{}]; must be [{}] or [1, {}]", fmt::join(c->dims, ", "), outputs, outputs));
    }
    for (int64_t i = 0; i < outputs; ++i) bias[i] = beta * (*values)[values->size() == 1 ? 0 : i];
  }
  return MakeLinear(node, builder, trans_b == 1, alpha, std::move(bias));
}

absl::StatusOr<Conversion> ConvertMatMul(NodeView& node, Builder& builder) {
  COLONNADE_ASSIGN_OR_RETURN(const int64_t outputs, LinearOutputs(node, builder, false));
  return MakeLinear(node, builder, false, 1.0f, std::vector<float>(outputs, 0.0f));
}

absl::StatusOr<Conversion> ConvertBatchNormalization(NodeView& node, Builder& builder) {
  COLONNADE_ASSIGN_OR_RETURN(const Activation in, node.ActivationAt(0));
  Attributes& attributes = node.attributes;
  nn::BatchNorm norm;
  COLONNADE_ASSIGN_OR_RETURN(norm.epsilon, attributes.Float("epsilon", 1e-5f));
  COLONNADE_RETURN_IF_ERROR(attributes.Float("momentum", 0.9f).status());
  COLONNADE_ASSIGN_OR_RETURN(const int64_t spatial, attributes.Int("spatial", 1, 0, 1));
  COLONNADE_ASSIGN_OR_RETURN(const int64_t training, attributes.Int("training_mode", 0, 0, 1));
  if (spatial == 0 || training == 1) {
    return Refuse("normalizes with the batch's own statistics or per pixel",
                  "export the model for inference");
  }
  const int64_t channels = builder.shape(in).channels;
  std::vector<float>* const fields[] = {&norm.scale, &norm.bias, &norm.mean, &norm.variance};
  for (int i = 0; i < 4; ++i) {
    COLONNADE_ASSIGN_OR_RETURN(const std::vector<float>* values, node.FloatsAt(i + 1, channels));
    *fields[i] = *values;
  }
  COLONNADE_RETURN_IF_ERROR(builder.ChargeWeights(4 * channels));
  const nn::Layer& before = builder.layer(in);
  const bool folds = before.is_matrix() && in.single_use;
  std::string reason =
      folds ? fmt::format("folds into '{}'", before.name) : "becomes a depthwise 1x1 convolution";
  COLONNADE_ASSIGN_OR_RETURN(const Activation out, builder.Append(node, std::move(norm), {in}, in.rank));
  return Conversion{folds ? Verdict::kFolded : Verdict::kPackable, std::move(reason), out};
}

}  // namespace colonnade::onnx
