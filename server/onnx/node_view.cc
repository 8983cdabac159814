// SPDX-License-Identifier: Apache-2.0
#include "server/onnx/node_view.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "absl/strings/cord.h"
#include "server/base/status.h"
#include "server/onnx/text.h"

namespace colonnade::onnx {
namespace {

constexpr char kRemedyPayload[] = "colonnade/remedy";

}  // namespace

absl::Status Refuse(std::string_view reason, std::string_view remedy) {
  absl::Status status = absl::UnimplementedError(std::string(reason));
  status.SetPayload(kRemedyPayload, absl::Cord(std::string(remedy)));
  return status;
}

std::string RemedyOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kRemedyPayload);
  return payload ? std::string(*payload) : std::string();
}

NodeView::NodeView(const NodeProto& node, int index, int opset, std::vector<Value> inputs)
    : attributes(node, NodePlace(node, index)),
      name_(DisplayName(node, index)),
      node_(node),
      index_(index),
      opset_(opset),
      inputs_(std::move(inputs)) {}

bool NodeView::Has(int input) const {
  return input < input_count() && !std::holds_alternative<std::monostate>(inputs_[input]);
}

bool NodeView::IsConstant(int input) const {
  return input < input_count() && std::holds_alternative<ConstantPtr>(inputs_[input]);
}

absl::StatusOr<Activation> NodeView::PaddedActivationAt(int input) const {
  if (!Has(input)) return InvalidField(fmt::format("{}.input[{}]", place(), input), "is missing");
  if (const auto* activation = std::get_if<Activation>(&inputs_[input])) return *activation;
  return Refuse(fmt::format("input {} is a constant", input), "compute this node before the export");
}

absl::StatusOr<Activation> NodeView::ActivationAt(int input) const {
  COLONNADE_ASSIGN_OR_RETURN(const Activation activation, PaddedActivationAt(input));
  if (activation.border.empty()) return activation;
  return Refuse(fmt::format("reads a Pad over height and width, which only Conv can take over"),
                "give the padding to the convolution or pooling itself");
}

absl::StatusOr<ConstantPtr> NodeView::ConstantAt(int input) const {
  if (!Has(input)) return InvalidField(fmt::format("{}.input[{}]", place(), input), "is missing");
  if (const auto* constant = std::get_if<ConstantPtr>(&inputs_[input])) return *constant;
  return Refuse(fmt::format("input {} depends on the image; it must be a constant", input),
                "make it a constant or an initializer");
}

absl::StatusOr<const std::vector<float>*> NodeView::FloatsAt(int input, int64_t count) const {
  COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr constant, ConstantAt(input));
  const std::vector<float>* values = constant->floats();
  if (values != nullptr && (count < 0 || int64_t(values->size()) == count)) return values;
  return InvalidField(fmt::format("{}.input[{}]", place(), input),
                      fmt::format("holds {} {} values; must be {} floats", constant->size(),
                                  values ? "float" : "integer", count < 0 ? "some" : std::to_string(count)));
}

absl::StatusOr<const std::vector<int64_t>*> NodeView::IntsAt(int input) const {
  COLONNADE_ASSIGN_OR_RETURN(const ConstantPtr constant, ConstantAt(input));
  if (const std::vector<int64_t>* values = constant->ints()) return values;
  return InvalidField(fmt::format("{}.input[{}]", place(), input), "holds floats; must be integers");
}

absl::StatusOr<float> NodeView::ScalarAt(int input) const {
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<float>* values, FloatsAt(input, 1));
  return values->front();
}

absl::StatusOr<std::optional<std::vector<int64_t>>> NodeView::AttributeOrInput(std::string_view name,
                                                                               int input, int since) {
  if (opset_ < since) {
    return attributes.Ints(name, 0, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
  }
  if (!Has(input)) return std::nullopt;
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<int64_t>* values, IntsAt(input));
  return *values;
}

absl::StatusOr<int> NormalizeAxis(const NodeView& node, int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    return InvalidField(fmt::format("{}.axis", node.place()),
                        fmt::format("is {}; must be {} to {}", axis, -rank, rank - 1));
  }
  return int(axis < 0 ? axis + rank : axis);
}

absl::StatusOr<std::vector<bool>> AxisSet(const NodeView& node, const std::vector<int64_t>& axes, int rank) {
  std::vector<bool> set(rank, false);
  for (const int64_t axis : axes) {
    COLONNADE_ASSIGN_OR_RETURN(const int position, NormalizeAxis(node, axis, rank));
    if (set[position])
      return InvalidField(fmt::format("{}.axes", node.place()), fmt::format("lists {} twice", axis));
    set[position] = true;
  }
  return set;
}

}  // namespace colonnade::onnx
