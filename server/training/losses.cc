// SPDX-License-Identifier: Apache-2.0
#include "server/training/losses.h"

#include <ATen/ATen.h>

#include "server/training/tapped_relu.h"

namespace colonnade::training {

using at::Tensor;

Tensor ForwardWithFeatures(Module& module, const Tensor& images, bool training, Features& features) {
  const auto keep = [&](int index, const Tensor& values) {
    const nn::Layer& layer = module.network().layers[size_t(index)];
    if (layer.as<nn::Clip>()) features[layer.name] = values;
  };
  return module.Forward(images, training, keep).flatten(1);
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

std::pair<Tensor, Tensor> ForwardCompared(Module& student, const Tensor& images, const Features& teacher) {
  Tensor sum = at::zeros({});
  int64_t layers = 0;
  const auto target_of = [&](int index, const Tensor& values) {
    const auto found = teacher.find(student.network().layers[size_t(index)].name);
    return found != teacher.end() && found->second.sizes() == values.sizes() ? found->second : Tensor();
  };
  const auto add = [&](const Tensor& term) {
    sum = sum + term;
    ++layers;
  };
  const auto relu = [&](int index, const Tensor& input) {
    const Tensor target = target_of(index, input);
    if (!target.defined()) return Tensor();
    const auto [values, term] = TappedRelu(input, target);
    add(term);
    return values;
  };
  const auto other_clips = [&](int index, const Tensor& values) {
    const auto* clip = student.network().layers[size_t(index)].as<nn::Clip>();
    if (clip == nullptr || clip->is_relu()) return;
    const Tensor target = target_of(index, values);
    if (!target.defined()) return;
    const Tensor energy = target.square().mean().clamp_min(kLeastEnergy);
    add((values - target).square().mean() / energy);
  };
  const Tensor logits = student.Forward(images, /*training=*/true, other_clips, relu).flatten(1);
  return {logits, layers == 0 ? sum : sum / layers};
}

}  // namespace colonnade::training
