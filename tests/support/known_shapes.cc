// SPDX-License-Identifier: Apache-2.0
#include "tests/support/known_shapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <utility>

namespace colonnade {
namespace {

constexpr float kUnlimited = std::numeric_limits<float>::infinity();

// Appends layers and returns their indices.
class Maker {
 public:
  explicit Maker(int side) {
    network_.input_name = "image";
    network_.output_name = "logits";
    network_.layers.push_back({"image", nn::Input{}, {}, {3, side, side}});
  }

  int Append(std::string_view kind, nn::Operation operation, std::vector<int> inputs) {
    nn::Layer layer{fmt::format("{}{}", kind, network_.layers.size()), std::move(operation), std::move(inputs), {}};
    if (const absl::Status status = nn::AppendLayer(network_, std::move(layer)); !status.ok()) {
      std::fprintf(stderr, "known_shapes: %s\n", status.ToString().c_str());
      std::abort();
    }
    return int(network_.layers.size()) - 1;
  }

  // Padded so that stride 1 keeps the size.
  int Convolution(int input, int filters, int kernel, int stride = 1, int groups = 1) {
    const int pad = kernel / 2;
    const nn::Window window{kernel, kernel, stride, stride, pad, pad, pad, pad};
    const int fan_in = channels(input) / groups * kernel * kernel;
    nn::Convolution conv{filters, groups, window, Weights(size_t(filters) * size_t(fan_in), fan_in),
                         Uniform(size_t(filters), -0.1f, 0.1f)};
    return Append("conv", std::move(conv), {input});
  }

  int Norm(int input) {
    const auto count = size_t(channels(input));
    nn::BatchNorm norm{Uniform(count, 0.9f, 1.1f), Uniform(count, -0.1f, 0.1f), Uniform(count, -0.1f, 0.1f),
                       Uniform(count, 0.9f, 1.1f)};
    return Append("norm", std::move(norm), {input});
  }

  int Relu(int input, float high = kUnlimited) { return Append("relu", nn::Clip{0, high}, {input}); }

  int MaxPool(int input, int kernel, int stride, int pad) {
    return Append("pool", nn::MaxPool{{kernel, kernel, stride, stride, pad, pad, pad, pad}}, {input});
  }

  int Linear(int input, int outputs) {
    const auto inputs = size_t(network_.layers[size_t(input)].output.size());
    nn::Linear linear{outputs, Weights(size_t(outputs) * inputs, int(inputs)), Uniform(size_t(outputs), -0.1f, 0.1f)};
    return Append("linear", std::move(linear), {input});
  }

  int Classifier(int input, int classes) {
    const int mean = Append("mean", nn::GlobalAveragePool{}, {input});
    return Linear(Append("flatten", nn::Flatten{}, {mean}), classes);
  }

  int channels(int layer) const { return network_.layers[size_t(layer)].output.channels; }

  nn::Network Take() { return std::move(network_); }

 private:
  // xorshift64* (Marsaglia 2003, Vigna 2014): a hundred million weights in a moment.
  float Next(float low, float high) {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return low + (high - low) * float((state_ * 0x2545f4914f6cdd1d) >> 40) * 0x1p-24f;
  }

  std::vector<float> Uniform(size_t count, float low, float high) {
    std::vector<float> values(count);
    for (float& value : values) value = Next(low, high);
    return values;
  }

  std::vector<float> Weights(size_t count, int fan_in) {
    const float limit = std::sqrt(6.0f / float(fan_in));
    return Uniform(count, -limit, limit);
  }

  nn::Network network_;
  uint64_t state_ = 1;
};

// Two 3x3 convolutions and a shortcut, which is a 1x1 convolution where the shape changes.
int BasicBlock(Maker& maker, int input, int filters, int stride) {
  int shortcut = input;
  if (stride != 1 || maker.channels(input) != filters) {
    shortcut = maker.Norm(maker.Convolution(input, filters, 1, stride));
  }
  const int first = maker.Relu(maker.Norm(maker.Convolution(input, filters, 3, stride)));
  const int second = maker.Norm(maker.Convolution(first, filters, 3));
  return maker.Relu(maker.Append("add", nn::Add{}, {second, shortcut}));
}

// Wider, depthwise, narrower; a shortcut where the shape stays.
int InvertedResidual(Maker& maker, int input, int filters, int stride, int expansion) {
  const int hidden = maker.channels(input) * expansion;
  int last = input;
  if (expansion != 1) last = maker.Relu(maker.Norm(maker.Convolution(last, hidden, 1)), 6);
  last = maker.Relu(maker.Norm(maker.Convolution(last, hidden, 3, stride, hidden)), 6);
  last = maker.Norm(maker.Convolution(last, filters, 1));
  if (stride != 1 || maker.channels(input) != filters) return last;
  return maker.Append("add", nn::Add{}, {last, input});
}

int MultipleOfEight(double channels) { return std::max(8, int(channels / 8 + 0.5) * 8); }

}  // namespace

nn::Network MakeResNet(const ResNetShape& shape) {
  Maker maker(shape.side);
  int last = maker.MaxPool(maker.Relu(maker.Norm(maker.Convolution(0, shape.width, 7, 2))), 3, 2, 1);
  for (size_t stage = 0; stage < shape.blocks.size(); ++stage) {
    for (int block = 0; block < shape.blocks[stage]; ++block) {
      last = BasicBlock(maker, last, shape.width << stage, stage > 0 && block == 0 ? 2 : 1);
    }
  }
  maker.Classifier(last, shape.classes);
  return maker.Take();
}

nn::Network MakeVgg16(const VggShape& shape) {
  Maker maker(shape.side);
  int last = 0;
  for (const auto& [factor, layers] : {std::pair(1, 2), {2, 2}, {4, 3}, {8, 3}, {8, 3}}) {
    for (int i = 0; i < layers; ++i) last = maker.Relu(maker.Convolution(last, factor * shape.width, 3));
    last = maker.MaxPool(last, 2, 2, 0);
  }
  last = maker.Append("flatten", nn::Flatten{}, {last});
  for (int i = 0; i < 2; ++i) last = maker.Relu(maker.Linear(last, shape.hidden));
  maker.Linear(last, shape.classes);
  return maker.Take();
}

nn::Network MakeMobileNetV2(const MobileNetShape& shape) {
  struct Stage {
    int expansion, channels, blocks, stride;
  };
  constexpr Stage kStages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                               {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
  Maker maker(shape.side);
  int last = maker.Relu(maker.Norm(maker.Convolution(0, MultipleOfEight(32 * shape.width), 3, 2)), 6);
  for (const Stage& stage : kStages) {
    for (int block = 0; block < stage.blocks; ++block) {
      last = InvertedResidual(maker, last, MultipleOfEight(stage.channels * shape.width), block == 0 ? stage.stride : 1,
                              stage.expansion);
    }
  }
  last = maker.Relu(maker.Norm(maker.Convolution(last, MultipleOfEight(1280 * std::max(1.0, shape.width)), 1)), 6);
  maker.Classifier(last, shape.classes);
  return maker.Take();
}

}  // namespace colonnade
