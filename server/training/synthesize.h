// SPDX-License-Identifier: Apache-2.0
// Training images without data: what a network remembers of its own (the idea of
// DeepInversion and ZeroQ: images that have the statistics its BatchNorms keep).
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include "absl/status/statusor.h"
#include "server/nn/network.h"
#include "server/training/samples.h"

namespace colonnade::training {

struct SynthesisOptions {
  int64_t images = 2000;
  int batch_size = 100;     // images made together, whose statistics are compared; at least 2
  int steps = 200;          // of Adam per batch
  double rate = 0.05;       // of Adam, in pixel values of 0 to 1
  uint64_t seed = 1;
};

// Images of the network's input shape with the classes, in equal numbers, that it was asked
// to see as labels. `mean` and `deviation` are the normalization (samples.h). `progress` is
// told how many images are done.
// FAILED_PRECONDITION when the network has no BatchNorm: without statistics there is nothing
// to go by. CANCELLED soon after a stop is requested. REQUIRES: shapes inferred, no Softmax.
absl::StatusOr<Samples> SynthesizeImages(const nn::Network& network, const std::vector<double>& mean,
                                         const std::vector<double>& deviation, const SynthesisOptions& options,
                                         const std::function<void(int64_t)>& progress, std::stop_token stop);

}  // namespace colonnade::training
