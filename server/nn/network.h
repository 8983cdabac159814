// SPDX-License-Identifier: Apache-2.0
// A convolutional network as plain data: layers in topological order, each with
// its operation, the layers it reads and the shape it produces. Float weights.
//
// The importer (onnx/) makes a Network, passes (nn/transforms.h) rewrite it,
// training/ runs and retrains it, quant/ turns it into integers. The batch
// dimension is left out everywhere: a shape is channels x height x width, and
// a flat vector of n values has shape n x 1 x 1.
//
// Not thread-safe; treat a finished Network as immutable and share it freely.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace colonnade::nn {

struct Shape {
  int channels = 0;
  int height = 0;
  int width = 0;

  int64_t size() const { return int64_t{1} * channels * height * width; }
  friend bool operator==(const Shape&, const Shape&) = default;
};

std::string ToString(const Shape& shape);  // "16x32x32"

// Placement of a sliding window. Pads are in pixels: top and left come before
// the first row and column, bottom and right after the last.
struct Window {
  int kernel_h = 1, kernel_w = 1;
  int stride_h = 1, stride_w = 1;
  int pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  int dilation_h = 1, dilation_w = 1;

  friend bool operator==(const Window&, const Window&) = default;
};

// The network's only input.
struct Input {
  friend bool operator==(const Input&, const Input&) = default;
};

// weight: [filters][input channels / groups][kernel_h][kernel_w], row-major.
// bias: one value per filter; never empty (zeros when the model has none).
struct Convolution {
  int filters = 0;
  int groups = 1;
  Window window;
  std::vector<float> weight;
  std::vector<float> bias;
};

// weight: [outputs][inputs], row-major, over the flattened (channel-major)
// input. bias: one value per output; never empty.
struct Linear {
  int outputs = 0;
  std::vector<float> weight;
  std::vector<float> bias;
};

// y = scale * (x - mean) / sqrt(variance + epsilon) + bias, per channel.
struct BatchNorm {
  std::vector<float> scale, bias, mean, variance;
  float epsilon = 1e-5f;
};

// y = min(max(x, low), high). ReLU is [0, inf), ReLU6 is [0, 6].
struct Clip {
  float low = 0.0f;
  float high = std::numeric_limits<float>::infinity();

  bool is_relu() const { return low == 0 && high == std::numeric_limits<float>::infinity(); }

};

// Sum of two tensors of equal shape.
struct Add {};

// Padding never wins the maximum. dilation is 1.
struct MaxPool {
  Window window;
};

// The divisor is kernel_h * kernel_w when count_include_pad, else the number
// of pixels inside the image. dilation is 1.
struct AveragePool {
  Window window;
  bool count_include_pad = true;
};

// Mean over height and width; output is channels x 1 x 1.
struct GlobalAveragePool {};

// Channel-major flattening: output is (channels * height * width) x 1 x 1.
struct Flatten {};

// Concatenation of two or more tensors along the channels.
struct Concat {};

// Each channel moved by its own offset, zero outside: y[c][i][j] =
// x[c][i * stride_h + dy[c]][j * stride_w + dx[c]]. No weights.
struct Shift {
  std::vector<int> dy, dx;
  int stride_h = 1, stride_w = 1;
};

// Every stride-th pixel, starting with the first: y[c][i][j] =
// x[c][i * stride_h][j * stride_w], height = ceil(height / stride_h).
struct Subsample {
  int stride_h = 1, stride_w = 1;
};

// `before` zero channels, then the input's, then `after` zero channels.
struct PadChannels {
  int before = 0, after = 0;
};

// Only as the last layer; it becomes a host-side float step.
struct Softmax {};

using Operation = std::variant<Input, Convolution, Linear, BatchNorm, Clip, Add, MaxPool, AveragePool,
                               GlobalAveragePool, Flatten, Concat, Shift, Subsample, PadChannels, Softmax>;

std::string_view OperationName(const Operation& operation);  // "Convolution"

struct Layer {
  std::string name;         // unique, from the source model where it has one
  Operation operation;
  std::vector<int> inputs;  // indices of earlier layers
  Shape output;             // derived by InferShapes()

  template <typename Op>
  const Op* as() const { return std::get_if<Op>(&operation); }
  template <typename Op>
  Op* as() { return std::get_if<Op>(&operation); }

  // True for what becomes a filter matrix: Convolution and Linear.
  bool is_matrix() const { return as<Convolution>() || as<Linear>(); }
};

// layers[0] is the Input; the last layer is the output.
struct Network {
  std::string input_name;   // tensor names of the source model, shown to clients
  std::string output_name;
  std::vector<Layer> layers;

  const Shape& input_shape() const { return layers.front().output; }
  const Shape& output_shape() const { return layers.back().output; }

  // For each layer, the indices of the layers that read it, ascending.
  std::vector<std::vector<int>> Consumers() const;

  // Multiply-accumulates of one image through the dense network.
  int64_t DenseMacs() const;
};

// Pixels a window produces along one axis of `size` pixels, 0 when it does not
// fit: floor((size + before + after - dilation * (kernel - 1) - 1) / stride) + 1.
int WindowOutput(int size, int kernel, int stride, int before, int after, int dilation);

// Derives every layer's output shape from layers[0].output and checks the whole
// network: order, arity, unique names, weight sizes, positive shapes, at most
// 2^26 values per tensor and 2^27 per filter matrix, finite weights, Softmax only
// at the end. INVALID_ARGUMENT names the layer, what was found and what fits; the
// shapes derived until then stay.
absl::Status InferShapes(Network& network);

// Appends `layer`, deriving its shape and checking it as InferShapes() does, except
// that names are not compared. On error the network is unchanged. Building layer by
// layer this way costs no more than one InferShapes().
absl::Status AppendLayer(Network& network, Layer layer);

}  // namespace colonnade::nn
