// SPDX-License-Identifier: Apache-2.0
// The way from a trained float network to integers, and the proof that they agree.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <vector>

#include "absl/status/statusor.h"
#include "server/array/array_program.h"
#include "server/artifact/self_test.h"
#include "server/executors/array_executor.h"
#include "server/nn/network.h"
#include "server/quant/quantized_network.h"
#include "server/training/samples.h"
#include "server/training/trainable_network.h"

namespace colonnade::pipeline {

// Chooses scales on the first `images` of `samples` and rounds. REQUIRES: BatchNorms
// are folded and a trailing Softmax is trimmed.
absl::StatusOr<quant::QuantizedNetwork> CalibrateAndQuantize(const nn::Network& network,
                                                             const training::Samples& samples, int images);

// The reference and the kernels executor on a few images of `samples` and as many
// synthetic ones: every tensor of every step and the result must agree, and the result
// must be that of the unpacked `network`. INTERNAL names the first difference; it
// tells nothing of the image.
absl::Status VerifyProgram(const quant::QuantizedNetwork& network,
                           const std::shared_ptr<const array::ArrayProgram>& program,
                           const training::Samples& samples, std::stop_token stop);

// Synthetic images and their results, by the kernels executor.
absl::StatusOr<std::vector<artifact::SelfTest>> MakeGoldenVectors(
    const std::shared_ptr<const array::ArrayProgram>& program, uint64_t seed);

// The class with the largest result of every sample, the first of equals, by the kernels
// executor on `threads` threads (0: all cores).
absl::StatusOr<std::vector<int>> IntegerClasses(const std::shared_ptr<const array::ArrayProgram>& program,
                                                const training::Samples& samples, int threads, std::stop_token stop);

// IntegerClasses() against the labels, of all labelled samples.
absl::StatusOr<training::Accuracy> MeasureIntegerAccuracy(const std::shared_ptr<const array::ArrayProgram>& program,
                                                          const training::Samples& samples, int threads,
                                                          std::stop_token stop);

}  // namespace colonnade::pipeline
