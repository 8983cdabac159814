// SPDX-License-Identifier: Apache-2.0
// A QDQ model without its rounding, which ImportOnnx() reads: constants are dequantized,
// a tensor's QuantizeLinear is a Clip to what it saturates to, and what additions and
// averages are raised by is left out. Since the importer wants at least one layer to pack, it
// starts with a convolution that doubles the input: half of every value is what it takes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/onnx/onnx_proto.h"

namespace colonnade::onnx {

class QdqStripper {
 public:
  explicit QdqStripper(const std::string& bytes) {
    model_.ParseFromString(bytes);
    for (const TensorProto& tensor : model_.graph().initializer()) constants_[tensor.name()] = tensor;
  }

  std::string Run() {
    const GraphProto before = model_.graph();
    graph().clear_node();
    graph().clear_initializer();
    Double(before.input(0));
    for (const NodeProto& node : before.node()) {
      if (node.op_type() == "QuantizeLinear") {
        Saturate(node);
      } else if (node.name().ends_with(".raised")) {
        AddNode("Identity", {node.input(0)}, node.output(0));
      } else if (node.op_type() != "DequantizeLinear") {
        Copy(node);
      } else if (constants_.contains(node.input(0))) {
        Dequantize(node);
      } else {
        AddNode("Identity", {node.input(0)}, node.output(0));
      }
    }
    return model_.SerializeAsString();
  }

 private:
  GraphProto& graph() { return *model_.mutable_graph(); }

  void AddNode(const std::string& op_type, const std::vector<std::string>& inputs, const std::string& output) {
    NodeProto& node = *graph().add_node();
    node.set_op_type(op_type);
    node.set_name(output);
    for (const std::string& input : inputs) node.add_input(input == input_ ? doubled_ : input);
    node.add_output(output);
  }

  void Double(const ValueInfoProto& input) {
    const int64_t channels = input.type().tensor_type().shape().dim(1).dim_value();
    TensorProto shape;
    for (const int64_t dim : {channels, channels, int64_t{1}, int64_t{1}}) shape.add_dims(dim);
    std::vector<float> weight(size_t(channels * channels));
    for (int64_t c = 0; c < channels; ++c) weight[size_t(c * channels + c)] = 2;
    AddFloats("double.weight", weight, &shape);
    AddNode("Conv", {input.name(), "double.weight"}, doubled_);
    input_ = input.name();
  }

  void AddFloats(const std::string& name, const std::vector<float>& values, const TensorProto* shape = nullptr) {
    TensorProto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(TensorProto::FLOAT);
    if (shape) *tensor.mutable_dims() = shape->dims();
    tensor.set_raw_data(values.data(), values.size() * sizeof(float));
  }

  std::vector<float> Floats(const std::string& name) const {
    const std::string& raw = constants_.at(name).raw_data();
    const auto* values = reinterpret_cast<const float*>(raw.data());
    return {values, values + raw.size() / sizeof(float)};
  }

  void Dequantize(const NodeProto& node) {
    const TensorProto& stored = constants_.at(node.input(0));
    const std::vector<float> scales = Floats(node.input(1));
    const size_t size = stored.raw_data().size();
    std::vector<float> values;
    for (size_t i = 0; i < size; ++i) {
      values.push_back(float(int8_t(stored.raw_data()[i])) * scales[i * scales.size() / size]);
    }
    AddFloats(node.output(0), values, &stored);
  }

  void Saturate(const NodeProto& node) {
    const bool is_signed = constants_.at(node.input(2)).data_type() == TensorProto::INT8;
    const float scale = Floats(node.input(1))[0];
    const std::string& output = node.output(0);
    AddFloats(output + ".lowest", {is_signed ? -128 * scale : 0});
    AddFloats(output + ".highest", {(is_signed ? 127 : 255) * scale});
    AddNode("Clip", {node.input(0), output + ".lowest", output + ".highest"}, output);
  }

  void Copy(const NodeProto& node) {
    for (const std::string& input : node.input()) {
      const auto found = constants_.find(input);
      if (found != constants_.end()) *graph().add_initializer() = found->second;
    }
    *graph().add_node() = node;
  }

  ModelProto model_;
  std::string input_;
  const std::string doubled_ = "double.output";
  std::map<std::string, TensorProto> constants_;
};

inline std::string StripQdq(const std::string& bytes) { return QdqStripper(bytes).Run(); }

}  // namespace colonnade::onnx
