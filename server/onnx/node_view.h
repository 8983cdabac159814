// SPDX-License-Identifier: Apache-2.0
// One node as the folding and conversion functions see it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/onnx/attributes.h"
#include "server/onnx/tensor.h"

namespace colonnade::onnx {

// UNIMPLEMENTED with a remedy (RemedyOf) beside the reason. Both are sentences
// without a final dot; the node's place is added by the caller.
absl::Status Refuse(std::string_view reason, std::string_view remedy);
std::string RemedyOf(const absl::Status& status);

// Rows and columns of zeros around an image that a Pad node asked for and that the
// next window takes over.
struct Border {
  int64_t top = 0, left = 0, bottom = 0, right = 0;

  bool empty() const { return top == 0 && left == 0 && bottom == 0 && right == 0; }
};

// A tensor computed from the image: the network's layer that produces it and how
// ONNX sees it, [batch, channels, height, width] (rank 4) or [batch, values] (2).
struct Activation {
  int layer = 0;
  int rank = 4;
  Border border;
  bool single_use = true;  // nobody else reads the layer, under any name
};

// A tensor that depends on a node that was refused before.
struct Unknown {
  std::string refused;  // that node's name
};

// monostate: an optional input that is absent.
using Value = std::variant<std::monostate, Activation, ConstantPtr, Unknown>;

class NodeView {
 public:
  // `node` must outlive the view. `inputs` are its inputs in order.
  NodeView(const NodeProto& node, int index, int opset, std::vector<Value> inputs);

  const std::string& name() const { return name_; }  // display name, see text.h
  const std::string& op_type() const { return node_.op_type(); }
  const std::string& place() const { return attributes.place(); }
  int index() const { return index_; }
  int opset() const { return opset_; }
  int input_count() const { return int(inputs_.size()); }

  bool Has(int input) const;
  bool IsConstant(int input) const;

  // Errors say which input has which other kind.
  absl::StatusOr<Activation> PaddedActivationAt(int input) const;  // border allowed
  absl::StatusOr<Activation> ActivationAt(int input) const;        // border refused
  absl::StatusOr<ConstantPtr> ConstantAt(int input) const;

  // Values of a constant input; `count` of them when count >= 0.
  absl::StatusOr<const std::vector<float>*> FloatsAt(int input, int64_t count) const;
  absl::StatusOr<const std::vector<int64_t>*> IntsAt(int input) const;
  // The only value of a constant.
  absl::StatusOr<float> ScalarAt(int input) const;

  // What moved from attribute `name` to input `input` in opset `since`.
  absl::StatusOr<std::optional<std::vector<int64_t>>> AttributeOrInput(std::string_view name, int input,
                                                                       int since);

  Attributes attributes;

 private:
  std::string name_;
  const NodeProto& node_;
  int index_;
  int opset_;
  std::vector<Value> inputs_;
};

// axis in [0, rank) from one in [-rank, rank).
absl::StatusOr<int> NormalizeAxis(const NodeView& node, int64_t axis, int rank);

// Tells which axes are listed; each at most once.
absl::StatusOr<std::vector<bool>> AxisSet(const NodeView& node, const std::vector<int64_t>& axes, int rank);

}  // namespace colonnade::onnx
