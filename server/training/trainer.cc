// SPDX-License-Identifier: Apache-2.0
// The loop is the textbook's; what is particular:
//
// Masks. A pruned weight is multiplied by zero after each step, so that it is exactly
// zero whenever anybody looks, whatever momentum or decay did.
//
// Fading. Cutting three of four weights at once destroys a network that little data can
// not rebuild. While losers of cells fade, the network is the dense one at first and the
// packed one in the end, with the teacher beside it all the way; and as gradients reach
// losers in full (straight through), a cell can still change its mind about who wins.
//
// Nesterov momentum in the usual reformulation: with gradient g (decay included),
//   v <- m v + g,   w <- w - rate (g + m v).
//
// Repeatability. Order and variation of an epoch come from (seed, epoch) alone, so
// that a continued run needs no generator state.
#include "server/training/trainer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <tuple>
#include <utility>

#include "server/base/status.h"
#include "server/nn/transforms.h"
#include "server/training/losses.h"
#include "server/training/module.h"
#include "server/training/numerics.h"
#include "server/training/weights.h"

namespace colonnade::training {
namespace {

using at::Tensor;

constexpr double kRise = 0.05;  // share of a run in which the learning rate rises

struct Batch {
  Tensor images;         // [n][channels][height][width], channels last
  Tensor labels;         // [n], int64
  double share = 1;      // of each image; the rest is that of its partner
  Tensor other_labels;   // of the partners
};

// Rises, so that momentum does not throw away what the network can do at first, then falls
// along half a cosine.
double RateFactor(double progress) {
  return std::min(1.0, (progress + 1e-3) / kRise) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

// The teacher needs no BatchNorms of its own.
std::optional<Module> MakeTeacher(const nn::Network* teacher) {
  if (teacher == nullptr) return std::nullopt;
  absl::StatusOr<nn::Network> folded = nn::FoldBatchNorms(*teacher);
  return std::optional<Module>(std::in_place, folded.ok() ? *std::move(folded) : *teacher);
}

int64_t Correct(const Tensor& logits, const Tensor& labels) {
  return logits.argmax(1).eq(labels).sum().item<int64_t>();
}

absl::Status Diverged(int epoch) {
  return absl::FailedPreconditionError(fmt::format(
      "training: diverged in epoch {}: loss or weights are not finite; use a lower training.learning_rate", epoch + 1));
}

}  // namespace

class Trainer::Impl {
 public:
  Impl(const nn::Network& student, const nn::Network* teacher, const Samples& samples, const TrainerOptions& options,
       std::vector<Cells> cells, const quant::QuantizedNetwork* numerics)
      : student_(student), teacher_(MakeTeacher(teacher)), samples_(samples), options_(options),
        weights_(student_, std::move(cells)) {
    student_.SetHalfPrecision(options.half_precision && HasHalfPrecision() && numerics == nullptr);
    if (teacher_) teacher_->SetHalfPrecision(options.half_precision && HasHalfPrecision());
    if (numerics == nullptr) return;
    numerics_.emplace(student, *numerics);
    student_.SetRounding([this](int layer, const Tensor& values) { return numerics_->Round(layer, values); });
  }

  absl::StatusOr<EpochResult> RunEpoch(int epoch, int epochs, const std::stop_token& stop);
  nn::Network network() const { return student_.Export(); }
  std::vector<NamedValues> state() const;
  absl::Status Restore(const std::vector<NamedValues>& state);

 private:
  Batch MakeBatch(std::span<const int64_t> indices, Random& random) const;
  Tensor LabelTerm(const Batch& batch, const Tensor& logits) const;
  Tensor Loss(const Batch& batch, Tensor& logits);
  void Mix(Batch& batch, Random& random) const;
  double FadeFactor(double progress) const;
  void PresentRounded();

  Module student_;
  std::optional<Module> teacher_;
  const Samples& samples_;
  TrainerOptions options_;
  Weights weights_;
  std::optional<Numerics> numerics_;
};

Batch Trainer::Impl::MakeBatch(std::span<const int64_t> indices, Random& random) const {
  const auto count = int64_t(indices.size());
  const nn::Shape& shape = samples_.shape;
  Tensor images = at::empty({count, shape.channels, shape.height, shape.width}, at::kFloat);
  Tensor labels = at::empty({count}, at::kLong);
  for (int64_t i = 0; i < count; ++i) {
    const std::span<float> values(images.data_ptr<float>() + i * shape.size(), size_t(shape.size()));
    Augment(samples_, indices[size_t(i)], options_.augmentation, random, values);
    labels.data_ptr<int64_t>()[i] = samples_.labels[size_t(indices[size_t(i)])];
  }
  Batch batch{images.contiguous(at::MemoryFormat::ChannelsLast), labels, 1, {}};
  Mix(batch, random);
  return batch;
}

Tensor Trainer::Impl::LabelTerm(const Batch& batch, const Tensor& logits) const {
  if (batch.share == 1) return LabelLoss(logits, batch.labels);
  return batch.share * LabelLoss(logits, batch.labels) + (1 - batch.share) * LabelLoss(logits, batch.other_labels);
}

Tensor Trainer::Impl::Loss(const Batch& batch, Tensor& logits) {
  const double share = teacher_ ? options_.distillation : 0;
  Features targets;
  Tensor target;
  if (share > 0) {
    const at::NoGradGuard no_gradients;
    target = ForwardWithFeatures(*teacher_, batch.images, false, targets);
  }
  if (options_.feature_weight == 0) targets.clear();
  Tensor features;
  std::tie(logits, features) = ForwardCompared(student_, batch.images, targets);
  Tensor loss = at::zeros({});
  if (share < 1) loss = loss + (1 - share) * LabelTerm(batch, logits);
  if (share == 0) return loss;
  return loss + share * (TeacherLoss(logits, target, options_.temperature) + options_.feature_weight * features);
}

// Mixes each image with another one of the batch, all in the same way: a box of it, or a
// share of every pixel.
void Trainer::Impl::Mix(Batch& batch, Random& random) const {
  constexpr uint64_t kSteps = 1 << 16;
  const bool mixes = double(random.Below(kSteps)) < options_.mix * double(kSteps);
  const bool cuts = random.Below(2) == 1;
  const double share = double(random.Below(kSteps)) / double(kSteps);
  const int64_t height = batch.images.size(2), width = batch.images.size(3);
  const auto y = int64_t(random.Below(uint64_t(height))), x = int64_t(random.Below(uint64_t(width)));
  if (!mixes) return;
  batch.share = share;
  batch.other_labels = batch.labels.flip(0);
  const Tensor partners = batch.images.flip(0);
  if (!cuts) {
    batch.images = (batch.images * share).add_(partners, 1 - share).contiguous(at::MemoryFormat::ChannelsLast);
    return;
  }
  const auto side = [&](int64_t size) { return int64_t(std::lround(double(size) * std::sqrt(1 - share))); };
  const int64_t y_end = std::min(height, y + side(height)), x_end = std::min(width, x + side(width));
  batch.share = 1 - double((y_end - y) * (x_end - x)) / double(height * width);
  batch.images = batch.images.clone();
  batch.images.slice(2, y, y_end).slice(3, x, x_end).copy_(partners.slice(2, y, y_end).slice(3, x, x_end));
}

void Trainer::Impl::PresentRounded() {
  weights_.PresentAs([this](const Module::Parameter& parameter, const Tensor& value) {
    return numerics_->Round(parameter, value);
  });
}

double Trainer::Impl::FadeFactor(double progress) const {
  const double left = options_.fade > 0 ? 1 - progress / options_.fade : 0;
  return left <= 0 ? 0 : left * left;
}

absl::StatusOr<EpochResult> Trainer::Impl::RunEpoch(int epoch, int epochs, const std::stop_token& stop) {
  Random random(options_.seed, uint64_t(epoch) + 1);
  const std::vector<int64_t> order = Permutation(samples_.size(), random);
  const int64_t steps = (samples_.size() + options_.batch_size - 1) / options_.batch_size;
  EpochResult result;
  int64_t correct = 0;
  if (FadeFactor(double(epoch) / epochs) > 0) weights_.Compete();
  for (int64_t step = 0; step < steps; ++step) {
    if (stop.stop_requested()) return absl::CancelledError("stopped");
    const int64_t begin = samples_.size() * step / steps;
    const int64_t count = samples_.size() * (step + 1) / steps - begin;
    const double progress = (double(epoch) + double(step) / double(steps)) / epochs;
    weights_.Present(FadeFactor(progress));
    if (numerics_) PresentRounded();
    const Batch batch = MakeBatch(std::span(order).subspan(size_t(begin), size_t(count)), random);
    Tensor logits;
    const Tensor loss = Loss(batch, logits);
    if (!std::isfinite(loss.item<double>())) return Diverged(epoch);
    loss.backward();
    weights_.Step(options_.learning_rate * RateFactor(progress), options_.momentum, options_.weight_decay);
    result.loss += loss.item<double>() * double(count);
    result.images += count;
    correct += Correct(logits, batch.share < 0.5 ? batch.other_labels : batch.labels);
  }
  weights_.Present(FadeFactor((epoch + 1.0) / epochs));
  if (!weights_.Finite()) return Diverged(epoch);
  result.loss /= double(std::max<int64_t>(1, result.images));
  result.accuracy = double(correct) / double(std::max<int64_t>(1, result.images));
  return result;
}

std::vector<NamedValues> Trainer::Impl::state() const {
  std::vector<NamedValues> state;
  for (const auto& [name, tensor] : weights_.State()) {
    const Tensor plain = tensor.contiguous();
    state.push_back({name, {plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel()}});
  }
  return state;
}

absl::Status Trainer::Impl::Restore(const std::vector<NamedValues>& state) {
  const auto tensors = weights_.State();
  const auto fits = [](const auto& tensor, const NamedValues& values) {
    return tensor.first == values.name && tensor.second.numel() == int64_t(values.values.size());
  };
  if (!std::equal(tensors.begin(), tensors.end(), state.begin(), state.end(), fits)) {
    return absl::InvalidArgumentError("training state: of another network");
  }
  const at::NoGradGuard no_gradients;
  for (size_t i = 0; i < state.size(); ++i) {
    Tensor plain = at::empty(tensors[i].second.sizes(), at::kFloat);
    std::copy(state[i].values.begin(), state[i].values.end(), plain.data_ptr<float>());
    tensors[i].second.copy_(plain);
  }
  return absl::OkStatus();
}

Trainer::Trainer(const nn::Network& student, const nn::Network* teacher, const Samples& samples,
                 const TrainerOptions& options, std::vector<Cells> cells, const quant::QuantizedNetwork* numerics)
    : impl_(std::make_unique<Impl>(student, teacher, samples, options, std::move(cells), numerics)) {}
Trainer::Trainer(Trainer&&) noexcept = default;
Trainer& Trainer::operator=(Trainer&&) noexcept = default;
Trainer::~Trainer() = default;

absl::StatusOr<EpochResult> Trainer::RunEpoch(int epoch, int epochs, std::stop_token stop) {
  absl::StatusOr<EpochResult> result = absl::InternalError("not run");
  COLONNADE_RETURN_IF_ERROR(Guarded([&] { return (result = impl_->RunEpoch(epoch, epochs, stop)).status(); }));
  return result;
}

nn::Network Trainer::network() const { return impl_->network(); }
std::vector<NamedValues> Trainer::state() const { return impl_->state(); }
absl::Status Trainer::Restore(const std::vector<NamedValues>& state) { return impl_->Restore(state); }

}  // namespace colonnade::training
