// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "server/onnx/convert.h"

namespace colonnade::onnx {
namespace {

constexpr Operator kOperators[] = {
    {"Add", ConvertAdd, Verdict::kRunsUnpacked},
    {"AveragePool", ConvertAveragePool, Verdict::kRunsUnpacked},
    {"BatchNormalization", ConvertBatchNormalization, Verdict::kFolded},
    {"Cast", ConvertCast, Verdict::kFolded},
    {"Clip", ConvertClip, Verdict::kRunsUnpacked},
    {"Concat", ConvertConcat, Verdict::kRunsUnpacked},
    {"Conv", ConvertConv, Verdict::kPackable},
    {"Dropout", ConvertDropout, Verdict::kFolded},
    {"Flatten", ConvertFlatten, Verdict::kFolded},
    {"Gemm", ConvertGemm, Verdict::kPackable},
    {"GlobalAveragePool", ConvertGlobalAveragePool, Verdict::kRunsUnpacked},
    {"Identity", ConvertIdentity, Verdict::kFolded},
    {"MatMul", ConvertMatMul, Verdict::kPackable},
    {"MaxPool", ConvertMaxPool, Verdict::kRunsUnpacked},
    {"Pad", ConvertPad, Verdict::kRunsUnpacked},
    {"ReduceMean", ConvertReduceMean, Verdict::kRunsUnpacked},
    {"Relu", ConvertRelu, Verdict::kRunsUnpacked},
    {"Reshape", ConvertReshape, Verdict::kFolded},
    {"Shape", ConvertShape, Verdict::kFolded},
    {"Slice", ConvertSlice, Verdict::kRunsUnpacked},
    {"Softmax", ConvertSoftmax, Verdict::kRunsUnpacked},
    {"Squeeze", ConvertSqueeze, Verdict::kFolded},
    {"Unsqueeze", ConvertUnsqueeze, Verdict::kFolded},
};

constexpr std::string_view kUseRelu = "retrain with Relu or Clip (ReLU6)";
constexpr std::string_view kUseBatchNorm = "use BatchNormalization, which folds into the convolution";
constexpr std::string_view kNoSubgraphs = "export without control flow, for instance by tracing";

constexpr std::pair<std::string_view, std::string_view> kRemedies[] = {
    {"Celu", kUseRelu},
    {"ConvTranspose", "upsampling networks are not supported; only classifiers are"},
    {"DequantizeLinear", "export the float model; quantization is done here"},
    {"Elu", kUseRelu},
    {"Gelu", kUseRelu},
    {"GlobalMaxPool", "use MaxPool with the image as kernel"},
    {"HardSigmoid", kUseRelu},
    {"HardSwish", kUseRelu},
    {"If", kNoSubgraphs},
    {"InstanceNormalization", kUseBatchNorm},
    {"LayerNormalization", kUseBatchNorm},
    {"LeakyRelu", kUseRelu},
    {"LogSoftmax", "export the logits, without LogSoftmax"},
    {"Loop", kNoSubgraphs},
    {"Mish", kUseRelu},
    {"PRelu", kUseRelu},
    {"QuantizeLinear", "export the float model; quantization is done here"},
    {"Resize", "upsampling networks are not supported; only classifiers are"},
    {"Scan", kNoSubgraphs},
    {"Selu", kUseRelu},
    {"Sigmoid", kUseRelu},
    {"Softplus", kUseRelu},
    {"Tanh", kUseRelu},
    {"Upsample", "upsampling networks are not supported; only classifiers are"},
};

}  // namespace

const Operator* FindOperator(std::string_view op_type) {
  for (const Operator& entry : kOperators) {
    if (entry.op_type == op_type) return &entry;
  }
  return nullptr;
}

std::string_view RemedyFor(std::string_view op_type) {
  for (const auto& [name, remedy] : kRemedies) {
    if (name == op_type) return remedy;
  }
  return "rebuild it from supported operators: Conv, Gemm, MatMul, BatchNormalization, Relu, Clip, Add, "
         "Concat, "
         "MaxPool, AveragePool, GlobalAveragePool, ReduceMean, Flatten, Reshape, Slice, Pad, Softmax at the "
         "end";
}

}  // namespace colonnade::onnx
