// SPDX-License-Identifier: Apache-2.0
// The terms of the training loss (trainer.h has the formula). Internal to training/.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "server/training/module.h"

namespace colonnade::training {

// Activations of clips by layer name.
using Features = std::map<std::string, at::Tensor>;

// As Module::Forward, to logits [n][classes]; keeps the activations of clips.
at::Tensor ForwardWithFeatures(Module& module, const at::Tensor& images, bool training, Features& features);

// Mean of -log softmax(logits)[label] over the images whose label is not negative; 0 without any.
at::Tensor LabelLoss(const at::Tensor& logits, const at::Tensor& labels);

// T^2 * KL(softmax(teacher / T) || softmax(logits / T)), mean over the images.
at::Tensor TeacherLoss(const at::Tensor& logits, const at::Tensor& teacher, double temperature);

// The student in training, beside the teacher's activations for the same images: logits
// [n][classes], and the mean over the layers that both have of
// |student - teacher|^2 / |teacher|^2.
std::pair<at::Tensor, at::Tensor> ForwardCompared(Module& student, const at::Tensor& images, const Features& teacher);

}  // namespace colonnade::training
