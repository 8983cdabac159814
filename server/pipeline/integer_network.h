// SPDX-License-Identifier: Apache-2.0
// The way from a trained float network to integers, and the proof that they agree.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <vector>

#include "absl/status/statusor.h"
#include "colonnade/v1/packing.pb.h"
#include "server/array/array_program.h"
#include "server/artifact/self_test.h"
#include "server/executors/array_executor.h"
#include "server/nn/network.h"
#include "server/quant/quantized_network.h"
#include "server/training/samples.h"
#include "server/training/trainable_network.h"

namespace colonnade::pipeline {

// The bytes of images [begin, begin + count) as the integer network's input.
absl::StatusOr<std::vector<uint8_t>> QuantizedImages(const quant::Tensor& input, const training::Samples& samples,
                                                     int64_t begin, int64_t count);

// Chooses scales on the first settings.images of `samples`, as settings.calibration says,
// and rounds; with bias_correction, corrects biases on the same images, or on the first of
// them if the activations of all need more than 1 GiB (quant/bias_correction.h).
// REQUIRES: the settings are resolved, BatchNorms are folded and a trailing Softmax is trimmed.
absl::StatusOr<quant::QuantizedNetwork> CalibrateAndQuantize(const nn::Network& network,
                                                             const training::Samples& samples,
                                                             const v1::QuantizationSettings& settings);

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
