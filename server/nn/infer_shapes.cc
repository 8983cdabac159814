// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <span>
#include <unordered_set>

#include "server/base/status.h"
#include "server/nn/network.h"

namespace colonnade::nn {
namespace {

constexpr int64_t kMaxTensorValues = int64_t{1} << 26;
constexpr int64_t kMaxMatrixValues = int64_t{1} << 27;
constexpr int kMaxWindowField = 65536;

using Inputs = std::span<const Shape>;

absl::Status Invalid(std::string message) { return absl::InvalidArgumentError(message); }

absl::Status CheckFinite(std::string_view field, std::span<const float> values) {
  const auto bad = std::find_if_not(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
  if (bad == values.end()) return absl::OkStatus();
  return Invalid(fmt::format("{}[{}] is {}; weights must be finite", field, bad - values.begin(), *bad));
}

absl::Status CheckValues(std::string_view field, std::span<const float> values, int64_t expected) {
  if (int64_t(values.size()) != expected) {
    return Invalid(fmt::format("{} holds {} values; the shapes need {}", field, values.size(), expected));
  }
  return CheckFinite(field, values);
}

absl::Status CheckRange(std::string_view field, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return Invalid(fmt::format("{} is {}; must be {} to {}", field, value, low, high));
}

// values = a * b without overflow, or an error above `limit`.
absl::StatusOr<int64_t> Product(std::string_view what, std::initializer_list<int64_t> factors,
                                int64_t limit) {
  int64_t product = 1;
  for (const int64_t factor : factors) {
    if (factor > 0 && product > limit / factor) {
      return Invalid(fmt::format("{} would hold more than {} values", what, limit));
    }
    product *= factor;
  }
  return product;
}

absl::Status CheckWindow(const Window& w) {
  for (const auto& [field, value] :
       std::initializer_list<std::pair<std::string_view, int>>{{"kernel_h", w.kernel_h},
                                                               {"kernel_w", w.kernel_w},
                                                               {"stride_h", w.stride_h},
                                                               {"stride_w", w.stride_w},
                                                               {"dilation_h", w.dilation_h},
                                                               {"dilation_w", w.dilation_w}}) {
    COLONNADE_RETURN_IF_ERROR(CheckRange(field, value, 1, kMaxWindowField));
  }
  for (const auto& [field, value] :
       std::initializer_list<std::pair<std::string_view, int>>{{"pad_top", w.pad_top},
                                                               {"pad_left", w.pad_left},
                                                               {"pad_bottom", w.pad_bottom},
                                                               {"pad_right", w.pad_right}}) {
    COLONNADE_RETURN_IF_ERROR(CheckRange(field, value, 0, kMaxWindowField));
  }
  return absl::OkStatus();
}

absl::StatusOr<Shape> SlideWindow(const Window& w, const Shape& in, int channels) {
  COLONNADE_RETURN_IF_ERROR(CheckWindow(w));
  const Shape out{channels,
                  WindowOutput(in.height, w.kernel_h, w.stride_h, w.pad_top, w.pad_bottom, w.dilation_h),
                  WindowOutput(in.width, w.kernel_w, w.stride_w, w.pad_left, w.pad_right, w.dilation_w)};
  if (out.height < 1 || out.width < 1) {
    return Invalid(
        fmt::format("a {}x{} kernel does not fit the padded input {}", w.kernel_h, w.kernel_w, ToString(in)));
  }
  return out;
}

// A pooling window that sees no pixel has no maximum and no mean.
absl::StatusOr<Shape> SlidePool(const Window& w, const Shape& in) {
  COLONNADE_ASSIGN_OR_RETURN(const Shape out, SlideWindow(w, in, in.channels));
  if (w.dilation_h != 1 || w.dilation_w != 1) return Invalid("dilation of a pooling window must be 1");
  const bool touches = w.pad_top < w.kernel_h && w.pad_left < w.kernel_w &&
                       int64_t{out.height - 1} * w.stride_h - w.pad_top < in.height &&
                       int64_t{out.width - 1} * w.stride_w - w.pad_left < in.width;
  if (!touches)
    return Invalid("a pooling window lies in the padding only; pads must be below the kernel size");
  return out;
}

Shape Strided(const Shape& in, int stride_h, int stride_w) {
  return {in.channels, (in.height - 1) / stride_h + 1, (in.width - 1) / stride_w + 1};
}

absl::StatusOr<Shape> Derive(const Input&, Inputs) { return Invalid("an Input may only be the first layer"); }

absl::StatusOr<Shape> Derive(const Convolution& conv, Inputs in) {
  COLONNADE_RETURN_IF_ERROR(CheckRange("filters", conv.filters, 1, kMaxTensorValues));
  COLONNADE_RETURN_IF_ERROR(CheckRange("groups", conv.groups, 1, in[0].channels));
  if (in[0].channels % conv.groups != 0 || conv.filters % conv.groups != 0) {
    return Invalid(fmt::format("groups is {}; must divide the {} input channels and the {} filters",
                               conv.groups, in[0].channels, conv.filters));
  }
  COLONNADE_ASSIGN_OR_RETURN(const Shape out, SlideWindow(conv.window, in[0], conv.filters));
  const Window& w = conv.window;
  COLONNADE_ASSIGN_OR_RETURN(
      const int64_t matrix,
      Product("the filter matrix", {conv.filters, in[0].channels, w.kernel_h, w.kernel_w}, kMaxMatrixValues));
  COLONNADE_RETURN_IF_ERROR(CheckValues("weight", conv.weight, matrix / conv.groups));
  COLONNADE_RETURN_IF_ERROR(CheckValues("bias", conv.bias, conv.filters));
  return out;
}

absl::StatusOr<Shape> Derive(const Linear& linear, Inputs in) {
  COLONNADE_RETURN_IF_ERROR(CheckRange("outputs", linear.outputs, 1, kMaxTensorValues));
  COLONNADE_ASSIGN_OR_RETURN(const int64_t matrix,
                             Product("the filter matrix", {linear.outputs, in[0].size()}, kMaxMatrixValues));
  COLONNADE_RETURN_IF_ERROR(CheckValues("weight", linear.weight, matrix));
  COLONNADE_RETURN_IF_ERROR(CheckValues("bias", linear.bias, linear.outputs));
  return Shape{linear.outputs, 1, 1};
}

absl::StatusOr<Shape> Derive(const BatchNorm& norm, Inputs in) {
  COLONNADE_RETURN_IF_ERROR(CheckValues("scale", norm.scale, in[0].channels));
  COLONNADE_RETURN_IF_ERROR(CheckValues("bias", norm.bias, in[0].channels));
  COLONNADE_RETURN_IF_ERROR(CheckValues("mean", norm.mean, in[0].channels));
  COLONNADE_RETURN_IF_ERROR(CheckValues("variance", norm.variance, in[0].channels));
  if (!std::isfinite(norm.epsilon) || norm.epsilon < 0) {
    return Invalid(fmt::format("epsilon is {}; must be finite and not negative", norm.epsilon));
  }
  for (const float variance : norm.variance) {
    if (variance < 0 || !(variance + norm.epsilon > 0)) {
      return Invalid(fmt::format("variance holds {}; with epsilon {} every value must be positive", variance,
                                 norm.epsilon));
    }
  }
  return in[0];
}

absl::StatusOr<Shape> Derive(const Clip& clip, Inputs in) {
  if (!(clip.low <= clip.high)) {
    return Invalid(fmt::format("low is {} and high is {}; low must not exceed high", clip.low, clip.high));
  }
  return in[0];
}

absl::StatusOr<Shape> Derive(const Add&, Inputs in) {
  if (in[0] == in[1]) return in[0];
  return Invalid(fmt::format("adds {} and {}; shapes must be equal", ToString(in[0]), ToString(in[1])));
}

absl::StatusOr<Shape> Derive(const MaxPool& pool, Inputs in) { return SlidePool(pool.window, in[0]); }
absl::StatusOr<Shape> Derive(const AveragePool& pool, Inputs in) { return SlidePool(pool.window, in[0]); }
absl::StatusOr<Shape> Derive(const GlobalAveragePool&, Inputs in) { return Shape{in[0].channels, 1, 1}; }
absl::StatusOr<Shape> Derive(const Flatten&, Inputs in) { return Shape{int(in[0].size()), 1, 1}; }
absl::StatusOr<Shape> Derive(const Softmax&, Inputs in) { return in[0]; }

absl::StatusOr<Shape> Derive(const Concat&, Inputs in) {
  int64_t channels = 0;
  for (const Shape& shape : in) {
    if (shape.height != in[0].height || shape.width != in[0].width) {
      return Invalid(
          fmt::format("joins {} and {}; heights and widths must be equal", ToString(in[0]), ToString(shape)));
    }
    channels += shape.channels;
  }
  COLONNADE_RETURN_IF_ERROR(CheckRange("output channels", channels, 1, kMaxTensorValues));
  return Shape{int(channels), in[0].height, in[0].width};
}

absl::StatusOr<Shape> Derive(const Shift& shift, Inputs in) {
  if (int(shift.dy.size()) != in[0].channels || int(shift.dx.size()) != in[0].channels) {
    return Invalid(fmt::format("has {} and {} offsets; the input has {} channels", shift.dy.size(),
                               shift.dx.size(), in[0].channels));
  }
  for (const std::vector<int>* offsets : {&shift.dy, &shift.dx}) {
    for (const int offset : *offsets) {
      COLONNADE_RETURN_IF_ERROR(CheckRange("offset", offset, -kMaxWindowField, kMaxWindowField));
    }
  }
  COLONNADE_RETURN_IF_ERROR(CheckRange("stride_h", shift.stride_h, 1, kMaxWindowField));
  COLONNADE_RETURN_IF_ERROR(CheckRange("stride_w", shift.stride_w, 1, kMaxWindowField));
  return Strided(in[0], shift.stride_h, shift.stride_w);
}

absl::StatusOr<Shape> Derive(const Subsample& subsample, Inputs in) {
  COLONNADE_RETURN_IF_ERROR(CheckRange("stride_h", subsample.stride_h, 1, kMaxWindowField));
  COLONNADE_RETURN_IF_ERROR(CheckRange("stride_w", subsample.stride_w, 1, kMaxWindowField));
  return Strided(in[0], subsample.stride_h, subsample.stride_w);
}

absl::StatusOr<Shape> Derive(const PadChannels& pad, Inputs in) {
  COLONNADE_RETURN_IF_ERROR(CheckRange("before", pad.before, 0, kMaxTensorValues));
  COLONNADE_RETURN_IF_ERROR(CheckRange("after", pad.after, 0, kMaxTensorValues));
  const int64_t channels = int64_t{in[0].channels} + pad.before + pad.after;
  COLONNADE_RETURN_IF_ERROR(CheckRange("output channels", channels, 1, kMaxTensorValues));
  return Shape{int(channels), in[0].height, in[0].width};
}

absl::Status CheckShape(const Shape& shape) {
  if (shape.channels < 1 || shape.height < 1 || shape.width < 1) {
    return Invalid(fmt::format("shape is {}; every side must be at least 1", ToString(shape)));
  }
  return Product("the output", {shape.channels, shape.height, shape.width}, kMaxTensorValues).status();
}

absl::Status CheckArity(const Layer& layer) {
  const bool is_concat = layer.as<Concat>() != nullptr;
  const size_t low = layer.as<Input>() ? 0 : is_concat || layer.as<Add>() ? 2 : 1;
  const size_t found = layer.inputs.size();
  if (found == low || (is_concat && found > low)) return absl::OkStatus();
  return Invalid(fmt::format("reads {} tensors; must read {}{}", found, low, is_concat ? " or more" : ""));
}

// Checks `layer`, to stand at `index`, against the layers before it.
absl::Status InferLayer(const Network& network, int index, Layer& layer) {
  COLONNADE_RETURN_IF_ERROR(CheckArity(layer));
  std::vector<Shape> inputs;
  for (const int input : layer.inputs) {
    COLONNADE_RETURN_IF_ERROR(CheckRange("input", input, 0, index - 1));
    if (network.layers[input].as<Softmax>())
      return Invalid("reads a Softmax, which may only be the last layer");
    inputs.push_back(network.layers[input].output);
  }
  if (index > 0) {
    COLONNADE_ASSIGN_OR_RETURN(
        layer.output, std::visit([&](const auto& op) { return Derive(op, inputs); }, layer.operation));
  }
  return CheckShape(layer.output);
}

absl::Status CheckStart(const Layer& layer) {
  return layer.as<Input>() ? absl::OkStatus() : Invalid("the first layer must be an Input");
}

absl::Status Located(const Layer& layer, const absl::Status& status) {
  return Annotate(status, fmt::format("{} '{}'", OperationName(layer.operation), layer.name));
}

}  // namespace

absl::Status InferShapes(Network& network) {
  if (network.layers.empty()) return Invalid("the network has no layers");
  COLONNADE_RETURN_IF_ERROR(CheckStart(network.layers[0]));
  std::unordered_set<std::string_view> names;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    Layer& layer = network.layers[i];
    absl::Status status = InferLayer(network, int(i), layer);
    if (status.ok() && !names.insert(layer.name).second) status = Invalid("a layer before has the same name");
    COLONNADE_RETURN_IF_ERROR(Located(layer, status));
  }
  return absl::OkStatus();
}

absl::Status AppendLayer(Network& network, Layer layer) {
  if (network.layers.empty()) COLONNADE_RETURN_IF_ERROR(CheckStart(layer));
  COLONNADE_RETURN_IF_ERROR(Located(layer, InferLayer(network, int(network.layers.size()), layer)));
  network.layers.push_back(std::move(layer));
  return absl::OkStatus();
}

}  // namespace colonnade::nn
