// SPDX-License-Identifier: Apache-2.0
// The integer network: what remains of a Network once BatchNorms are folded,
// activations fused and every number is an integer. It defines the result; the
// ArrayProgram made from it (compiler/) must compute exactly the same.
//
// Scales: real value = tensor.scale * q. Tensors that meet in an Add have scales
// that differ by a power of two; a filter's weight scale is chosen so that
// weight scale * input scale / output scale = 2^-shift (design: no multipliers).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "server/nn/filter_matrix.h"
#include "server/nn/network.h"
#include "server/quant/requantization.h"

namespace colonnade::quant {

// One activation tensor, one image. 8-bit values; unsigned when it cannot be
// negative. See requantization.h for q and byte.
struct Tensor {
  std::string name;
  nn::Shape shape;
  double scale = 1.0;      // > 0, finite
  bool is_signed = false;

  int zero_point() const { return is_signed ? kSignedZeroPoint : 0; }
  int lowest() const { return is_signed ? -128 : 0; }
  int highest() const { return is_signed ? 127 : 255; }
};

// int8 weights in the layout of nn::FilterMatrix, each in -127..127.
struct WeightMatrix {
  int rows = 0;
  int columns = 0;
  std::vector<int8_t> values;            // [rows][columns]
  std::vector<nn::Column> column_sites;  // [columns]

  int8_t at(int row, int column) const { return values[size_t(row) * columns + column]; }
};

// A tensor added to a matrix layer's accumulator before its only rounding: it
// contributes (byte - zero point) * 2^(shift[row] + exponent), where 2^exponent =
// residual scale / output scale. shift[row] + exponent >= 0 for every row.
struct Residual {
  int tensor = 0;
  int exponent = 0;
};

// Convolution (any groups) or Linear (a 1x1 window on a C x 1 x 1 input), with
// what was fused into it: BatchNorm, residual addition, clipping.
//
//   acc[r][p] = bias[r] + sum over columns of w[r][c] * q(input at c, p) + residual   (int32, no overflow)
//   q(out)    = Requantize(acc, shift[r], low, high)
//
// Outside the image q is 0. When `is_logits`, the accumulators themselves are the
// result (shift, low, high unused) and real value = logit_scale * acc.
struct MatrixLayer {
  int input = 0;
  nn::Window window;
  WeightMatrix weights;
  std::vector<int32_t> bias;    // [rows], at accumulator scale
  std::vector<uint8_t> shift;   // [rows], 0..kMaxShift
  std::optional<Residual> residual;
  int low = 0, high = 255;
  bool is_logits = false;
  std::string source;           // name of the Network layer the weights come from
};

// q(out) = Requantize((a << left_a) + (b << left_b), shift, low, high).
struct AddLayer {
  int a = 0, b = 0;
  int left_a = 0, left_b = 0;   // 0..16
  int shift = 0;
  int low = 0, high = 255;
};

// Layers that keep the input's scale (pools may refine it by 2^-left).
struct MaxPoolLayer { int input = 0; nn::Window window; };
// q(out) = saturate(RoundingDivide(sum << left, count)); the output scale is
// input scale * 2^-left. count as in nn::AveragePool.
struct AveragePoolLayer { int input = 0; nn::Window window; bool count_include_pad = true; int left = 0; };
struct ShiftLayer { int input = 0; std::vector<int> dy, dx; int stride_h = 1, stride_w = 1; };
struct SubsampleLayer { int input = 0; int stride_h = 1, stride_w = 1; };
struct PadChannelsLayer { int input = 0; int before = 0, after = 0; };
struct FlattenLayer { int input = 0; };
struct ConcatLayer { std::vector<int> inputs; };  // all of one scale and sign
// Clip or ReLU that could not be fused: q(out) = min(max(q, low), high).
struct ClipLayer { int input = 0; int low = 0, high = 255; };

using HostLayer = std::variant<AddLayer, MaxPoolLayer, AveragePoolLayer, ShiftLayer, SubsampleLayer,
                               PadChannelsLayer, FlattenLayer, ConcatLayer, ClipLayer>;

struct QuantizedLayer {
  std::string name;
  std::variant<MatrixLayer, HostLayer> operation;
};

// tensors[0] is the input; layer i writes tensors[i + 1] and reads earlier ones.
// The last layer gives the result: int32 logits when it is a MatrixLayer with
// is_logits, else its 8-bit q. Real logits = result * logit_scale.
struct QuantizedNetwork {
  std::string input_name, output_name;
  std::vector<Tensor> tensors;
  std::vector<QuantizedLayer> layers;
  double logit_scale = 1.0;
  bool softmax = false;         // a trailing Softmax, computed on the host in float
};

// The tensors an operation reads, a residual last.
std::vector<int> InputsOf(const MatrixLayer& layer);
std::vector<int> InputsOf(const HostLayer& layer);
std::vector<int> InputsOf(const QuantizedLayer& layer);

// Checks every stated range, index, size and that no accumulator can leave int32
// for any input bytes. An error names the layer and the value.
absl::Status Check(const QuantizedNetwork& network);

}  // namespace colonnade::quant
