// SPDX-License-Identifier: Apache-2.0
// One function per ONNX operator that turns a node into a layer (or into nothing,
// or a constant). They read all attributes they know, so that Attributes::Finish()
// can find unknown ones.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/onnx/builder.h"
#include "server/onnx/import.h"
#include "server/onnx/node_view.h"

namespace colonnade::onnx {

struct Conversion {
  Verdict verdict = Verdict::kFolded;
  std::string reason;
  Value output;
};

using ConvertFunction = absl::StatusOr<Conversion> (*)(NodeView&, Builder&);

// What is known about an operator before looking at a node.
struct Operator {
  std::string_view op_type;
  ConvertFunction convert = nullptr;
  Verdict usual = Verdict::kFolded;  // for nodes that cannot be examined further
};

const Operator* FindOperator(std::string_view op_type);  // null when not supported

// What to use instead of an operator that is not supported.
std::string_view RemedyFor(std::string_view op_type);

// convert_matrix.cc
absl::StatusOr<Conversion> ConvertConv(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertGemm(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertMatMul(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertBatchNormalization(NodeView& node, Builder& builder);

// convert_pointwise.cc
absl::StatusOr<Conversion> ConvertAdd(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertRelu(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertClip(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertSoftmax(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertIdentity(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertDropout(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertCast(NodeView& node, Builder& builder);

// convert_pool.cc
absl::StatusOr<Conversion> ConvertMaxPool(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertAveragePool(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertGlobalAveragePool(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertReduceMean(NodeView& node, Builder& builder);

// convert_layout.cc
absl::StatusOr<Conversion> ConvertShape(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertFlatten(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertReshape(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertSqueeze(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertUnsqueeze(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertConcat(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertSlice(NodeView& node, Builder& builder);
absl::StatusOr<Conversion> ConvertPad(NodeView& node, Builder& builder);

// Attributes shared by Conv and the pools: kernel_shape, strides, pads, dilations,
// auto_pad. `kernel`: the size the weight has, or empty for pools. `image`: what
// the window slides over, without `border`, which is added to the pads.
absl::StatusOr<nn::Window> ReadWindow(NodeView& node, const std::vector<int64_t>& kernel,
                                      const nn::Shape& image, const Border& border);

// The input as an image of rank 4; `border` allowed for operators that take it over.
absl::StatusOr<Activation> ImageAt(const NodeView& node, int input, bool border);

}  // namespace colonnade::onnx
