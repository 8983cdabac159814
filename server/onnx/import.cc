// SPDX-License-Identifier: Apache-2.0
#include "server/onnx/import.h"

#include <fmt/format.h>
#include <google/protobuf/arena.h>

#include <algorithm>
#include <new>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>

#include "server/base/status.h"
#include "server/nn/transforms.h"
#include "server/onnx/builder.h"
#include "server/onnx/convert.h"
#include "server/onnx/fold.h"
#include "server/onnx/limits.h"
#include "server/onnx/scan_wire.h"
#include "server/onnx/text.h"
#include "server/onnx/validate.h"

namespace colonnade::onnx {
namespace {

constexpr char kFoldedReason[] = "computed on import";

struct Image {
  nn::Shape shape;
  int64_t batch = kBatchSize;
};

absl::StatusOr<Image> ReadImage(const ValueInfoProto& input) {
  const std::string field = fmt::format("graph.input '{}'", input.name());
  const auto& type = input.type().tensor_type();
  if (type.elem_type() != TensorProto::FLOAT) {
    return absl::UnimplementedError(
        fmt::format("{}.elem_type: is {}; must be float32", field, type.elem_type()));
  }
  const TensorShapeProto& shape = type.shape();
  if (shape.dim_size() != 4) {
    return absl::UnimplementedError(
        fmt::format("{}.shape: has {} dims; must be an image, [batch, channels, height, width]", field,
                    shape.dim_size()));
  }
  int sides[4];
  for (int i = 0; i < 4; ++i) {
    const bool free = i == 0 && !shape.dim(i).has_dim_value();
    const int64_t side = free ? 1 : shape.dim(i).dim_value();
    if (side < 1 || side > kMaxImageSide) {
      return InvalidField(fmt::format("{}.shape[{}]", field, i),
                          fmt::format("is {}; must be a fixed size, 1 to {}", side, kMaxImageSide));
    }
    sides[i] = int(side);
  }
  return Image{{sides[1], sides[2], sides[3]}, shape.dim(0).has_dim_value() ? sides[0] : kBatchSize};
}

int64_t InitializerValues(const GraphProto& graph) {
  int64_t total = 0;
  for (const TensorProto& tensor : graph.initializer()) {
    int64_t size = 1;  // validated: no product overflows
    for (const int64_t dim : tensor.dims()) size *= dim;
    total += size;
  }
  return total;
}

// Walks the nodes in file order and keeps the value of every tensor name.
class Examiner {
 public:
  Examiner(const GraphProto& graph, int opset, const Image& image)
      : graph_(graph),
        opset_(opset),
        budget_(InitializerValues(graph)),
        builder_(ImageInput(graph).name(), image.shape, image.batch, InitializerValues(graph)) {
    for (const TensorProto& tensor : graph.initializer()) initializers_[tensor.name()] = &tensor;
    for (const NodeProto& node : graph.node()) {
      for (const std::string& input : node.input()) ++uses_[input];
    }
    ++uses_[graph.output(0).name()];
    values_[ImageInput(graph).name()] = Activation{0, 4, {}, uses_[ImageInput(graph).name()] == 1};
  }

  // One verdict per node. An error only when examining further makes no sense.
  absl::Status Run(std::vector<NodeVerdict>& verdicts) {
    const std::vector<bool> needed = NeededNodes();
    for (int i = 0; i < graph_.node_size(); ++i) {
      const NodeProto& node = graph_.node(i);
      verdicts.push_back(
          {DisplayName(node, i), node.op_type(), Verdict::kFolded, "does not lead to the output", ""});
      if (needed[i]) COLONNADE_RETURN_IF_ERROR(Examine(node, i, verdicts.back()));
    }
    return absl::OkStatus();
  }

  // The finished network, or why there is none.
  absl::StatusOr<nn::Network> Finish() && {
    if (!refusal_.ok()) {
      if (refused_ == 1) return refusal_;
      absl::Status status(refusal_.code(),
                          fmt::format("{} (and {} more nodes)", Message(refusal_), refused_ - 1));
      return status;
    }
    const std::string& name = graph_.output(0).name();
    const Value value = Lookup(name);
    const auto* output = std::get_if<Activation>(&value);
    if (output == nullptr || !output->border.empty()) {
      return InvalidField("graph.output", fmt::format("'{}' is not computed from the image", name));
    }
    const nn::Shape shape = builder_.shape(*output);
    if (shape.height != 1 || shape.width != 1) {
      return absl::UnimplementedError(fmt::format(
          "graph.output: '{}' is {}; must be logits: end with a global average or Flatten, and Gemm", name,
          nn::ToString(shape)));
    }
    nn::Network network = nn::KeepOnly(std::move(builder_).Finish(name), output->layer);
    if (std::none_of(network.layers.begin(), network.layers.end(),
                     [](const auto& l) { return l.is_matrix(); })) {
      return InvalidField("graph", "holds no convolution and no linear layer to pack");
    }
    COLONNADE_RETURN_IF_ERROR(nn::InferShapes(network));
    return network;
  }

 private:
  // Nodes that the output depends on.
  std::vector<bool> NeededNodes() const {
    std::unordered_map<std::string_view, int> producer;
    for (int i = 0; i < graph_.node_size(); ++i) {
      for (const std::string& output : graph_.node(i).output()) producer[output] = i;
    }
    std::vector<bool> needed(graph_.node_size(), false);
    std::vector<std::string_view> open = {graph_.output(0).name()};
    while (!open.empty()) {
      const auto found = open.back().empty() ? producer.end() : producer.find(open.back());
      open.pop_back();
      if (found == producer.end() || needed[found->second]) continue;
      needed[found->second] = true;
      for (const std::string& input : graph_.node(found->second).input()) open.push_back(input);
    }
    return needed;
  }

  Value Lookup(std::string_view name) {
    if (name.empty()) return std::monostate{};
    if (const auto found = values_.find(name); found != values_.end()) return found->second;
    const ConstantPtr constant = std::make_shared<const Constant>(Decode(*initializers_.at(name)));
    return values_[name] = constant;
  }

  absl::Status Examine(const NodeProto& node, int index, NodeVerdict& verdict) {
    std::vector<Value> inputs;
    for (const std::string& input : node.input()) inputs.push_back(Lookup(input));
    absl::StatusOr<Conversion> conversion = Convert(node, index, std::move(inputs));
    if (absl::IsResourceExhausted(conversion.status())) {
      return Annotate(conversion.status(), NodePlace(node, index));
    }
    if (!conversion.ok()) {
      Refused(node, index, conversion.status(), verdict);
      return absl::OkStatus();
    }
    verdict.verdict = conversion->verdict;
    verdict.reason = std::move(conversion->reason);
    Define(node, std::move(conversion->output));
    return absl::OkStatus();
  }

  void Define(const NodeProto& node, Value value) {
    if (auto* activation = std::get_if<Activation>(&value)) {
      activation->single_use = activation->single_use && uses_[node.output(0)] == 1;
    }
    for (const std::string& output : node.output()) {
      if (!output.empty()) values_[output] = value;
    }
  }

  absl::StatusOr<Conversion> Convert(const NodeProto& node, int index, std::vector<Value> inputs) {
    for (int i = 1; i < node.output_size(); ++i) {
      if (!node.output(i).empty() && uses_.contains(node.output(i))) {
        return Refuse(fmt::format("output {} is used", i), "use only the first output of each node");
      }
    }
    const Operator* known = FindOperator(node.op_type());
    const FoldFunction fold = FindFold(node.op_type());
    if (known == nullptr && fold == nullptr) {
      return Refuse("the operator is not supported", RemedyFor(node.op_type()));
    }
    bool constant = true;
    for (const Value& input : inputs) {
      if (const auto* unknown = std::get_if<Unknown>(&input)) {
        return Conversion{known ? known->usual : Verdict::kFolded,
                          fmt::format("not examined: depends on '{}'", unknown->refused), *unknown};
      }
      constant = constant && !std::holds_alternative<Activation>(input);
    }
    NodeView view(node, index, opset_, std::move(inputs));
    Conversion conversion{Verdict::kFolded, kFoldedReason, {}};
    if (fold != nullptr && constant) {
      COLONNADE_ASSIGN_OR_RETURN(conversion.output, fold(view, budget_));
    } else if (known != nullptr) {
      COLONNADE_ASSIGN_OR_RETURN(conversion, known->convert(view, builder_));
    } else {
      return Refuse("the operator is supported on constants only", RemedyFor(node.op_type()));
    }
    COLONNADE_RETURN_IF_ERROR(view.attributes.Finish());
    return conversion;
  }

  void Refused(const NodeProto& node, int index, const absl::Status& status, NodeVerdict& verdict) {
    const std::string place = NodePlace(node, index);
    verdict.verdict = Verdict::kRefused;
    verdict.reason = std::string(Message(status));
    if (verdict.reason.starts_with(place + ".")) verdict.reason.erase(0, place.size() + 1);
    verdict.remedy = RemedyOf(status);
    if (verdict.remedy.empty()) verdict.remedy = "correct the model or export it again";
    Define(node, Unknown{verdict.name});
    if (refused_++ > 0) return;
    refusal_ = FieldOf(status).empty() ? Annotate(status, place) : status;
    if (!RemedyOf(status).empty()) {
      refusal_ = absl::Status(status.code(), fmt::format("{}; {}", Message(refusal_), RemedyOf(status)));
    }
  }

  const GraphProto& graph_;
  int opset_;
  FoldBudget budget_;
  Builder builder_;
  std::unordered_map<std::string_view, const TensorProto*> initializers_;
  std::unordered_map<std::string_view, int> uses_;
  std::unordered_map<std::string_view, Value> values_;
  absl::Status refusal_;  // of the first refused node
  int refused_ = 0;
};

absl::Status Parse(std::string_view bytes, ModelProto& model) {
  if (bytes.empty()) return InvalidField("model", "is empty");
  if (int64_t(bytes.size()) > kMaxModelBytes) {
    return absl::ResourceExhaustedError(
        fmt::format("model: {} bytes; at most {}", bytes.size(), kMaxModelBytes));
  }
  COLONNADE_RETURN_IF_ERROR(ScanWire(bytes));
  if (!model.ParseFromArray(bytes.data(), int(bytes.size()))) {
    return InvalidField("model", "not an ONNX file, or cut off");
  }
  return absl::OkStatus();
}

absl::Status Examine(std::string_view bytes, Imported& imported) {
  google::protobuf::Arena arena;
  auto& model = *google::protobuf::Arena::CreateMessage<ModelProto>(&arena);
  COLONNADE_RETURN_IF_ERROR(Parse(bytes, model));
  imported.producer = Escape(model.producer_name());
  if (!model.producer_version().empty()) {
    imported.producer = fmt::format("{} {}", imported.producer, Escape(model.producer_version()));
  }
  COLONNADE_RETURN_IF_ERROR(ValidateModel(model));
  imported.opset = Opset(model);
  COLONNADE_ASSIGN_OR_RETURN(const Image image, ReadImage(ImageInput(model.graph())));
  Examiner examiner(model.graph(), imported.opset, image);
  COLONNADE_RETURN_IF_ERROR(examiner.Run(imported.verdicts));
  COLONNADE_ASSIGN_OR_RETURN(imported.network, std::move(examiner).Finish());
  return absl::OkStatus();
}

}  // namespace

std::string_view ToString(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPackable:
      return "packable";
    case Verdict::kRunsUnpacked:
      return "runs unpacked";
    case Verdict::kFolded:
      return "folded";
    case Verdict::kRefused:
      return "refused";
  }
  return "invalid";
}

// The allocator's exception is the only one that parsing can raise; it ends here.
Examination ExamineOnnx(std::string_view bytes) {
  Examination examination;
  try {
    examination.status = Examine(bytes, examination.imported);
  } catch (const std::bad_alloc&) {
    examination.status = absl::ResourceExhaustedError("model: examining it takes more memory than allowed");
  }
  return examination;
}

absl::StatusOr<Imported> ImportOnnx(std::string_view bytes) {
  Examination examination = ExamineOnnx(bytes);
  COLONNADE_RETURN_IF_ERROR(examination.status);
  return std::move(examination.imported);
}

}  // namespace colonnade::onnx
