// SPDX-License-Identifier: Apache-2.0
// Random single layers of integer networks, for tests.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "server/quant/quantized_network.h"

namespace colonnade::quant {

class LayerSource {
 public:
  explicit LayerSource(uint64_t seed) : random_(seed) {}

  int Pick(int low, int high) { return low + static_cast<int>(random_() % uint64_t(high - low + 1)); }

  Tensor RandomTensor(const nn::Shape& shape, double scale) {
    return {"tensor", shape, scale, Pick(0, 1) == 1};
  }

  std::vector<uint8_t> Bytes(const nn::Shape& shape) {
    std::vector<uint8_t> bytes(shape.size());
    const int kind = Pick(0, 5);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(kind == 0 ? 0 : kind == 1 ? 255 : random_());
    return bytes;
  }

  // A window that gives at least one pixel of an image of this size.
  nn::Window RandomWindow(const nn::Shape& in, bool is_pool) {
    nn::Window w{Pick(1, 3), Pick(1, 3), Pick(1, 3), Pick(1, 3)};
    if (!is_pool) w.dilation_h = Pick(1, 2), w.dilation_w = Pick(1, 2);
    w.pad_top = Pick(0, w.kernel_h - 1), w.pad_bottom = Pick(0, w.kernel_h - 1);
    w.pad_left = Pick(0, w.kernel_w - 1), w.pad_right = Pick(0, w.kernel_w - 1);
    const nn::Shape out = Slide(w, in, 1);
    const bool touches = out.height > 0 && out.width > 0 &&
                         (out.height - 1) * w.stride_h - w.pad_top < in.height &&
                         (out.width - 1) * w.stride_w - w.pad_left < in.width;
    return touches ? w : RandomWindow(in, is_pool);
  }

  static nn::Shape Slide(const nn::Window& w, const nn::Shape& in, int channels) {
    return {channels,
            nn::WindowOutput(in.height, w.kernel_h, w.stride_h, w.pad_top, w.pad_bottom, w.dilation_h),
            nn::WindowOutput(in.width, w.kernel_w, w.stride_w, w.pad_left, w.pad_right, w.dilation_w)};
  }

  // Weights and biases over their whole range; shifts over theirs.
  MatrixLayer RandomMatrix(const nn::Shape& in, const nn::Window& window, int filters) {
    MatrixLayer layer;
    layer.window = window;
    layer.weights = {filters, in.channels * window.kernel_h * window.kernel_w, {}, {}};
    for (int channel = 0; channel < in.channels; ++channel) {
      for (int dy = 0; dy < window.kernel_h; ++dy) {
        for (int dx = 0; dx < window.kernel_w; ++dx) layer.weights.column_sites.push_back({channel, dy, dx});
      }
    }
    for (int i = 0; i < filters * layer.weights.columns; ++i) {
      layer.weights.values.push_back(static_cast<int8_t>(Pick(0, 3) ? Pick(-127, 127) : 0));
    }
    for (int row = 0; row < filters; ++row) {
      layer.bias.push_back(Pick(0, 3) ? Pick(-50000, 50000) : Pick(-1000000000, 1000000000));
      layer.shift.push_back(static_cast<uint8_t>(Pick(0, 2) ? Pick(4, 14) : Pick(0, kMaxShift)));
    }
    return layer;
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace colonnade::quant
