// SPDX-License-Identifier: Apache-2.0
// Source models: pretrained networks as uploaded. They are packed, never served.
#pragma once

#include <string>
#include <vector>

#include "colonnade/common.h"

namespace colonnade::client {

// What becomes of an ONNX node.
enum class Verdict {
  kUnknown = 0,       // a word of a newer server
  kPackable = 1,      // becomes a filter matrix and can be column-combined
  kRunsUnpacked = 2,  // runs on the integer pipeline without a filter matrix
  kFolded = 3,        // folded into another node or a constant
  kRefused = 4,       // cannot be mapped; see reason and remedy
};
const char* Word(Verdict verdict);  // "packable", "runs_unpacked", "folded", "refused"

struct NodeVerdict {
  std::string name;  // or "OpType#index" where the file gives none
  std::string op_type;
  Verdict verdict = Verdict::kUnknown;
  std::string reason;
  std::string remedy;  // what to change in the model; empty unless refused
};

// One filter matrix.
struct LayerReport {
  std::string name;
  int rows = 0;     // filters
  int columns = 0;  // input channels x kernel height x kernel width
  int pixels = 0;   // output pixels of one image
  int64_t nonzeros = 0;
  bool depthwise = false;
};

// What the server found in a model.
struct ModelReport {
  bool accepted = false;  // false when a node is refused
  std::string input_name, output_name;
  Shape input_shape;
  int classes = 0;
  std::vector<NodeVerdict> nodes;   // in the file's order
  std::vector<LayerReport> layers;  // in network order
  int64_t dense_macs = 0;           // multiply-accumulates of one image
  int64_t parameters = 0;           // weights and biases
  std::string producer;
  int opset = 0;
};

struct Model {
  std::string name, tenant;
  Time create_time;
  int64_t size_bytes = 0;
  std::string sha256;  // of the ONNX file, lower-case hexadecimal
  ModelReport report;
};

}  // namespace colonnade::client
