// SPDX-License-Identifier: Apache-2.0
// ONNX bytes to a Network, for bytes from anyone: nothing in them can crash the
// process, open a file or make it allocate more than a few times their size.
//
// What is understood: opset 7 to 18 of the default domain, float32 weights, one
// image input [batch, channels, height, width] with fixed sizes, one output of
// logits, and the operations that exporters write for plain convolutional nets
// (server/onnx/operators.cc). Constant subgraphs, such as PyTorch writes around
// Pad and Reshape, are computed. A depthwise convolution with one-hot kernels
// becomes a Shift; strided Slices become a Subsample, Pad on channels PadChannels.
//
// The steps, each a file of its own:
//   scan_wire    counts and nesting depth, before protobuf allocates anything
//   validate     names, order, duplicates, tensors, attributes, opset
//   examine      node by node in file order: fold to a constant, or convert
//   InferShapes  the finished Network once more as a whole
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/nn/network.h"

namespace colonnade::onnx {

enum class Verdict {
  kPackable,      // becomes a filter matrix
  kRunsUnpacked,  // runs on the integer pipeline without a filter matrix
  kFolded,        // goes into another node or a constant; free at run time
  kRefused,       // cannot be mapped
};

std::string_view ToString(Verdict verdict);  // "packable", "runs unpacked", "folded", "refused"

struct NodeVerdict {
  std::string name;  // the node's, or "OpType#index" where the file gives none
  std::string op_type;
  Verdict verdict = Verdict::kFolded;
  std::string reason;  // what becomes of the node, or what is wrong with it
  std::string remedy;  // what to change in the model; empty unless refused
};

struct Imported {
  nn::Network network;                // BatchNorms kept, see nn/transforms.h
  std::vector<NodeVerdict> verdicts;  // one per node, in the file's order
  std::string producer;               // tool and version as written in the file, printable
  int opset = 0;                      // of the default domain
};

// `status` OK: everything in `imported` is valid. Otherwise the network is not,
// and the rest is filled as far as the examination came; verdicts are there once
// the file's structure is sound.
//   INVALID_ARGUMENT    malformed: names node or tensor, field, found and allowed
//   UNIMPLEMENTED       well-formed, but not something we can map: the first
//                       refused node with reason and remedy
//   RESOURCE_EXHAUSTED  larger than the limits of server/onnx/limits.h
struct Examination {
  absl::Status status;
  Imported imported;
};

// Thread-safe; keeps nothing of `bytes`.
Examination ExamineOnnx(std::string_view bytes);

// ExamineOnnx() for callers that need no verdicts on a refused model.
absl::StatusOr<Imported> ImportOnnx(std::string_view bytes);

}  // namespace colonnade::onnx
