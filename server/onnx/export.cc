// SPDX-License-Identifier: Apache-2.0
#include "server/onnx/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <unordered_set>
#include <utility>
#include <vector>

#include "server/onnx/onnx_proto.h"

namespace colonnade::onnx {
namespace {

constexpr int kOpset = 13;
constexpr int kIrVersion = 7;

// A layer's tensor: its name and whether ONNX sees it as [batch, values].
struct Exported {
  std::string name;
  bool flat = false;
};

class Exporter {
 public:
  explicit Exporter(const nn::Network& network) : network_(network), graph_(*model_.mutable_graph()) {
    model_.set_ir_version(kIrVersion);
    model_.set_producer_name("colonnade");
    auto* opset = model_.add_opset_import();
    opset->set_domain("");
    opset->set_version(kOpset);
    graph_.set_name("network");
    names_ = {network.input_name, network.output_name};
  }

  std::string Run() {
    const nn::Shape& image = network_.input_shape();
    Declare(*graph_.add_input(), network_.input_name, {image.channels, image.height, image.width});
    tensors_.push_back({network_.input_name, false});
    for (size_t i = 1; i < network_.layers.size(); ++i) {
      layer_ = &network_.layers[i];
      is_last_ = i + 1 == network_.layers.size();
      std::visit(*this, layer_->operation);
    }
    if (network_.layers.size() == 1) Emit("Identity", {network_.input_name}, network_.output_name);
    const nn::Shape& out = network_.output_shape();
    const bool flat = tensors_.back().flat;
    Declare(
        *graph_.add_output(), network_.output_name,
        flat ? std::vector<int64_t>{out.size()} : std::vector<int64_t>{out.channels, out.height, out.width});
    return model_.SerializeAsString();
  }

  void operator()(const nn::Input&) {}

  void operator()(const nn::Convolution& conv) {
    const int64_t per_group = InputShape().channels / conv.groups;
    const std::string weight =
        Floats("weight", {conv.filters, per_group, conv.window.kernel_h, conv.window.kernel_w}, conv.weight);
    NodeProto& node = Layer("Conv", {Image(0), weight, Floats("bias", {conv.filters}, conv.bias)}, false);
    SetWindow(node, conv.window);
    SetInts(node, "dilations", {conv.window.dilation_h, conv.window.dilation_w});
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
    auto& epsilon = *node.add_attribute();
    epsilon.set_name("epsilon");
    epsilon.set_type(AttributeProto::FLOAT);
    epsilon.set_f(norm.epsilon);
  }

  void operator()(const nn::Clip& clip) {
    if (clip.low == 0.0f && std::isinf(clip.high)) {
      Layer("Relu", {In(0).name}, In(0).flat);
      return;
    }
    const std::string low = std::isinf(clip.low) ? "" : Floats("low", {}, {clip.low});
    const std::string high = std::isinf(clip.high) ? "" : Floats("high", {}, {clip.high});
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

  // Offsets beyond the image are all the same: nothing is left of it.
  void operator()(const nn::Shift& shift) {
    const nn::Shape& in = InputShape();
    const Axis h = Span(shift.dy, in.height), w = Span(shift.dx, in.width);
    const int taps = h.kernel() * w.kernel();
    std::vector<float> weight(size_t(in.channels) * taps, 0.0f);
    for (int c = 0; c < in.channels; ++c) {
      const int y = std::clamp(shift.dy[c], -in.height, in.height) + h.before;
      const int x = std::clamp(shift.dx[c], -in.width, in.width) + w.before;
      weight[size_t(c) * taps + y * w.kernel() + x] = 1.0f;
    }
    const std::string name = Floats("weight", {in.channels, 1, h.kernel(), w.kernel()}, weight);
    NodeProto& node = Layer("Conv", {Image(0), name}, false);
    SetWindow(node,
              {h.kernel(), w.kernel(), shift.stride_h, shift.stride_w, h.before, w.before, h.after, w.after});
    SetInt(node, "group", in.channels);
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
  // Pixels that a Shift's offsets reach before and after a position.
  struct Axis {
    int before, after;
    int kernel() const { return before + after + 1; }
  };

  static Axis Span(const std::vector<int>& offsets, int size) {
    Axis axis{0, 0};
    for (const int offset : offsets) {
      axis.before = std::max(axis.before, std::min(-offset, size));
      axis.after = std::max(axis.after, std::min(offset, size));
    }
    return axis;
  }

  const Exported& In(int i) const { return tensors_[layer_->inputs[i]]; }
  const nn::Shape& InputShape() const { return network_.layers[layer_->inputs[0]].output; }

  // Input `i` as [batch, channels, height, width].
  std::string Image(int i) {
    if (!In(i).flat) return In(i).name;
    const std::string name = Unique(In(i).name + ".image");
    Emit("Unsqueeze", {In(i).name, Ints("axes", {2, 3})}, name);
    return name;
  }

  // Input `i` as [batch, values].
  std::string Flat(int i) {
    if (In(i).flat) return In(i).name;
    const std::string name = Unique(In(i).name + ".flat");
    SetInt(Emit("Flatten", {In(i).name}, name), "axis", 1);
    return name;
  }

  std::string Unique(std::string name) {
    while (!names_.insert(name).second) name += "_";
    return name;
  }

  NodeProto& Emit(std::string_view op_type, const std::vector<std::string>& inputs,
                  const std::string& output) {
    NodeProto& node = *graph_.add_node();
    node.set_op_type(std::string(op_type));
    size_t count = inputs.size();
    while (count > 0 && inputs[count - 1].empty()) --count;
    for (size_t i = 0; i < count; ++i) node.add_input(inputs[i]);
    node.add_output(output);
    return node;
  }

  // The current layer's own node, and its output tensor.
  NodeProto& Layer(std::string_view op_type, const std::vector<std::string>& inputs, bool flat) {
    const std::string output = is_last_ ? network_.output_name : Unique(layer_->name + ".output");
    NodeProto& node = Emit(op_type, inputs, output);
    node.set_name(layer_->name);
    tensors_.push_back({output, flat});
    return node;
  }

  TensorProto& Initializer(std::string_view role, const std::vector<int64_t>& dims, int type) {
    TensorProto& tensor = *graph_.add_initializer();
    tensor.set_name(Unique(fmt::format("{}.{}", layer_->name, role)));
    tensor.set_data_type(type);
    for (const int64_t dim : dims) tensor.add_dims(dim);
    return tensor;
  }

  std::string Floats(std::string_view role, const std::vector<int64_t>& dims, std::span<const float> values) {
    TensorProto& tensor = Initializer(role, dims, TensorProto::FLOAT);
    tensor.set_raw_data(values.data(), values.size_bytes());
    return tensor.name();
  }

  std::string Floats(std::string_view role, const std::vector<int64_t>& dims,
                     std::initializer_list<float> values) {
    return Floats(role, dims, std::span(values.begin(), values.size()));
  }

  std::string Ints(std::string_view role, std::initializer_list<int64_t> values) {
    TensorProto& tensor = Initializer(role, {int64_t(values.size())}, TensorProto::INT64);
    tensor.set_raw_data(values.begin(), values.size() * sizeof(int64_t));
    return tensor.name();
  }

  static void SetInt(NodeProto& node, std::string_view name, int64_t value) {
    auto& attribute = *node.add_attribute();
    attribute.set_name(std::string(name));
    attribute.set_type(AttributeProto::INT);
    attribute.set_i(value);
  }

  static void SetInts(NodeProto& node, std::string_view name, std::initializer_list<int64_t> values) {
    auto& attribute = *node.add_attribute();
    attribute.set_name(std::string(name));
    attribute.set_type(AttributeProto::INTS);
    for (const int64_t value : values) attribute.add_ints(value);
  }

  static void SetWindow(NodeProto& node, const nn::Window& w) {
    SetInts(node, "kernel_shape", {w.kernel_h, w.kernel_w});
    SetInts(node, "strides", {w.stride_h, w.stride_w});
    SetInts(node, "pads", {w.pad_top, w.pad_left, w.pad_bottom, w.pad_right});
  }

  static void Declare(ValueInfoProto& info, const std::string& name, const std::vector<int64_t>& dims) {
    info.set_name(name);
    auto& type = *info.mutable_type()->mutable_tensor_type();
    type.set_elem_type(TensorProto::FLOAT);
    type.mutable_shape()->add_dim()->set_dim_param("batch");
    for (const int64_t dim : dims) type.mutable_shape()->add_dim()->set_dim_value(dim);
  }

  const nn::Network& network_;
  ModelProto model_;
  GraphProto& graph_;
  std::unordered_set<std::string> names_;
  std::vector<Exported> tensors_;  // by layer
  const nn::Layer* layer_ = nullptr;
  bool is_last_ = false;
};

}  // namespace

std::string ExportOnnx(const nn::Network& network) { return Exporter(network).Run(); }

}  // namespace colonnade::onnx
