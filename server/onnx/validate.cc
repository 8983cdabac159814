// SPDX-License-Identifier: Apache-2.0
#include "server/onnx/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>

#include "server/base/status.h"
#include "server/onnx/limits.h"
#include "server/onnx/tensor.h"
#include "server/onnx/text.h"

namespace colonnade::onnx {
namespace {

bool IsDefaultDomain(std::string_view domain) { return domain.empty() || domain == "ai.onnx"; }

absl::Status CheckCount(std::string_view field, int64_t found, int64_t limit) {
  if (found <= limit) return absl::OkStatus();
  return absl::ResourceExhaustedError(fmt::format("{}: {} entries; at most {}", field, found, limit));
}

absl::Status CheckOpsets(const ModelProto& model) {
  COLONNADE_RETURN_IF_ERROR(CheckCount("opset_import", model.opset_import_size(), 100));
  int found = 0;
  for (const OperatorSetIdProto& opset : model.opset_import()) {
    if (!IsDefaultDomain(opset.domain())) continue;
    ++found;
    if (opset.version() < kMinOpset || opset.version() > kMaxOpset) {
      return absl::UnimplementedError(
          fmt::format("opset_import: version {} is not supported; export with opset {} to {}",
                      opset.version(), kMinOpset, kMaxOpset));
    }
  }
  if (found == 1) return absl::OkStatus();
  return InvalidField("opset_import", fmt::format("names the default domain {} times; must be once", found));
}

absl::Status CheckUnused(const ModelProto& model) {
  const GraphProto& graph = model.graph();
  if (model.functions_size() > 0) {
    return absl::UnimplementedError(
        "functions: model-local functions are not supported; inline them on export");
  }
  if (model.training_info_size() > 0) {
    return absl::UnimplementedError("training_info: not supported; export the model for inference");
  }
  if (graph.sparse_initializer_size() > 0) {
    return InvalidField("graph.sparse_initializer", "sparse tensors are not supported; store weights dense");
  }
  return absl::OkStatus();
}

absl::Status CheckCounts(const GraphProto& graph) {
  COLONNADE_RETURN_IF_ERROR(CheckCount("graph.node", graph.node_size(), kMaxNodes));
  COLONNADE_RETURN_IF_ERROR(CheckCount("graph.initializer", graph.initializer_size(), kMaxInitializers));
  return CheckCount("graph.input", graph.input_size(), kMaxGraphInputs);
}

absl::Status CheckAttribute(const AttributeProto& attribute, std::string_view node) {
  COLONNADE_RETURN_IF_ERROR(CheckName(attribute.name(), fmt::format("{}.attribute.name", node)));
  const std::string place = fmt::format("{}.{}", node, attribute.name());
  if (!attribute.ref_attr_name().empty()) return InvalidField(place, "refers to a function's attribute");
  switch (attribute.type()) {
    case AttributeProto::FLOAT:
    case AttributeProto::INT:
    case AttributeProto::FLOATS:
    case AttributeProto::INTS:
      return absl::OkStatus();
    case AttributeProto::STRING:
      return int(attribute.s().size()) <= kMaxStringBytes
                 ? absl::OkStatus()
                 : InvalidField(place,
                                fmt::format("{} bytes; at most {}", attribute.s().size(), kMaxStringBytes));
    case AttributeProto::TENSOR:
      return ValidateTensor(attribute.t(), kMaxFoldedValues, place);
    case AttributeProto::UNDEFINED:
      return InvalidField(place, "has no type");
    default:
      break;
  }
  return absl::UnimplementedError(
      fmt::format("{}: attribute type {} (subgraphs, lists of tensors, sparse tensors) is not supported",
                  place, AttributeProto::AttributeType_Name(attribute.type())));
}

absl::Status CheckNodeNames(const NodeProto& node, int index) {
  if (!node.name().empty()) {
    COLONNADE_RETURN_IF_ERROR(CheckName(node.name(), fmt::format("node {}.name", index)));
  }
  return CheckName(node.op_type(), fmt::format("node {}.op_type", index));
}

absl::Status CheckNode(const NodeProto& node, std::string_view place) {
  if (!IsDefaultDomain(node.domain())) {
    return absl::UnimplementedError(fmt::format(
        "{}.domain: '{}' is not supported; only standard ONNX operators are", place, Escape(node.domain())));
  }
  std::unordered_set<std::string_view> names;
  for (const AttributeProto& attribute : node.attribute()) {
    COLONNADE_RETURN_IF_ERROR(CheckAttribute(attribute, place));
    if (!names.insert(attribute.name()).second) {
      return InvalidField(fmt::format("{}.{}", place, attribute.name()), "appears twice");
    }
  }
  return absl::OkStatus();
}

// Single assignment and definition before use, in one pass in file order.
class NameCheck {
 public:
  absl::Status Define(const std::string& name, std::string_view place) {
    COLONNADE_RETURN_IF_ERROR(CheckName(name, place));
    if (defined_.insert(name).second) return absl::OkStatus();
    return InvalidField(place, fmt::format("'{}' is defined twice", name));
  }

  absl::Status Use(const std::string& name, std::string_view place) const {
    if (defined_.contains(name)) return absl::OkStatus();
    return InvalidField(
        place,
        fmt::format("'{}' is not defined before; nodes must be sorted and free of cycles", Escape(name)));
  }

  absl::Status Node(const NodeProto& node, std::string_view place) {
    for (const std::string& input : node.input()) {
      if (!input.empty()) COLONNADE_RETURN_IF_ERROR(Use(input, fmt::format("{}.input", place)));
    }
    bool has_output = false;
    for (const std::string& output : node.output()) {
      if (output.empty()) continue;
      has_output = true;
      COLONNADE_RETURN_IF_ERROR(Define(output, fmt::format("{}.output", place)));
    }
    return has_output ? absl::OkStatus()
                      : InvalidField(fmt::format("{}.output", place), "the node has no output");
  }

 private:
  std::unordered_set<std::string_view> defined_;
};

std::unordered_set<std::string_view> InitializerNames(const GraphProto& graph) {
  std::unordered_set<std::string_view> names;
  for (const TensorProto& tensor : graph.initializer()) names.insert(tensor.name());
  return names;
}

absl::Status CheckGraph(const GraphProto& graph) {
  NameCheck names;
  for (const TensorProto& tensor : graph.initializer()) {
    COLONNADE_RETURN_IF_ERROR(names.Define(tensor.name(), "graph.initializer.name"));
    COLONNADE_RETURN_IF_ERROR(
        ValidateTensor(tensor, kMaxInitializerValues, fmt::format("initializer '{}'", tensor.name())));
  }
  const std::unordered_set<std::string_view> initializers = InitializerNames(graph);
  int images = 0;
  for (const ValueInfoProto& input : graph.input()) {
    if (initializers.contains(input.name())) continue;
    COLONNADE_RETURN_IF_ERROR(names.Define(input.name(), "graph.input.name"));
    ++images;
  }
  if (images != 1) {
    return InvalidField("graph.input",
                        fmt::format("{} inputs without an initializer; must be one image", images));
  }
  for (int i = 0; i < graph.node_size(); ++i) {
    const NodeProto& node = graph.node(i);
    COLONNADE_RETURN_IF_ERROR(CheckNodeNames(node, i));
    const std::string place = NodePlace(node, i);
    COLONNADE_RETURN_IF_ERROR(CheckNode(node, place));
    COLONNADE_RETURN_IF_ERROR(names.Node(node, place));
  }
  if (graph.output_size() != 1) {
    return InvalidField("graph.output",
                        fmt::format("{} outputs; must be one, the logits", graph.output_size()));
  }
  return names.Use(graph.output(0).name(), "graph.output.name");
}

}  // namespace

absl::Status ValidateModel(const ModelProto& model) {
  if (!model.has_graph()) return InvalidField("graph", "is missing; not an ONNX model");
  COLONNADE_RETURN_IF_ERROR(CheckOpsets(model));
  COLONNADE_RETURN_IF_ERROR(CheckUnused(model));
  COLONNADE_RETURN_IF_ERROR(CheckCounts(model.graph()));
  return CheckGraph(model.graph());
}

int Opset(const ModelProto& model) {
  for (const OperatorSetIdProto& opset : model.opset_import()) {
    if (IsDefaultDomain(opset.domain())) return int(opset.version());
  }
  return 0;
}

const ValueInfoProto& ImageInput(const GraphProto& graph) {
  const std::unordered_set<std::string_view> initializers = InitializerNames(graph);
  const auto image = std::find_if(graph.input().begin(), graph.input().end(),
                                  [&](const auto& input) { return !initializers.contains(input.name()); });
  return *image;
}

}  // namespace colonnade::onnx
