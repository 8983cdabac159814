// SPDX-License-Identifier: Apache-2.0
// An ONNX model under construction: nodes and constants in the order in which they are
// added, every tensor name unique. Private to server/onnx.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "server/nn/network.h"
#include "server/onnx/onnx_proto.h"

namespace colonnade::onnx {

// Opset 13 of the default domain. References to nodes are valid until the next one is added.
class GraphWriter {
 public:
  // Keeps the names of the graph's input and output from being taken.
  GraphWriter(const std::string& input_name, const std::string& output_name);

  // A name that no tensor has: `name`, with underscores after it when that is taken.
  std::string Unique(std::string name);

  // Empty names at the end of `inputs` are left out; elsewhere they stand for absent ones.
  NodeProto& Emit(std::string_view op_type, const std::vector<std::string>& inputs, const std::string& output);

  // Constants. They return the name given, made unique. A scalar has no dims.
  std::string Floats(std::string_view name, const std::vector<int64_t>& dims, std::span<const float> values);
  std::string Int8s(std::string_view name, const std::vector<int64_t>& dims, std::span<const int8_t> values);
  std::string Int64s(std::string_view name, std::initializer_list<int64_t> values);
  std::string Float(std::string_view name, float value);
  // 0 as INT8 or UINT8.
  std::string ZeroPoint(std::string_view name, bool is_signed);

  // The graph's input and output: `element_type`, [batch, dims...].
  void DeclareInput(const std::string& name, int element_type, const std::vector<int64_t>& dims);
  void DeclareOutput(const std::string& name, int element_type, const std::vector<int64_t>& dims);

  void AddMetadata(const std::string& key, const std::string& value);

  GraphProto& graph() { return *model_.mutable_graph(); }
  std::string Serialize() const { return model_.SerializeAsString(); }

 private:
  std::string Constant(std::string_view name, const std::vector<int64_t>& dims, int type, std::string_view raw);

  ModelProto model_;
  std::unordered_set<std::string> names_;
};

void SetInt(NodeProto& node, std::string_view name, int64_t value);
void SetInts(NodeProto& node, std::string_view name, std::initializer_list<int64_t> values);
void SetFloat(NodeProto& node, std::string_view name, float value);
// Kernel, strides and pads, as convolutions and pools have them; dilations for the former only.
void SetWindow(NodeProto& node, const nn::Window& window);
void SetDilations(NodeProto& node, const nn::Window& window);

}  // namespace colonnade::onnx
