// SPDX-License-Identifier: Apache-2.0
// ONNX models in a few lines, valid ones to start from and broken ones to refuse.
#pragma once

#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/onnx/onnx_proto.h"

namespace colonnade::onnx {

class ModelBuilder {
 public:
  // Input "image" [batch, channels, height, width] and opset `opset`.
  explicit ModelBuilder(std::vector<int64_t> image = {2, 6, 6}, int64_t opset = 13) {
    proto.set_ir_version(7);
    proto.add_opset_import()->set_version(opset);
    auto& input = *graph().add_input();
    input.set_name("image");
    auto& type = *input.mutable_type()->mutable_tensor_type();
    type.set_elem_type(TensorProto::FLOAT);
    type.mutable_shape()->add_dim()->set_dim_param("batch");
    for (const int64_t side : image) type.mutable_shape()->add_dim()->set_dim_value(side);
  }

  GraphProto& graph() { return *proto.mutable_graph(); }

  TensorProto& Floats(const std::string& name, std::vector<int64_t> dims, float value = 0.25f) {
    TensorProto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(TensorProto::FLOAT);
    int64_t size = 1;
    for (const int64_t dim : dims) {
      tensor.add_dims(dim);
      size *= dim;
    }
    for (int64_t i = 0; i < size; ++i) tensor.add_float_data(value * float(i % 5 - 2));
    return tensor;
  }

  TensorProto& Ints(const std::string& name, std::vector<int64_t> values) {
    TensorProto& tensor = *graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(TensorProto::INT64);
    tensor.add_dims(int64_t(values.size()));
    for (const int64_t value : values) tensor.add_int64_data(value);
    return tensor;
  }

  // A node named like its output.
  NodeProto& Node(std::string_view op_type, std::vector<std::string> inputs, const std::string& output) {
    NodeProto& node = *graph().add_node();
    node.set_name(output);
    node.set_op_type(std::string(op_type));
    for (const std::string& input : inputs) node.add_input(input);
    node.add_output(output);
    return node;
  }

  void Output(const std::string& name) { graph().add_output()->set_name(name); }

  // `last` flattened to `values`, and a Gemm to three logits.
  void Classifier(const std::string& last, int64_t values) {
    Floats("fc.weight", {3, values});
    Node("Flatten", {last}, "flat");
    SetInt(Node("Gemm", {"flat", "fc.weight"}, "logits"), "transB", 1);
    Output("logits");
  }

  std::string Bytes() const { return proto.SerializeAsString(); }

  static void SetInt(NodeProto& node, std::string_view name, int64_t value) {
    auto& attribute = *node.add_attribute();
    attribute.set_name(std::string(name));
    attribute.set_type(AttributeProto::INT);
    attribute.set_i(value);
  }

  static void SetInts(NodeProto& node, std::string_view name, std::vector<int64_t> values) {
    auto& attribute = *node.add_attribute();
    attribute.set_name(std::string(name));
    attribute.set_type(AttributeProto::INTS);
    for (const int64_t value : values) attribute.add_ints(value);
  }

  static void SetFloat(NodeProto& node, std::string_view name, float value) {
    auto& attribute = *node.add_attribute();
    attribute.set_name(std::string(name));
    attribute.set_type(AttributeProto::FLOAT);
    attribute.set_f(value);
  }

  static void SetString(NodeProto& node, std::string_view name, std::string value) {
    auto& attribute = *node.add_attribute();
    attribute.set_name(std::string(name));
    attribute.set_type(AttributeProto::STRING);
    attribute.set_s(std::move(value));
  }

  ModelProto proto;
};

// image 2x6x6 -> Conv 3x3 to 4 channels -> Relu -> MaxPool 2 -> Flatten -> Gemm.
inline ModelBuilder SmallModel() {
  ModelBuilder model;
  model.Floats("conv.weight", {4, 2, 3, 3});
  model.Floats("conv.bias", {4});
  NodeProto& conv = model.Node("Conv", {"image", "conv.weight", "conv.bias"}, "conv");
  ModelBuilder::SetInts(conv, "pads", {1, 1, 1, 1});
  ModelBuilder::SetInts(conv, "strides", {1, 1});
  model.Node("Relu", {"conv"}, "relu");
  NodeProto& pool = model.Node("MaxPool", {"relu"}, "pool");
  ModelBuilder::SetInts(pool, "kernel_shape", {2, 2});
  ModelBuilder::SetInts(pool, "strides", {2, 2});
  model.Classifier("pool", 36);
  return model;
}

}  // namespace colonnade::onnx
