// SPDX-License-Identifier: Apache-2.0
#include "server/onnx/graph_writer.h"

namespace colonnade::onnx {
namespace {

constexpr int kOpset = 13;
constexpr int kIrVersion = 7;

void Declare(ValueInfoProto& info, const std::string& name, int element_type, const std::vector<int64_t>& dims) {
  info.set_name(name);
  auto& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(element_type);
  type.mutable_shape()->add_dim()->set_dim_param("batch");
  for (const int64_t dim : dims) type.mutable_shape()->add_dim()->set_dim_value(dim);
}

AttributeProto& Attribute(NodeProto& node, std::string_view name, AttributeProto::AttributeType type) {
  AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(std::string(name));
  attribute.set_type(type);
  return attribute;
}

template <typename T>
std::string_view Raw(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

}  // namespace

GraphWriter::GraphWriter(const std::string& input_name, const std::string& output_name)
    : names_{input_name, output_name} {
  model_.set_ir_version(kIrVersion);
  model_.set_producer_name("colonnade");
  OperatorSetIdProto& opset = *model_.add_opset_import();
  opset.set_domain("");
  opset.set_version(kOpset);
  graph().set_name("network");
}

std::string GraphWriter::Unique(std::string name) {
  while (!names_.insert(name).second) name += "_";
  return name;
}

NodeProto& GraphWriter::Emit(std::string_view op_type, const std::vector<std::string>& inputs,
                             const std::string& output) {
  NodeProto& node = *graph().add_node();
  node.set_op_type(std::string(op_type));
  size_t count = inputs.size();
  while (count > 0 && inputs[count - 1].empty()) --count;
  for (size_t i = 0; i < count; ++i) node.add_input(inputs[i]);
  node.add_output(output);
  return node;
}

std::string GraphWriter::Constant(std::string_view name, const std::vector<int64_t>& dims, int type,
                                  std::string_view raw) {
  TensorProto& tensor = *graph().add_initializer();
  tensor.set_name(Unique(std::string(name)));
  tensor.set_data_type(type);
  for (const int64_t dim : dims) tensor.add_dims(dim);
  tensor.set_raw_data(raw.data(), raw.size());
  return tensor.name();
}

std::string GraphWriter::Floats(std::string_view name, const std::vector<int64_t>& dims,
                                std::span<const float> values) {
  return Constant(name, dims, TensorProto::FLOAT, Raw(values));
}

std::string GraphWriter::Int8s(std::string_view name, const std::vector<int64_t>& dims,
                               std::span<const int8_t> values) {
  return Constant(name, dims, TensorProto::INT8, Raw(values));
}

std::string GraphWriter::Int64s(std::string_view name, std::initializer_list<int64_t> values) {
  return Constant(name, {int64_t(values.size())}, TensorProto::INT64, Raw(std::span(values.begin(), values.size())));
}

std::string GraphWriter::Float(std::string_view name, float value) { return Floats(name, {}, {&value, 1}); }

std::string GraphWriter::ZeroPoint(std::string_view name, bool is_signed) {
  return Constant(name, {}, is_signed ? TensorProto::INT8 : TensorProto::UINT8, {"\0", 1});
}

void GraphWriter::DeclareInput(const std::string& name, int element_type, const std::vector<int64_t>& dims) {
  Declare(*graph().add_input(), name, element_type, dims);
}

void GraphWriter::DeclareOutput(const std::string& name, int element_type, const std::vector<int64_t>& dims) {
  Declare(*graph().add_output(), name, element_type, dims);
}

void GraphWriter::AddMetadata(const std::string& key, const std::string& value) {
  auto& entry = *model_.add_metadata_props();
  entry.set_key(key);
  entry.set_value(value);
}

void SetInt(NodeProto& node, std::string_view name, int64_t value) {
  Attribute(node, name, AttributeProto::INT).set_i(value);
}

void SetInts(NodeProto& node, std::string_view name, std::initializer_list<int64_t> values) {
  AttributeProto& attribute = Attribute(node, name, AttributeProto::INTS);
  for (const int64_t value : values) attribute.add_ints(value);
}

void SetFloat(NodeProto& node, std::string_view name, float value) {
  Attribute(node, name, AttributeProto::FLOAT).set_f(value);
}

void SetWindow(NodeProto& node, const nn::Window& w) {
  SetInts(node, "kernel_shape", {w.kernel_h, w.kernel_w});
  SetInts(node, "strides", {w.stride_h, w.stride_w});
  SetInts(node, "pads", {w.pad_top, w.pad_left, w.pad_bottom, w.pad_right});
}

void SetDilations(NodeProto& node, const nn::Window& w) { SetInts(node, "dilations", {w.dilation_h, w.dilation_w}); }

}  // namespace colonnade::onnx
