// SPDX-License-Identifier: Apache-2.0
#include "tests/support/random_network.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>

namespace colonnade {
namespace {

using nn::Shape;
using nn::Window;

class Builder {
 public:
  Builder(uint64_t seed, const RandomNetworkOptions& options) : random_(seed), options_(options) {
    network_.input_name = "image";
    network_.output_name = "logits";
    network_.layers.push_back({"image", nn::Input{}, {}, {Pick(1, 4), Pick(6, 12), Pick(6, 12)}});
  }

  nn::Network Build() {
    ConvBlock();
    for (int i = 0; i < options_.blocks; ++i) AnyBlock();
    if (Pick(0, 1)) {
      Append(nn::GlobalAveragePool{});
    } else if (Pick(0, 1)) {
      Append(nn::Flatten{});
    }
    Append(RandomLinear(Pick(2, 10)));
    if (options_.softmax) Append(nn::Softmax{});
    return std::move(network_);
  }

 private:
  int Pick(int low, int high) { return low + int(random_() % uint64_t(high - low + 1)); }
  float Uniform(float low, float high) { return low + (high - low) * float(random_() % 65537) / 65536.0f; }

  std::vector<float> Values(size_t count, float low, float high) {
    std::vector<float> values(count);
    for (float& value : values) value = Uniform(low, high);
    return values;
  }

  int last() const { return int(network_.layers.size()) - 1; }
  const Shape& shape() const { return network_.layers.back().output; }

  void Append(nn::Operation operation) { Append(std::move(operation), {last()}); }

  void Append(nn::Operation operation, std::vector<int> inputs) {
    const std::string name = std::string(nn::OperationName(operation)) + std::to_string(last() + 1);
    nn::Layer layer{name, std::move(operation), std::move(inputs), {}};
    if (const absl::Status status = nn::AppendLayer(network_, std::move(layer)); !status.ok()) {
      std::fprintf(stderr, "RandomNetwork: %s\n", status.ToString().c_str());
      std::abort();
    }
  }

  nn::Convolution RandomConvolution(int filters, int groups, const Window& window) {
    const int fan_in = shape().channels / groups * window.kernel_h * window.kernel_w;
    const float limit = std::sqrt(3.0f / float(fan_in));
    return {filters, groups, window, Values(size_t(filters) * fan_in, -limit, limit),
            Values(filters, -0.5f, 0.5f)};
  }

  nn::Linear RandomLinear(int outputs) {
    const auto inputs = size_t(shape().size());
    const float limit = std::sqrt(3.0f / float(inputs));
    return {outputs, Values(outputs * inputs, -limit, limit), Values(outputs, -0.5f, 0.5f)};
  }

  nn::BatchNorm RandomBatchNorm() {
    const int channels = shape().channels;
    return {Values(channels, 0.5f, 1.5f), Values(channels, -0.3f, 0.3f), Values(channels, -0.3f, 0.3f),
            Values(channels, 0.5f, 2.0f), 1e-5f};
  }

  void Activate() {
    if (options_.batch_norms) Append(RandomBatchNorm());
    const int kind = Pick(0, 5);
    if (kind < 4) Append(nn::Clip{});
    if (kind == 4) Append(nn::Clip{0.0f, 6.0f});
  }

  // A window that fits the current image; the image may shrink.
  Window RandomWindow() {
    Window w{Pick(1, 3), Pick(1, 3), Pick(1, 2), Pick(1, 2), Pick(0, 2), Pick(0, 1), Pick(0, 1), Pick(0, 2)};
    if (shape().height > 5) w.dilation_h = Pick(1, 2);
    if (shape().width > 5) w.dilation_w = Pick(1, 2);
    w.kernel_h = std::min(w.kernel_h, shape().height);
    w.kernel_w = std::min(w.kernel_w, shape().width);
    return w;
  }

  static Window Same(int kernel, int stride = 1) {
    const int pad = kernel / 2;
    return {kernel, kernel, stride, stride, pad, pad, pad, pad};
  }

  void AnyBlock() {
    switch (Pick(0, 8)) {
      case 0:
        return ConvBlock();
      case 1:
        return GroupedBlock();
      case 2:
        return DepthwiseBlock();
      case 3:
        return ResidualBlock();
      case 4:
        return DownsamplingBlock();
      case 5:
        return ConcatBlock();
      case 6:
        return ShiftBlock();
      case 7:
        return PoolBlock();
      default:
        return PreActivationBlock();
    }
  }

  void ConvBlock() {
    Append(RandomConvolution(Pick(3, 8), 1, RandomWindow()));
    Activate();
  }

  void GroupedBlock() {
    const int groups = shape().channels % 2 == 0 ? 2 : 1;
    Append(RandomConvolution(groups * Pick(1, 4), groups, Same(3, Pick(1, 2))));
    Activate();
  }

  void DepthwiseBlock() {
    Append(RandomConvolution(shape().channels, shape().channels, Same(3)));
    Activate();
    Append(RandomConvolution(Pick(3, 8), 1, {}));
    Activate();
  }

  void ResidualBlock() {
    const int start = last(), channels = shape().channels;
    Append(RandomConvolution(Pick(3, 8), 1, Same(3)));
    Activate();
    Append(RandomConvolution(channels, 1, Same(3)));
    if (options_.batch_norms) Append(RandomBatchNorm());
    Append(nn::Add{}, {last(), start});
    if (Pick(0, 2)) Append(nn::Clip{});
  }

  void DownsamplingBlock() {
    const int start = last(), before = Pick(0, 2), after = Pick(0, 2);
    Append(RandomConvolution(shape().channels + before + after, 1, Same(3, 2)));
    Activate();
    const int branch = last();
    Append(nn::Subsample{2, 2}, {start});
    Append(nn::PadChannels{before, after});
    Append(nn::Add{}, {branch, last()});
    Append(nn::Clip{});
  }

  void ConcatBlock() {
    const int start = last();
    Append(RandomConvolution(Pick(2, 4), 1, Same(1)));
    Activate();
    const int left = last();
    const Shape& in = network_.layers[start].output;
    const int channels = Pick(2, 4);
    const float limit = std::sqrt(3.0f / float(9 * in.channels));
    Append(nn::Convolution{channels, 1, Same(3), Values(size_t(channels) * in.channels * 9, -limit, limit),
                           Values(channels, -0.5f, 0.5f)},
           {start});
    Activate();
    Append(nn::Concat{}, {left, last()});
  }

  void ShiftBlock() {
    nn::Shift shift{{}, {}, Pick(1, 2), Pick(1, 2)};
    for (int c = 0; c < shape().channels; ++c) {
      shift.dy.push_back(Pick(-1, 1));
      shift.dx.push_back(Pick(-1, 1));
    }
    Append(std::move(shift));
    Append(RandomConvolution(Pick(3, 8), 1, {}));
    Activate();
  }

  void PoolBlock() {
    const int kernel = std::min({Pick(2, 3), shape().height, shape().width});
    const int pad = Pick(0, kernel / 2);
    const Window window{kernel, kernel, Pick(1, 2), 2, pad, 0, 0, pad};
    if (Pick(0, 1)) {
      Append(nn::MaxPool{window});
    } else {
      Append(nn::AveragePool{window, Pick(0, 1) == 1});
    }
  }

  void PreActivationBlock() {
    Activate();
    Append(RandomConvolution(Pick(3, 8), 1, Same(3)));
  }

  std::mt19937_64 random_;
  RandomNetworkOptions options_;
  nn::Network network_;
};

}  // namespace

nn::Network RandomNetwork(uint64_t seed, const RandomNetworkOptions& options) {
  return Builder(seed, options).Build();
}

std::vector<float> RandomImage(const Shape& shape, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<float> values(shape.size());
  for (float& value : values) value = float(random() % 65537) / 32768.0f - 1.0f;
  return values;
}

std::vector<float> RandomImages(const Shape& shape, int count) {
  std::vector<float> images;
  for (int i = 0; i < count; ++i) {
    const std::vector<float> image = RandomImage(shape, uint64_t(i));
    images.insert(images.end(), image.begin(), image.end());
  }
  return images;
}

}  // namespace colonnade
