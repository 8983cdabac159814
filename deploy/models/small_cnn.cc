// SPDX-License-Identifier: Apache-2.0
#include "deploy/models/small_cnn.h"

#include <cmath>
#include <string>
#include <utility>

#include "server/base/status.h"
#include "server/training/augment.h"

namespace colonnade {
namespace {

class Builder {
 public:
  Builder(const nn::Shape& image, uint64_t seed) : random_(seed) {
    network_ = {"image", "logits", {{"image", nn::Input{}, {}, image}}};
  }

  // 3x3, BatchNorm, ReLU.
  void Convolution(const std::string& name, int channels, int filters, int stride) {
    const nn::Window window{3, 3, stride, stride, 1, 1, 1, 1, 1, 1};
    const auto zeros = std::vector<float>(size_t(filters), 0);
    const auto ones = std::vector<float>(size_t(filters), 1);
    Append(name, nn::Convolution{filters, 1, window, Weights(filters, channels * 9), zeros});
    Append(name + ".norm", nn::BatchNorm{ones, zeros, zeros, ones});
    Append(name + ".relu", nn::Clip{});
  }

  void Linear(const std::string& name, int inputs, int outputs) {
    Append("flatten", nn::Flatten{});
    Append(name, nn::Linear{outputs, Weights(outputs, inputs), std::vector<float>(size_t(outputs), 0)});
  }

  absl::StatusOr<nn::Network> Build() {
    COLONNADE_RETURN_IF_ERROR(nn::InferShapes(network_));
    return network_;
  }

 private:
  void Append(const std::string& name, nn::Operation operation) {
    const int last = int(network_.layers.size()) - 1;
    network_.layers.push_back({name, std::move(operation), {last}, {}});
  }

  // Uniform, with the variance 2 / inputs that keeps ReLU activations in range.
  std::vector<float> Weights(int rows, int inputs) {
    constexpr uint64_t kSteps = 1 << 24;
    std::vector<float> weights;
    const double limit = std::sqrt(6.0 / inputs);
    for (int i = 0; i < rows * inputs; ++i) {
      weights.push_back(float(limit * (2 * double(random_.Below(kSteps)) / kSteps - 1)));
    }
    return weights;
  }

  training::Random random_;
  nn::Network network_;
};

}  // namespace

absl::StatusOr<nn::Network> UntrainedCnn(const nn::Shape& image, const std::vector<int>& filters, int classes,
                                         uint64_t seed) {
  Builder builder(image, seed);
  builder.Convolution("conv1", image.channels, filters[0], 1);
  builder.Convolution("conv2", filters[0], filters[1], 2);
  builder.Convolution("conv3", filters[1], filters[2], 1);
  const int pixels = ((image.height + 1) / 2) * ((image.width + 1) / 2);
  builder.Linear("linear", filters[2] * pixels, classes);
  return builder.Build();
}

}  // namespace colonnade
