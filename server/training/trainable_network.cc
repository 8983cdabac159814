// SPDX-License-Identifier: Apache-2.0
#include "server/training/trainable_network.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "server/base/status.h"
#include "server/training/matrix_threads.h"
#include "server/training/module.h"

namespace colonnade::training {
namespace {

constexpr int64_t kPortionValues = int64_t{1} << 24;  // of the largest activation
constexpr int64_t kPortionImages = 250;

int64_t PortionOf(const nn::Network& network) {
  int64_t largest = 1;
  for (const nn::Layer& layer : network.layers) largest = std::max(largest, layer.output.size());
  return std::clamp<int64_t>(kPortionValues / largest, 1, kPortionImages);
}

std::span<const float> Values(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), size_t(tensor.numel())};
}

// Calls use(logits, visit) per portion of the images.
absl::Status ForPortions(Module& module, std::span<const float> images, const Module::Visit& visit,
                         const std::function<void(const at::Tensor&)>& use) {
  const nn::Shape& shape = module.network().input_shape();
  const auto size = size_t(shape.size());
  if (images.size() % size != 0) {
    return absl::InvalidArgumentError(
        fmt::format("images: {} values are no whole number of {} images", images.size(), nn::ToString(shape)));
  }
  const at::NoGradGuard no_gradients;
  const size_t portion = size_t(PortionOf(module.network())) * size;
  for (size_t begin = 0; begin < images.size(); begin += portion) {
    const auto part = images.subspan(begin, std::min(portion, images.size() - begin));
    use(module.Forward(ImagesToTensor(part, shape), /*training=*/false, visit).contiguous());
  }
  return absl::OkStatus();
}

// Each step of training frees tensors of megabytes and asks for them again. Given back to the
// system in between, their pages cost a sixth of the time.
void KeepFreedMemory() {
#if defined(__GLIBC__)
  constexpr int kMiB = 1 << 20;
  ::mallopt(M_MMAP_THRESHOLD, 32 * kMiB);  // the most that glibc allows
  ::mallopt(M_TRIM_THRESHOLD, 1024 * kMiB);
  ::mallopt(M_TOP_PAD, 64 * kMiB);
#endif
}

}  // namespace

void ConfigureRuntime(int threads) {
  KeepFreedMemory();
  if (threads <= 0) threads = int(std::max(1u, std::thread::hardware_concurrency()));
  at::set_num_threads(threads);
  SetMatrixThreads(threads);
  at::globalContext().setUserEnabledMkldnn(true);
}

TrainableNetwork::TrainableNetwork(nn::Network network) : module_(std::make_unique<Module>(std::move(network))) {}
TrainableNetwork::TrainableNetwork(TrainableNetwork&&) noexcept = default;
TrainableNetwork& TrainableNetwork::operator=(TrainableNetwork&&) noexcept = default;
TrainableNetwork::~TrainableNetwork() = default;

absl::StatusOr<std::vector<float>> TrainableNetwork::Forward(std::span<const float> images) const {
  std::vector<float> outputs;
  COLONNADE_RETURN_IF_ERROR(Guarded([&] {
    return ForPortions(*module_, images, {}, [&](const at::Tensor& logits) {
      const auto values = Values(logits);
      outputs.insert(outputs.end(), values.begin(), values.end());
    });
  }));
  return outputs;
}

absl::Status TrainableNetwork::ForwardObserved(std::span<const float> images, const Observer& observer) const {
  const auto visit = [&](int layer, const at::Tensor& values) { observer(layer, Values(values.contiguous())); };
  return Guarded([&] { return ForPortions(*module_, images, visit, [](const at::Tensor&) {}); });
}

nn::Network TrainableNetwork::Export() const { return module_->Export(); }

int Argmax(std::span<const float> logits) {
  return int(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

absl::StatusOr<Accuracy> MeasureAccuracy(const TrainableNetwork& network, const Samples& samples,
                                         std::stop_token stop) {
  Accuracy accuracy;
  for (int64_t begin = 0; begin < samples.size(); begin += kPortionImages) {
    if (stop.stop_requested()) return absl::CancelledError("stopped");
    const int64_t count = std::min(kPortionImages, samples.size() - begin);
    COLONNADE_ASSIGN_OR_RETURN(const std::vector<float> logits,
                               network.Forward(Normalized(samples, begin, count)));
    const size_t classes = logits.size() / size_t(count);
    for (int64_t i = 0; i < count; ++i) {
      const int32_t label = samples.labels[size_t(begin + i)];
      if (label == kUnlabelled) continue;
      ++accuracy.images;
      if (Argmax(std::span(logits).subspan(size_t(i) * classes, classes)) == label) ++accuracy.correct;
    }
  }
  return accuracy;
}

}  // namespace colonnade::training
