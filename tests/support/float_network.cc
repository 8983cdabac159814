// SPDX-License-Identifier: Apache-2.0
#include "tests/support/float_network.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace colonnade {
namespace {

using nn::Shape;

struct Tensor {
  Shape shape;
  const float* values;

  bool inside(int y, int x) const { return y >= 0 && y < shape.height && x >= 0 && x < shape.width; }
  float at(int c, int y, int x) const { return values[(size_t(c) * shape.height + y) * shape.width + x]; }
};

// Calls f(channel, y, x) for every output value in order and collects the results.
template <typename F>
std::vector<float> Map(const Shape& out, F f) {
  std::vector<float> values;
  values.reserve(out.size());
  for (int c = 0; c < out.channels; ++c) {
    for (int y = 0; y < out.height; ++y) {
      for (int x = 0; x < out.width; ++x) values.push_back(float(f(c, y, x)));
    }
  }
  return values;
}

// Calls f(ky, kx, y, x) for each pixel of the window that lies inside the image.
template <typename F>
void ForWindow(const nn::Window& w, const Tensor& in, int out_y, int out_x, F f) {
  for (int ky = 0; ky < w.kernel_h; ++ky) {
    for (int kx = 0; kx < w.kernel_w; ++kx) {
      const int y = out_y * w.stride_h - w.pad_top + ky * w.dilation_h;
      const int x = out_x * w.stride_w - w.pad_left + kx * w.dilation_w;
      if (in.inside(y, x)) f(ky, kx, y, x);
    }
  }
}

struct Evaluate {
  const std::vector<Tensor>& in;
  const Shape& out;

  std::vector<float> Copy() const { return {in[0].values, in[0].values + in[0].shape.size()}; }

  std::vector<float> operator()(const nn::Input&) const { return Copy(); }
  std::vector<float> operator()(const nn::Flatten&) const { return Copy(); }

  std::vector<float> operator()(const nn::Convolution& conv) const {
    const nn::Window& w = conv.window;
    const int per_group = in[0].shape.channels / conv.groups;
    return Map(out, [&](int filter, int y, int x) {
      const int first = filter / (conv.filters / conv.groups) * per_group;
      double sum = conv.bias[filter];
      for (int c = 0; c < per_group; ++c) {
        const float* weight = &conv.weight[(size_t(filter) * per_group + c) * w.kernel_h * w.kernel_w];
        ForWindow(w, in[0], y, x, [&](int ky, int kx, int in_y, int in_x) {
          sum += double{weight[ky * w.kernel_w + kx]} * in[0].at(first + c, in_y, in_x);
        });
      }
      return sum;
    });
  }

  std::vector<float> operator()(const nn::Linear& linear) const {
    const size_t inputs = in[0].shape.size();
    return Map(out, [&](int row, int, int) {
      double sum = linear.bias[row];
      for (size_t i = 0; i < inputs; ++i) sum += double{linear.weight[row * inputs + i]} * in[0].values[i];
      return sum;
    });
  }

  std::vector<float> operator()(const nn::BatchNorm& norm) const {
    return Map(out, [&](int c, int y, int x) {
      return norm.scale[c] * (double{in[0].at(c, y, x)} - norm.mean[c]) /
                 std::sqrt(double{norm.variance[c]} + norm.epsilon) +
             norm.bias[c];
    });
  }

  std::vector<float> operator()(const nn::Clip& clip) const {
    return Map(
        out, [&](int c, int y, int x) { return std::min(std::max(in[0].at(c, y, x), clip.low), clip.high); });
  }

  std::vector<float> operator()(const nn::Add&) const {
    return Map(out, [&](int c, int y, int x) { return in[0].at(c, y, x) + in[1].at(c, y, x); });
  }

  std::vector<float> operator()(const nn::MaxPool& pool) const {
    return Map(out, [&](int c, int y, int x) {
      float best = -std::numeric_limits<float>::infinity();
      ForWindow(pool.window, in[0], y, x,
                [&](int, int, int in_y, int in_x) { best = std::max(best, in[0].at(c, in_y, in_x)); });
      return best;
    });
  }

  std::vector<float> operator()(const nn::AveragePool& pool) const {
    return Map(out, [&](int c, int y, int x) {
      double sum = 0;
      int count = 0;
      ForWindow(pool.window, in[0], y, x, [&](int, int, int in_y, int in_x) {
        sum += in[0].at(c, in_y, in_x);
        ++count;
      });
      return sum / (pool.count_include_pad ? pool.window.kernel_h * pool.window.kernel_w : count);
    });
  }

  std::vector<float> operator()(const nn::GlobalAveragePool&) const {
    const size_t pixels = size_t(in[0].shape.height) * in[0].shape.width;
    return Map(out, [&](int c, int, int) {
      double sum = 0;
      for (size_t i = 0; i < pixels; ++i) sum += in[0].values[c * pixels + i];
      return sum / double(pixels);
    });
  }

  std::vector<float> operator()(const nn::Concat&) const {
    std::vector<float> values;
    for (const Tensor& tensor : in)
      values.insert(values.end(), tensor.values, tensor.values + tensor.shape.size());
    return values;
  }

  std::vector<float> operator()(const nn::Shift& shift) const {
    return Map(out, [&](int c, int out_y, int out_x) {
      const int y = out_y * shift.stride_h + shift.dy[c], x = out_x * shift.stride_w + shift.dx[c];
      return in[0].inside(y, x) ? in[0].at(c, y, x) : 0.0f;
    });
  }

  std::vector<float> operator()(const nn::Subsample& sub) const {
    return Map(out, [&](int c, int y, int x) { return in[0].at(c, y * sub.stride_h, x * sub.stride_w); });
  }

  std::vector<float> operator()(const nn::PadChannels& pad) const {
    return Map(out, [&](int c, int y, int x) {
      const int channel = c - pad.before;
      return channel >= 0 && channel < in[0].shape.channels ? in[0].at(channel, y, x) : 0.0f;
    });
  }

  // Over the channels of each pixel.
  std::vector<float> operator()(const nn::Softmax&) const {
    return Map(out, [&](int c, int y, int x) {
      double sum = 0;
      for (int k = 0; k < out.channels; ++k) sum += std::exp(double{in[0].at(k, y, x)} - in[0].at(c, y, x));
      return 1.0 / sum;
    });
  }
};

}  // namespace

std::vector<std::vector<float>> RunFloatLayers(const nn::Network& network, std::span<const float> image) {
  std::vector<std::vector<float>> outputs(network.layers.size());
  for (size_t i = 0; i < network.layers.size(); ++i) {
    const nn::Layer& layer = network.layers[i];
    std::vector<Tensor> in;
    if (i == 0) in.push_back({layer.output, image.data()});
    for (const int input : layer.inputs) in.push_back({network.layers[input].output, outputs[input].data()});
    outputs[i] = std::visit(Evaluate{in, layer.output}, layer.operation);
  }
  return outputs;
}

std::vector<float> RunFloat(const nn::Network& network, std::span<const float> image) {
  return RunFloatLayers(network, image).back();
}

double Difference(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double scale = std::max({1.0, std::abs(double{a[i]}), std::abs(double{b[i]})});
    largest = std::max(largest, std::abs(double{a[i]} - b[i]) / scale);
  }
  return largest;
}

}  // namespace colonnade
