// SPDX-License-Identifier: Apache-2.0
// An integer network as an ONNX file that runtimes run as it is quantized (QDQ form).
//
// Plain ONNX of opset 13 for a batch of any size. Every tensor of the network passes a
// QuantizeLinear and a DequantizeLinear with its scale: UINT8 where it is unsigned, INT8
// where it is signed, zero point 0. Between them layers compute in floats, which a runtime
// may replace by integers:
//
//   matrix layer   Conv, or Gemm on a flat vector; INT8 weights with one scale per filter
//                  (axis 0), FLOAT bias
//   residual       Add before the only QuantizeLinear, so that it is rounded once
//   clipping       what QuantizeLinear saturates needs no node; narrower ranges are a Clip
//   shift          depthwise Conv with one-hot kernels
//   subsample, pad channels, concatenation, flatten, pools    Slice, Pad, Concat, ...
//
// Node names are the layers' names. A block-diagonal matrix becomes a grouped Conv.
//
// QuantizeLinear rounds halves to even, we round them up. Therefore whatever is rounded lies
// a fraction of the accumulator's step higher than it should (export_qdq.cc says how), which
// decides halves and nothing else. A runtime may still give a value one unit lower where it
// rounds biases to integers and the tensor is signed, and where an accumulator exceeds 2^22.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/quant/quantized_network.h"

namespace colonnade::onnx {

// The input is raw pixels: UINT8, normalized inside the graph, x = (pixel / 255 - mean) /
// deviation. One value per channel each.
struct PixelInput {
  std::vector<double> mean, deviation;
};

struct QdqOptions {
  std::optional<PixelInput> pixels;                           // else the input is FLOAT, normalized
  std::vector<std::pair<std::string, std::string>> metadata;  // metadata_props of the model
};

// Input [batch, channels, height, width]; output FLOAT [batch, values], the logits, or
// after the network's Softmax their shares. FAILED_PRECONDITION when a scale is no normal
// 32-bit float, as in no network that comes from calibration. REQUIRES: quant::Check().
absl::StatusOr<std::string> ExportQdq(const quant::QuantizedNetwork& network, const QdqOptions& options = {});

}  // namespace colonnade::onnx
