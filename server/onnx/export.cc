// SPDX-License-Identifier: Apache-2.0
#include "server/onnx/export.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "server/onnx/graph_writer.h"
#include "server/onnx/shift_kernels.h"

namespace colonnade::onnx {
namespace {

// A layer's tensor: its name and whether ONNX sees it as [batch, values].
struct Exported {
  std::string name;
  bool flat = false;
};

class Exporter {
 public:
  explicit Exporter(const nn::Network& network) : network_(network), writer_(network.input_name, network.output_name) {}

  std::string Run() {
    const nn::Shape& image = network_.input_shape();
    writer_.DeclareInput(network_.input_name, TensorProto::FLOAT, {image.channels, image.height, image.width});
    tensors_.push_back({network_.input_name, false});
    for (size_t i = 1; i < network_.layers.size(); ++i) {
      layer_ = &network_.layers[i];
      is_last_ = i + 1 == network_.layers.size();
      std::visit(*this, layer_->operation);
    }
    if (network_.layers.size() == 1) writer_.Emit("Identity", {network_.input_name}, network_.output_name);
    const nn::Shape& out = network_.output_shape();
    const bool flat = tensors_.back().flat;
    writer_.DeclareOutput(
        network_.output_name, TensorProto::FLOAT,
        flat ? std::vector<int64_t>{out.size()} : std::vector<int64_t>{out.channels, out.height, out.width});
    return writer_.Serialize();
  }

  void operator()(const nn::Input&) {}

  void operator()(const nn::Convolution& conv) {
    const int64_t per_group = InputShape().channels / conv.groups;
    const std::string weight =
        Floats("weight", {conv.filters, per_group, conv.window.kernel_h, conv.window.kernel_w}, conv.weight);
    NodeProto& node = Layer("Conv", {Image(0), weight, Floats("bias", {conv.filters}, conv.bias)}, false);
    SetWindow(node, conv.window);
    SetDilations(node, conv.window);
    SetInt(node, "group", conv.groups);
  }

  void operator()(const nn::Linear& linear) {
    const int64_t inputs = InputShape().size();
    const std::string weight = Floats("weight", {linear.outputs, inputs}, linear.weight);
    NodeProto& node = Layer("Gemm", {Flat(0), weight, Floats("bias", {linear.outputs}, linear.bias)}, true);
    SetInt(node, "transB", 1);
  }

  void operator()(const nn::BatchNorm& norm) {
    const std::vector<int64_t> dims = {InputShape().channels};
    NodeProto& node = Layer("BatchNormalization",
                            {In(0).name, Floats("scale", dims, norm.scale), Floats("bias", dims, norm.bias),
                             Floats("mean", dims, norm.mean), Floats("variance", dims, norm.variance)},
                            In(0).flat);
    SetFloat(node, "epsilon", norm.epsilon);
  }

  void operator()(const nn::Clip& clip) {
    if (clip.low == 0.0f && std::isinf(clip.high)) {
      Layer("Relu", {In(0).name}, In(0).flat);
      return;
    }
    const std::string low = std::isinf(clip.low) ? "" : writer_.Float(Name("low"), clip.low);
    const std::string high = std::isinf(clip.high) ? "" : writer_.Float(Name("high"), clip.high);
    Layer("Clip", {In(0).name, low, high}, In(0).flat);
  }

  void operator()(const nn::Add&) {
    if (In(0).flat && In(1).flat) {
      Layer("Add", {In(0).name, In(1).name}, true);
    } else {
      Layer("Add", {Image(0), Image(1)}, false);
    }
  }

  void operator()(const nn::MaxPool& pool) { SetWindow(Layer("MaxPool", {Image(0)}, false), pool.window); }

  void operator()(const nn::AveragePool& pool) {
    NodeProto& node = Layer("AveragePool", {Image(0)}, false);
    SetWindow(node, pool.window);
    SetInt(node, "count_include_pad", pool.count_include_pad ? 1 : 0);
  }

  void operator()(const nn::GlobalAveragePool&) { Layer("GlobalAveragePool", {Image(0)}, false); }
  void operator()(const nn::Flatten&) { SetInt(Layer("Flatten", {In(0).name}, true), "axis", 1); }

  void operator()(const nn::Concat&) {
    std::vector<std::string> parts;
    for (size_t i = 0; i < layer_->inputs.size(); ++i) parts.push_back(Image(int(i)));
    SetInt(Layer("Concat", parts, false), "axis", 1);
  }

  void operator()(const nn::Shift& shift) {
    const ShiftKernels kernels = ToKernels(shift, InputShape());
    const nn::Window& window = kernels.window;
    const std::vector<float> weight(kernels.values.begin(), kernels.values.end());
    NodeProto& node = Layer(
        "Conv", {Image(0), Floats("weight", {InputShape().channels, 1, window.kernel_h, window.kernel_w}, weight)},
        false);
    SetWindow(node, window);
    SetInt(node, "group", InputShape().channels);
  }

  void operator()(const nn::Subsample& sub) {
    const int64_t end = std::numeric_limits<int64_t>::max();
    Layer("Slice",
          {Image(0), Ints("starts", {0, 0}), Ints("ends", {end, end}), Ints("axes", {2, 3}),
           Ints("steps", {sub.stride_h, sub.stride_w})},
          false);
  }

  void operator()(const nn::PadChannels& pad) {
    Layer("Pad", {Image(0), Ints("pads", {0, pad.before, 0, 0, 0, pad.after, 0, 0})}, false);
  }

  void operator()(const nn::Softmax&) { SetInt(Layer("Softmax", {In(0).name}, In(0).flat), "axis", 1); }

 private:
  const Exported& In(int i) const { return tensors_[layer_->inputs[i]]; }
  const nn::Shape& InputShape() const { return network_.layers[layer_->inputs[0]].output; }

  // Input `i` as [batch, channels, height, width].
  std::string Image(int i) {
    if (!In(i).flat) return In(i).name;
    const std::string name = writer_.Unique(In(i).name + ".image");
    writer_.Emit("Unsqueeze", {In(i).name, Ints("axes", {2, 3})}, name);
    return name;
  }

  // Input `i` as [batch, values].
  std::string Flat(int i) {
    if (In(i).flat) return In(i).name;
    const std::string name = writer_.Unique(In(i).name + ".flat");
    SetInt(writer_.Emit("Flatten", {In(i).name}, name), "axis", 1);
    return name;
  }

  // The current layer's own node, and its output tensor.
  NodeProto& Layer(std::string_view op_type, const std::vector<std::string>& inputs, bool flat) {
    const std::string output = is_last_ ? network_.output_name : writer_.Unique(layer_->name + ".output");
    NodeProto& node = writer_.Emit(op_type, inputs, output);
    node.set_name(layer_->name);
    tensors_.push_back({output, flat});
    return node;
  }

  std::string Name(std::string_view role) const { return fmt::format("{}.{}", layer_->name, role); }

  std::string Floats(std::string_view role, const std::vector<int64_t>& dims, std::span<const float> values) {
    return writer_.Floats(Name(role), dims, values);
  }

  std::string Ints(std::string_view role, std::initializer_list<int64_t> values) {
    return writer_.Int64s(Name(role), values);
  }

  const nn::Network& network_;
  GraphWriter writer_;
  std::vector<Exported> tensors_;  // by layer
  const nn::Layer* layer_ = nullptr;
  bool is_last_ = false;
};

}  // namespace

std::string ExportOnnx(const nn::Network& network) { return Exporter(network).Run(); }

}  // namespace colonnade::onnx
