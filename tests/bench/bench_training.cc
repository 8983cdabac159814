// SPDX-License-Identifier: Apache-2.0
// How long our training loop takes beside a plain LibTorch loop: ResNet-20 for 32x32
// images, dense, labels only, without augmentation, batches of 64, Nesterov momentum.
//
//   training/plain/N        ATen's operations, float, channels last; the shortest loop that trains
//   training/ours_float/N   Trainer, half_precision off
//   training/ours_half/N    Trainer, half_precision on; skipped where the processor lacks bfloat16
//
// N is the number of threads. One iteration is an epoch of 640 random images. Compare medians:
//
//   bin/bench_training --benchmark_enable_random_interleaving=true --benchmark_repetitions=9
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "server/training/module.h"
#include "server/training/trainable_network.h"
#include "server/training/trainer.h"

namespace colonnade::training {
namespace {

using at::Tensor;

constexpr int kImages = 640, kBatch = 64, kSize = 32, kClasses = 10;
constexpr int kEpochs = 1'000'000;  // of a run, so that the learning rate stays
constexpr int kBlocks = 3;          // of each width
constexpr int kWidths[] = {16, 32, 64};
constexpr double kRate = 0.001, kMomentum = 0.9, kDecay = 5e-4, kShare = 0.1, kEpsilon = 1e-5;

Samples RandomImages() {
  Samples samples{{3, kSize, kSize}, {}, {}, {0.5, 0.5, 0.5}, {0.25, 0.25, 0.25}};
  Random random(1);
  for (int64_t i = 0; i < kImages * samples.shape.size(); ++i) samples.pixels.push_back(uint8_t(random.Below(256)));
  for (int i = 0; i < kImages; ++i) samples.labels.push_back(int32_t(random.Below(kClasses)));
  return samples;
}

std::vector<float> RandomWeights(int count, int fan_in, Random& random) {
  constexpr uint64_t kSteps = 1 << 20;
  std::vector<float> weights;
  const double scale = std::sqrt(6.0 / fan_in);
  for (int i = 0; i < count; ++i) weights.push_back(float(scale * (2 * double(random.Below(kSteps)) / kSteps - 1)));
  return weights;
}

// ResNet-20 as our network.
class Builder {
 public:
  nn::Network Build() {
    network_.layers.push_back({"image", nn::Input{}, {}, {3, kSize, kSize}});
    int last = Relu(Convolve(0, 3, 16, 1));
    int channels = 16;
    for (const int width : kWidths) {
      for (int block = 0; block < kBlocks; ++block) {
        last = Block(last, channels, width);
        channels = width;
      }
    }
    last = Add(nn::GlobalAveragePool{}, {last});
    Add(nn::Linear{kClasses, RandomWeights(64 * kClasses, 64, random_), std::vector<float>(kClasses)}, {last});
    if (!nn::InferShapes(network_).ok()) std::abort();
    return network_;
  }

 private:
  int Add(nn::Operation operation, std::vector<int> inputs) {
    const auto index = int(network_.layers.size());
    network_.layers.push_back({"layer" + std::to_string(index), std::move(operation), std::move(inputs), {}});
    return index;
  }

  int Relu(int input) { return Add(nn::Clip{}, {input}); }

  int Convolve(int input, int channels, int filters, int stride) {
    const nn::Window window{3, 3, stride, stride, 1, 1, 1, 1};
    const int conv =
        Add(nn::Convolution{filters, 1, window, RandomWeights(9 * channels * filters, 9 * channels, random_),
                            std::vector<float>(size_t(filters))},
            {input});
    const std::vector<float> ones(size_t(filters), 1.0f), zeros(size_t(filters), 0.0f);
    return Add(nn::BatchNorm{ones, zeros, zeros, ones}, {conv});
  }

  int Block(int input, int channels, int width) {
    const int stride = channels == width ? 1 : 2;
    const int main = Convolve(Relu(Convolve(input, channels, width, stride)), width, width, 1);
    int shortcut = input;
    if (stride == 2) {
      const int pad = (width - channels) / 2;
      shortcut = Add(nn::PadChannels{pad, pad}, {Add(nn::Subsample{2, 2}, {input})});
    }
    return Relu(Add(nn::Add{}, {main, shortcut}));
  }

  nn::Network network_{"image", "logits", {}};
  Random random_{2};
};

// The same network as everybody would write it.
class PlainResNet {
 public:
  PlainResNet() {
    int channels = 3;
    AddConvolution(channels, 16);
    channels = 16;
    for (const int width : kWidths) {
      for (int block = 0; block < kBlocks; ++block) {
        AddConvolution(channels, width);
        AddConvolution(width, width);
        channels = width;
      }
    }
    linear_ = Learn(at::randn({kClasses, 64}) * 0.1);
    bias_ = Learn(at::zeros({kClasses}));
  }

  Tensor Forward(const Tensor& images) {
    next_ = 0;
    Tensor x = at::relu(Convolve(images, 1));
    for (const int width : kWidths) {
      for (int block = 0; block < kBlocks; ++block) x = Block(x, width);
    }
    return at::linear(x.mean({2, 3}), linear_, bias_);
  }

  void Step(double rate) {
    const at::NoGradGuard no_gradients;
    for (size_t i = 0; i < learned_.size(); ++i) {
      Tensor gradient = learned_[i].grad().add(learned_[i], kDecay);
      momenta_[i].mul_(kMomentum).add_(gradient);
      learned_[i].sub_(gradient.add_(momenta_[i], kMomentum), rate);
      learned_[i].mutable_grad().reset();
    }
  }

 private:
  struct Convolution {
    Tensor weight, scale, bias, mean, variance;
  };

  Tensor Learn(const Tensor& value) {
    learned_.push_back(value.detach().set_requires_grad(true));
    momenta_.push_back(at::zeros_like(value));
    return learned_.back();
  }

  void AddConvolution(int channels, int filters) {
    const Tensor weight = at::randn({filters, channels, 3, 3}) * std::sqrt(2.0 / (9 * channels));
    convolutions_.push_back({Learn(weight.contiguous(at::MemoryFormat::ChannelsLast)), Learn(at::ones({filters})),
                             Learn(at::zeros({filters})), at::zeros({filters}), at::ones({filters})});
  }

  Tensor Convolve(const Tensor& x, int stride) {
    const Convolution& c = convolutions_[next_++];
    return at::batch_norm(at::conv2d(x, c.weight, {}, stride, 1), c.scale, c.bias, c.mean, c.variance, true, kShare,
                          kEpsilon, false);
  }

  Tensor Block(const Tensor& x, int64_t width) {
    const int stride = x.size(1) == width ? 1 : 2;
    const Tensor inner = at::relu(Convolve(x, stride));
    const Tensor main = Convolve(inner, 1);
    if (stride == 1) return at::relu(main + x);
    const int64_t pad = (width - x.size(1)) / 2, end = kSize;
    const Tensor shortcut = x.slice(2, 0, end, 2).slice(3, 0, end, 2);
    return at::relu(main + at::constant_pad_nd(shortcut, {0, 0, 0, 0, pad, pad}, 0));
  }

  std::vector<Convolution> convolutions_;
  Tensor linear_, bias_;
  std::vector<Tensor> learned_, momenta_;
  size_t next_ = 0;  // convolution of the forward pass
};

// Samples as tensors: pixels [images][channels][height][width] and labels [images].
struct PlainImages {
  Tensor pixels, labels;

  explicit PlainImages(const Samples& samples)
      : pixels(at::empty({kImages, 3, kSize, kSize}, at::kByte)), labels(at::empty({kImages}, at::kLong)) {
    std::copy(samples.pixels.begin(), samples.pixels.end(), pixels.data_ptr<uint8_t>());
    std::copy(samples.labels.begin(), samples.labels.end(), labels.data_ptr<int64_t>());
  }

  Tensor Batch(const Tensor& indices) const {
    const Tensor values = pixels.index_select(0, indices).to(at::kFloat);
    return values.div_(255).sub_(0.5).div_(0.25).contiguous(at::MemoryFormat::ChannelsLast);
  }
};

void RunPlainEpoch(PlainResNet& network, const PlainImages& images) {
  const Tensor order = at::randperm(kImages, at::kLong);
  double loss_sum = 0;
  int64_t correct = 0;
  for (int begin = 0; begin < kImages; begin += kBatch) {
    const Tensor indices = order.slice(0, begin, begin + kBatch);
    const Tensor labels = images.labels.index_select(0, indices);
    const Tensor logits = network.Forward(images.Batch(indices));
    const Tensor loss = at::cross_entropy_loss(logits, labels);
    loss.backward();
    const double progress = double(begin) / kImages / kEpochs;
    network.Step(kRate * 0.5 * (1 + std::cos(std::numbers::pi * progress)));
    loss_sum += loss.item<double>() * kBatch;
    correct += logits.argmax(1).eq(labels).sum().item<int64_t>();
  }
  benchmark::DoNotOptimize(loss_sum);
  benchmark::DoNotOptimize(correct);
}

void Plain(benchmark::State& state) {
  ConfigureRuntime(int(state.range(0)));
  const PlainImages images(RandomImages());
  PlainResNet network;
  RunPlainEpoch(network, images);
  for (auto _ : state) RunPlainEpoch(network, images);
}

void Ours(benchmark::State& state, bool half) {
  ConfigureRuntime(int(state.range(0)));
  if (half && !HasHalfPrecision()) return state.SkipWithError("the processor has no bfloat16");
  const Samples samples = RandomImages();
  TrainerOptions options;
  options.batch_size = kBatch;
  options.learning_rate = kRate;
  options.momentum = kMomentum;
  options.weight_decay = kDecay;
  options.half_precision = half;
  Trainer trainer(Builder().Build(), nullptr, samples, options);
  int epoch = 0;
  if (!trainer.RunEpoch(epoch++, kEpochs, {}).ok()) return state.SkipWithError("training failed");
  for (auto _ : state) {
    if (!trainer.RunEpoch(epoch++, kEpochs, {}).ok()) return state.SkipWithError("training failed");
  }
}

BENCHMARK(Plain)->Name("training/plain")->Arg(1)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Ours, float, false)->Name("training/ours_float")->Arg(1)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Ours, half, true)->Name("training/ours_half")->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace colonnade::training

BENCHMARK_MAIN();
