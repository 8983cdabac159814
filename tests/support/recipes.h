// SPDX-License-Identifier: Apache-2.0
// A resolved recipe for tests: every field set, as in the comments of packing.proto.
#pragma once

#include "colonnade/v1/packing.pb.h"

namespace colonnade {

inline v1::Recipe ResolvedRecipe(int alpha = 4) {
  v1::Recipe recipe;
  auto& packing = *recipe.mutable_packing();
  packing.set_alpha(alpha);
  packing.set_gamma(1.75);
  packing.set_final_gamma(alpha - 1);
  packing.set_grouping(v1::PackingSettings::DENSE_FIRST);
  packing.set_saliency(v1::PackingSettings::MAGNITUDE);
  auto& training = *recipe.mutable_training();
  training.set_mode(v1::TrainingSettings::LABELS_AND_TEACHER);
  training.set_rounds(3);
  training.set_epochs_per_round(3);
  training.set_final_epochs(12);
  training.set_batch_size(64);
  training.set_learning_rate(0.05);
  training.set_momentum(0.9);
  training.set_weight_decay(5e-4);
  training.set_prune_fraction(0.2);
  training.set_temperature(4);
  training.set_distillation_weight(0.9);
  training.set_augmentation(v1::TrainingSettings::AUTO);
  training.set_seed(1);
  training.set_threads(1);
  auto& quantization = *recipe.mutable_quantization();
  quantization.set_calibration(v1::QuantizationSettings::MEAN_SQUARED_ERROR);
  quantization.set_images(256);
  quantization.set_input_type(v1::QuantizationSettings::FP32);
  quantization.set_aware_epochs(0);
  return recipe;
}

}  // namespace colonnade
