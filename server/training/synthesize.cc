// SPDX-License-Identifier: Apache-2.0
// A BatchNorm keeps mean m and variance v of each channel of what it saw in training.
// Images are found by gradient descent on their pixels, starting from noise, so that a
// batch of them
//
//   has the same means and variances in front of every BatchNorm:
//       sum over layers of mean over channels of ((mean - m)^2 + (variance - v)^2 / v) / v
//   is seen as the classes asked for:  cross entropy, weighed little
//   is smooth:                         mean square of neighbours' differences
//
// Each step looks at the images moved by a few pixels and mirrored at random, so that
// what is found does not hang on single pixels. In the end pixels are rounded to bytes:
// from then on the images are training images like any others.
#include "server/training/synthesize.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <utility>

#include "server/base/status.h"
#include "server/training/augment.h"
#include "server/training/losses.h"
#include "server/training/module.h"

namespace colonnade::training {
namespace {

using at::Tensor;

constexpr double kClassWeight = 0.1;
constexpr double kSmoothWeight = 0.5;

class Adam {
 public:
  explicit Adam(const Tensor& like) : first_(at::zeros_like(like)), second_(at::zeros_like(like)) {}

  void Step(Tensor& values, double rate) {
    const at::NoGradGuard no_gradients;
    const Tensor gradient = values.grad();
    ++steps_;
    first_.mul_(kFirst).add_(gradient, 1 - kFirst);
    second_.mul_(kSecond).addcmul_(gradient, gradient, 1 - kSecond);
    const double first_size = 1 - std::pow(kFirst, steps_), second_size = 1 - std::pow(kSecond, steps_);
    values.sub_(first_.div((second_ / second_size).sqrt_().add_(1e-8)), rate / first_size);
    values.mutable_grad().zero_();
  }

 private:
  static constexpr double kFirst = 0.9, kSecond = 0.99;
  Tensor first_, second_;
  int steps_ = 0;
};

// What the statistics in front of all BatchNorms differ by.
class StatisticsLoss {
 public:
  explicit StatisticsLoss(const nn::Network& network) {
    for (const nn::Layer& layer : network.layers) {
      const auto* norm = layer.as<nn::BatchNorm>();
      if (norm == nullptr) continue;
      kept_[layer.inputs[0]] = {ToTensor(norm->mean), ToTensor(norm->variance) + double(norm->epsilon)};
    }
  }

  bool empty() const { return kept_.empty(); }

  Tensor Of(int layer, const Tensor& values) const {
    const auto found = kept_.find(layer);
    if (found == kept_.end()) return {};
    const auto& [kept_mean, kept] = found->second;
    const Tensor mean = values.mean({0, 2, 3});
    const Tensor variance = values.var({0, 2, 3}, /*unbiased=*/false);
    return ((mean - kept_mean).square() / kept + ((variance - kept) / kept).square()).mean();
  }

 private:
  static Tensor ToTensor(const std::vector<float>& values) {
    Tensor tensor = at::empty({int64_t(values.size())}, at::kFloat);
    std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
    return tensor;
  }

  std::map<int, std::pair<Tensor, Tensor>> kept_;  // mean and variance, by the layer that is normalized
};

Tensor Roughness(const Tensor& pixels) {
  Tensor sum = at::zeros({});
  for (const int64_t axis : {2, 3}) {
    const int64_t size = pixels.size(axis);
    if (size > 1) sum = sum + (pixels.slice(axis, 1, size) - pixels.slice(axis, 0, size - 1)).square().mean();
  }
  return sum;
}

// Moved round the edges and perhaps mirrored, all images of the batch alike.
Tensor Moved(const Tensor& pixels, Random& random) {
  const int64_t reach = std::max<int64_t>(1, std::min(pixels.size(2), pixels.size(3)) / 16);
  const auto offset = [&] { return int64_t(random.Below(uint64_t(2 * reach + 1))) - reach; };
  const int64_t dy = offset(), dx = offset();
  const bool mirror = random.Below(2) == 1 && pixels.size(1) == 3;
  const Tensor moved = at::roll(pixels, {dy, dx}, {2, 3});
  return mirror ? moved.flip(3) : moved;
}

class Synthesis {
 public:
  Synthesis(const nn::Network& network, const std::vector<double>& mean, const std::vector<double>& deviation,
            const SynthesisOptions& options)
      : module_(network), statistics_(module_.network()), options_(options), random_(options.seed, 0) {
    samples_.shape = network.input_shape();
    samples_.mean = mean;
    samples_.deviation = deviation;
    const auto channels = int64_t(samples_.shape.channels);
    mean_ = at::empty({1, channels, 1, 1}, at::kFloat);
    deviation_ = at::empty({1, channels, 1, 1}, at::kFloat);
    std::copy(mean.begin(), mean.end(), mean_.data_ptr<float>());
    std::copy(deviation.begin(), deviation.end(), deviation_.data_ptr<float>());
  }

  bool possible() const { return !statistics_.empty(); }

  absl::Status Append(int64_t count, const std::stop_token& stop) {
    Tensor pixels = Noise(count);
    const Tensor labels = Labels(count);
    Adam adam(pixels);
    pixels.set_requires_grad(true);
    for (int step = 0; step < options_.steps; ++step) {
      if (stop.stop_requested()) return absl::CancelledError("stopped");
      Loss(pixels, labels).backward();
      adam.Step(pixels, options_.rate * 0.5 * (1 + std::cos(std::numbers::pi * step / options_.steps)));
      const at::NoGradGuard no_gradients;
      pixels.clamp_(0, 1);
    }
    Store(pixels.detach(), labels);
    return absl::OkStatus();
  }

  Samples TakeSamples() { return std::move(samples_); }

 private:
  Tensor Noise(int64_t count) {
    const nn::Shape& shape = samples_.shape;
    Tensor pixels = at::empty({count, shape.channels, shape.height, shape.width}, at::kFloat);
    for (int64_t i = 0; i < pixels.numel(); ++i) {
      pixels.data_ptr<float>()[i] = 0.25f + float(random_.Below(1 << 16)) / float(1 << 17);
    }
    return pixels;
  }

  Tensor Labels(int64_t count) {
    Tensor labels = at::empty({count}, at::kLong);
    const auto classes = module_.network().output_shape().size();
    for (int64_t i = 0; i < count; ++i) labels.data_ptr<int64_t>()[i] = (int64_t(samples_.labels.size()) + i) % classes;
    return labels;
  }

  Tensor Loss(const Tensor& pixels, const Tensor& labels) {
    const Tensor moved = Moved(pixels, random_);
    Tensor loss = kSmoothWeight * Roughness(moved);
    const Tensor images = ((moved - mean_) / deviation_).contiguous(at::MemoryFormat::ChannelsLast);
    const Tensor logits = module_.Forward(images, /*training=*/false, [&](int layer, const Tensor& values) {
      const Tensor difference = statistics_.Of(layer, values);
      if (difference.defined()) loss = loss + difference;
    });
    return loss + kClassWeight * LabelLoss(logits.flatten(1), labels);
  }

  void Store(const Tensor& pixels, const Tensor& labels) {
    const Tensor bytes = (pixels * 255).round().to(at::kByte).contiguous();
    samples_.pixels.insert(samples_.pixels.end(), bytes.data_ptr<uint8_t>(), bytes.data_ptr<uint8_t>() + bytes.numel());
    for (int64_t i = 0; i < labels.size(0); ++i) samples_.labels.push_back(int32_t(labels.data_ptr<int64_t>()[i]));
  }

  Module module_;
  StatisticsLoss statistics_;
  SynthesisOptions options_;
  Random random_;
  Samples samples_;
  Tensor mean_, deviation_;  // [1][channels][1][1]
};

}  // namespace

absl::StatusOr<Samples> SynthesizeImages(const nn::Network& network, const std::vector<double>& mean,
                                         const std::vector<double>& deviation, const SynthesisOptions& options,
                                         const std::function<void(int64_t)>& progress, std::stop_token stop) {
  Synthesis synthesis(network, mean, deviation, options);
  if (!synthesis.possible()) {
    return absl::FailedPreconditionError(
        "training without data: the network has no BatchNorm, so it keeps no statistics of its images; export the "
        "model with its BatchNorm nodes, or give it images");
  }
  for (int64_t done = 0; done < options.images; done += options.batch_size) {
    const int64_t count = std::min<int64_t>(options.batch_size, options.images - done);
    COLONNADE_RETURN_IF_ERROR(Guarded([&] { return synthesis.Append(count, stop); }));
    progress(done + count);
  }
  return synthesis.TakeSamples();
}

}  // namespace colonnade::training
