// SPDX-License-Identifier: Apache-2.0
// Where an integer network loses precision.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/array/array_program.h"
#include "server/nn/network.h"
#include "server/training/samples.h"

namespace colonnade::pipeline {

// One tensor of the integer network against the float network's, over all values of all
// images. Errors add up on the way: a layer's contain those of what it reads.
struct LayerError {
  std::string name;               // of the program's step that computes it; the input's own
  double mean_square = 0;         // of the float values
  double mean_squared_error = 0;  // of scale * q against them
};

// Of the input and of every step whose output the float network has too, in order; logits
// last. Runs `samples` through both networks, a few images at a time. REQUIRES: `program`
// was compiled from the integer form of `network`; there are samples. CANCELLED soon after
// a stop is requested.
absl::StatusOr<std::vector<LayerError>> MeasureLayerErrors(const nn::Network& network,
                                                           const std::shared_ptr<const array::ArrayProgram>& program,
                                                           const training::Samples& samples, std::stop_token stop);

}  // namespace colonnade::pipeline
