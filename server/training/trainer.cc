// SPDX-License-Identifier: Apache-2.0
// The loop is the textbook's; what is particular:
//
// Masks. A pruned weight is multiplied by zero after each step, so that it is exactly
// zero whenever anybody looks, whatever momentum or decay did.
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
#include <map>
#include <numbers>
#include <optional>
#include <utility>

#include "server/base/status.h"
#include "server/nn/transforms.h"
#include "server/training/module.h"

namespace colonnade::training {
namespace {

using at::Tensor;

struct Batch {
  Tensor images;  // [n][channels][height][width], channels last
  Tensor labels;  // [n], int64
};

using Features = std::map<std::string, Tensor>;  // activations of clips by layer name

struct Slot {
  Module::Parameter parameter;
  Tensor momentum, mask;  // mask undefined where nothing is pruned
};

// The teacher needs no BatchNorms of its own.
std::optional<Module> MakeTeacher(const nn::Network* teacher) {
  if (teacher == nullptr) return std::nullopt;
  absl::StatusOr<nn::Network> folded = nn::FoldBatchNorms(*teacher);
  return std::optional<Module>(std::in_place, folded.ok() ? *std::move(folded) : *teacher);
}

std::vector<Slot> MakeSlots(Module& module) {
  std::vector<Slot> slots;
  for (const Module::Parameter& parameter : module.Parameters()) {
    Slot& slot = slots.emplace_back(Slot{parameter, {}, {}});
    Tensor& tensor = *parameter.tensor;
    if (parameter.trained) slot.momentum = at::zeros_like(tensor);
    if (parameter.weight_matrix) slot.mask = tensor.ne(0).to(at::kFloat);
    if (parameter.trained) tensor.set_requires_grad(true);
  }
  return slots;
}

Tensor LabelLoss(const Tensor& logits, const Tensor& labels) {
  const Tensor log_shares = at::log_softmax(logits, 1);
  const Tensor labelled = labels.ge(0);
  const Tensor picked = log_shares.gather(1, labels.clamp_min(0).unsqueeze(1)).squeeze(1);
  return -(picked * labelled).sum() / labelled.sum().clamp_min(1);
}

Tensor TeacherLoss(const Tensor& logits, const Tensor& teacher, double temperature) {
  const Tensor student_log = at::log_softmax(logits / temperature, 1);
  const Tensor teacher_log = at::log_softmax(teacher / temperature, 1);
  const Tensor divergence = (teacher_log.exp() * (teacher_log - student_log)).sum(1).mean();
  return divergence * (temperature * temperature);
}

// As Module::Forward, to logits [n][classes]; keeps the activations of clips.
Tensor ForwardWithFeatures(Module& module, const Tensor& images, bool training, Features& features) {
  const auto keep = [&](int index, const Tensor& values) {
    const nn::Layer& layer = module.network().layers[size_t(index)];
    if (layer.as<nn::Clip>()) features[layer.name] = values;
  };
  return module.Forward(images, training, keep).flatten(1);
}

Tensor FeatureLoss(const Features& student, const Features& teacher) {
  Tensor sum = at::zeros({});
  int64_t layers = 0;
  for (const auto& [name, values] : student) {
    const auto target = teacher.find(name);
    if (target == teacher.end() || target->second.sizes() != values.sizes()) continue;
    const Tensor energy = target->second.square().mean().clamp_min(1e-12);
    sum = sum + (values - target->second).square().mean() / energy;
    ++layers;
  }
  return layers == 0 ? sum : sum / layers;
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
  Impl(const nn::Network& student, const nn::Network* teacher, const Samples& samples, const TrainerOptions& options)
      : student_(student), teacher_(MakeTeacher(teacher)), samples_(samples), options_(options),
        slots_(MakeSlots(student_)) {}

  absl::StatusOr<EpochResult> RunEpoch(int epoch, int epochs, const std::stop_token& stop);
  nn::Network network() const { return student_.Export(); }
  std::vector<NamedValues> state() const;
  absl::Status Restore(const std::vector<NamedValues>& state);

 private:
  Batch MakeBatch(std::span<const int64_t> indices, Random& random) const;
  Tensor Loss(const Batch& batch, const Tensor& logits, const Features& features);
  void Step(double rate);
  bool Finite() const;
  std::vector<std::pair<std::string, Tensor>> StateTensors() const;

  Module student_;
  std::optional<Module> teacher_;
  const Samples& samples_;
  TrainerOptions options_;
  std::vector<Slot> slots_;
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
  return {images.contiguous(at::MemoryFormat::ChannelsLast), labels};
}

Tensor Trainer::Impl::Loss(const Batch& batch, const Tensor& logits, const Features& features) {
  const double share = teacher_ ? options_.distillation : 0;
  Tensor loss = at::zeros({});
  if (share < 1) loss = loss + (1 - share) * LabelLoss(logits, batch.labels);
  if (share > 0) {
    Features targets;
    const Tensor target = [&] {
      const at::NoGradGuard no_gradients;
      return ForwardWithFeatures(*teacher_, batch.images, false, targets);
    }();
    loss = loss + share * TeacherLoss(logits, target, options_.temperature);
    loss = loss + share * options_.feature_weight * FeatureLoss(features, targets);
  }
  return loss;
}

void Trainer::Impl::Step(double rate) {
  const at::NoGradGuard no_gradients;
  for (Slot& slot : slots_) {
    Tensor& weight = *slot.parameter.tensor;
    if (!slot.parameter.trained || !weight.grad().defined()) continue;
    Tensor gradient = weight.grad().add(weight, options_.weight_decay);
    slot.momentum.mul_(options_.momentum).add_(gradient);
    weight.sub_(gradient.add_(slot.momentum, options_.momentum), rate);
    if (slot.mask.defined()) weight.mul_(slot.mask);
    weight.mutable_grad().reset();
  }
}

bool Trainer::Impl::Finite() const {
  return std::all_of(slots_.begin(), slots_.end(),
                     [](const Slot& slot) { return slot.parameter.tensor->isfinite().all().item<bool>(); });
}

absl::StatusOr<EpochResult> Trainer::Impl::RunEpoch(int epoch, int epochs, const std::stop_token& stop) {
  Random random(options_.seed, uint64_t(epoch) + 1);
  const std::vector<int64_t> order = Permutation(samples_.size(), random);
  const int64_t steps = (samples_.size() + options_.batch_size - 1) / options_.batch_size;
  EpochResult result;
  int64_t correct = 0;
  for (int64_t step = 0; step < steps; ++step) {
    if (stop.stop_requested()) return absl::CancelledError("stopped");
    const int64_t begin = samples_.size() * step / steps;
    const int64_t count = samples_.size() * (step + 1) / steps - begin;
    const Batch batch = MakeBatch(std::span(order).subspan(size_t(begin), size_t(count)), random);
    Features features;
    const Tensor logits = ForwardWithFeatures(student_, batch.images, true, features);
    const Tensor loss = Loss(batch, logits, features);
    if (!std::isfinite(loss.item<double>())) return Diverged(epoch);
    loss.backward();
    const double progress = (double(epoch) + double(step) / double(steps)) / epochs;
    Step(options_.learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * progress)));
    result.loss += loss.item<double>() * double(count);
    result.images += count;
    correct += Correct(logits, batch.labels);
  }
  if (!Finite()) return Diverged(epoch);
  result.loss /= double(std::max<int64_t>(1, result.images));
  result.accuracy = double(correct) / double(std::max<int64_t>(1, result.images));
  return result;
}

std::vector<std::pair<std::string, Tensor>> Trainer::Impl::StateTensors() const {
  std::vector<std::pair<std::string, Tensor>> tensors;
  for (const Slot& slot : slots_) {
    tensors.emplace_back(slot.parameter.name, slot.parameter.tensor->detach());
    if (slot.momentum.defined()) tensors.emplace_back(slot.parameter.name + ".momentum", slot.momentum);
    if (slot.mask.defined()) tensors.emplace_back(slot.parameter.name + ".mask", slot.mask);
  }
  return tensors;
}

std::vector<NamedValues> Trainer::Impl::state() const {
  std::vector<NamedValues> state;
  for (const auto& [name, tensor] : StateTensors()) {
    const Tensor plain = tensor.contiguous();
    state.push_back({name, {plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel()}});
  }
  return state;
}

absl::Status Trainer::Impl::Restore(const std::vector<NamedValues>& state) {
  const auto tensors = StateTensors();
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
                 const TrainerOptions& options)
    : impl_(std::make_unique<Impl>(student, teacher, samples, options)) {}
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
