// SPDX-License-Identifier: Apache-2.0
#include "server/quant/reference_network.h"

#include <algorithm>

namespace colonnade::quant {
namespace {

// A tensor's q. Outside the image and outside the channels it is 0.
struct Values {
  const nn::Shape& shape;
  const std::vector<int32_t>& q;

  bool Inside(int64_t y, int64_t x) const { return 0 <= y && y < shape.height && 0 <= x && x < shape.width; }

  int64_t At(int c, int64_t y, int64_t x) const {
    if (c < 0 || c >= shape.channels || !Inside(y, x)) return 0;
    return q[(int64_t{c} * shape.height + y) * shape.width + x];
  }
};

class Evaluator {
 public:
  Evaluator(const QuantizedNetwork& network, const std::vector<std::vector<int32_t>>& values)
      : network_(network), values_(values), out_(network.tensors[values.size()]) {}

  std::vector<int32_t> operator()(const MatrixLayer& layer) const {
    const Values in = In(layer.input);
    return Map([&](int row, int y, int x) -> int64_t {
      int64_t acc = layer.bias[row];
      for (int column = 0; column < layer.weights.columns; ++column) {
        const nn::Column& site = layer.weights.column_sites[column];
        const int64_t in_y =
            int64_t{y} * layer.window.stride_h - layer.window.pad_top + site.dy * layer.window.dilation_h;
        const int64_t in_x =
            int64_t{x} * layer.window.stride_w - layer.window.pad_left + site.dx * layer.window.dilation_w;
        acc += layer.weights.at(row, column) * in.At(site.channel, in_y, in_x);
      }
      if (layer.is_logits) return acc;
      if (layer.residual) {
        const int shift = layer.shift[row] + layer.residual->exponent;
        acc += In(layer.residual->tensor).At(row, y, x) * (int64_t{1} << shift);
      }
      return Requantize(acc, layer.shift[row], layer.low, layer.high);
    });
  }

  std::vector<int32_t> operator()(const HostLayer& layer) const { return std::visit(*this, layer); }

  std::vector<int32_t> operator()(const AddLayer& layer) const {
    const Values a = In(layer.a), b = In(layer.b);
    return Map([&](int c, int y, int x) {
      const int64_t sum = a.At(c, y, x) * (1 << layer.left_a) + b.At(c, y, x) * (1 << layer.left_b);
      return Requantize(sum, layer.shift, layer.low, layer.high);
    });
  }

  std::vector<int32_t> operator()(const MaxPoolLayer& layer) const {
    const Values in = In(layer.input);
    return Map([&](int c, int y, int x) {
      int64_t largest = out_.lowest();
      ForWindow(layer.window, in, y, x,
                [&](int64_t in_y, int64_t in_x) { largest = std::max(largest, in.At(c, in_y, in_x)); });
      return largest;
    });
  }

  std::vector<int32_t> operator()(const AveragePoolLayer& layer) const {
    const Values in = In(layer.input);
    return Map([&](int c, int y, int x) {
      int64_t sum = 0, inside = 0;
      ForWindow(layer.window, in, y, x, [&](int64_t in_y, int64_t in_x) {
        sum += in.At(c, in_y, in_x);
        ++inside;
      });
      const int64_t all = int64_t{layer.window.kernel_h} * layer.window.kernel_w;
      const int64_t mean =
          RoundingDivide(sum * (int64_t{1} << layer.left), layer.count_include_pad ? all : inside);
      return std::clamp<int64_t>(mean, out_.lowest(), out_.highest());
    });
  }

  std::vector<int32_t> operator()(const ShiftLayer& layer) const {
    const Values in = In(layer.input);
    return Map([&](int c, int y, int x) {
      return in.At(c, int64_t{y} * layer.stride_h + layer.dy[c], int64_t{x} * layer.stride_w + layer.dx[c]);
    });
  }

  std::vector<int32_t> operator()(const SubsampleLayer& layer) const {
    const Values in = In(layer.input);
    return Map([&](int c, int y, int x) {
      return in.At(c, int64_t{y} * layer.stride_h, int64_t{x} * layer.stride_w);
    });
  }

  std::vector<int32_t> operator()(const PadChannelsLayer& layer) const {
    const Values in = In(layer.input);
    return Map([&](int c, int y, int x) { return in.At(c - layer.before, y, x); });
  }

  std::vector<int32_t> operator()(const FlattenLayer& layer) const { return values_[layer.input]; }

  std::vector<int32_t> operator()(const ConcatLayer& layer) const {
    std::vector<int32_t> joined;
    for (const int input : layer.inputs)
      joined.insert(joined.end(), values_[input].begin(), values_[input].end());
    return joined;
  }

  std::vector<int32_t> operator()(const ClipLayer& layer) const {
    const Values in = In(layer.input);
    return Map(
        [&](int c, int y, int x) { return std::clamp<int64_t>(in.At(c, y, x), layer.low, layer.high); });
  }

 private:
  Values In(int tensor) const { return {network_.tensors[tensor].shape, values_[tensor]}; }

  // value(channel, y, x) for every value of the output, in order.
  template <typename Function>
  std::vector<int32_t> Map(const Function& value) const {
    std::vector<int32_t> out;
    out.reserve(out_.shape.size());
    for (int c = 0; c < out_.shape.channels; ++c) {
      for (int y = 0; y < out_.shape.height; ++y) {
        for (int x = 0; x < out_.shape.width; ++x) out.push_back(static_cast<int32_t>(value(c, y, x)));
      }
    }
    return out;
  }

  // visit(y, x) for every pixel of a pooling window that is inside the image.
  template <typename Function>
  static void ForWindow(const nn::Window& window, const Values& in, int y, int x, const Function& visit) {
    for (int dy = 0; dy < window.kernel_h; ++dy) {
      for (int dx = 0; dx < window.kernel_w; ++dx) {
        const int64_t in_y = int64_t{y} * window.stride_h - window.pad_top + dy;
        const int64_t in_x = int64_t{x} * window.stride_w - window.pad_left + dx;
        if (in.Inside(in_y, in_x)) visit(in_y, in_x);
      }
    }
  }

  const QuantizedNetwork& network_;
  const std::vector<std::vector<int32_t>>& values_;
  const Tensor& out_;
};

}  // namespace

std::vector<int32_t> RunNextLayer(const QuantizedNetwork& network, const std::vector<std::vector<int32_t>>& values) {
  return std::visit(Evaluator(network, values), network.layers[values.size() - 1].operation);
}

std::vector<std::vector<int32_t>> RunQuantizedLayers(const QuantizedNetwork& network,
                                                     std::span<const uint8_t> bytes) {
  std::vector<std::vector<int32_t>> values(1);
  for (const uint8_t byte : bytes) values[0].push_back(byte - network.tensors[0].zero_point());
  while (values.size() <= network.layers.size()) values.push_back(RunNextLayer(network, values));
  return values;
}

std::vector<int32_t> RunQuantized(const QuantizedNetwork& network, std::span<const uint8_t> bytes) {
  return RunQuantizedLayers(network, bytes).back();
}

}  // namespace colonnade::quant
