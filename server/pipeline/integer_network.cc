// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/integer_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "server/base/status.h"
#include "server/executors/infer_batch.h"
#include "server/executors/lockstep.h"
#include "server/quant/bias_correction.h"
#include "server/quant/io.h"
#include "server/quant/quantize.h"
#include "server/quant/reference_network.h"

namespace colonnade::pipeline {
namespace {

using array::ArrayProgram;
using training::Samples;

constexpr int kVerifiedImages = 16;    // real ones, and as many synthetic ones
constexpr int kUnpackedImages = 2;     // also through the unpacked network, which is slow
constexpr int kGoldenVectors = 4;
constexpr int64_t kPortion = 250;      // images held as floats at a time
constexpr uint64_t kVerifySeed = 0x5EED;

quant::InputRange RangeOf(const Samples& samples) {
  quant::InputRange range{0, 0};
  for (int c = 0; c < samples.shape.channels; ++c) {
    const std::vector<float> values = training::NormalizationTable(samples, c);
    range.low = c == 0 ? values.front() : std::min(range.low, values.front());
    range.high = c == 0 ? values.back() : std::max(range.high, values.back());
  }
  return range;
}

quant::Calibration CalibrationOf(const v1::QuantizationSettings& settings) {
  switch (settings.calibration()) {
    case v1::QuantizationSettings::MAXIMUM: return quant::Calibration::kMaximum;
    case v1::QuantizationSettings::PERCENTILE: return quant::Calibration::kPercentile;
    default: return quant::Calibration::kMeanSquaredError;
  }
}

absl::StatusOr<quant::QuantizedNetwork> WithCorrectedBiases(const nn::Network& network,
                                                            quant::QuantizedNetwork quantized,
                                                            const Samples& samples, int64_t images) {
  const int64_t count = std::min(images, quant::MostCorrectionImages(quantized));
  quant::ChannelMeans means(network);
  COLONNADE_RETURN_IF_ERROR(training::TrainableNetwork(network).ForwardObserved(
      training::Normalized(samples, 0, count),
      [&](int layer, std::span<const float> values) { means.Observe(layer, values); }));
  COLONNADE_ASSIGN_OR_RETURN(const auto bytes, QuantizedImages(quantized.tensors.front(), samples, 0, count));
  return quant::CorrectBiases(network, means, std::move(quantized), bytes);
}

absl::Status VerifyImage(const executors::ArrayExecutor& reference, const executors::ArrayExecutor& kernels,
                         std::span<const uint8_t> image) {
  COLONNADE_ASSIGN_OR_RETURN(const auto divergence, executors::FirstDivergence(reference, kernels, image));
  if (!divergence) return absl::OkStatus();
  return absl::InternalError(
      fmt::format("verification: {} and {} differ at step '{}', channel {}", reference.name(), kernels.name(),
                  divergence->step_name, divergence->channel));
}

absl::Status VerifyUnpacked(const quant::QuantizedNetwork& network, const executors::ArrayExecutor& reference,
                            std::span<const uint8_t> image) {
  executors::Workspace workspace;
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<int32_t> packed, reference.Run(image, workspace));
  if (packed == quant::RunQuantized(network, image)) return absl::OkStatus();
  return absl::InternalError("verification: the packed program does not compute what the integer network does");
}

// Real images first, then synthetic ones.
absl::StatusOr<std::vector<std::vector<uint8_t>>> VerificationImages(const ArrayProgram& program,
                                                                     const Samples& samples) {
  std::vector<std::vector<uint8_t>> images;
  for (int64_t i = 0; i < std::min<int64_t>(kVerifiedImages, samples.size()); ++i) {
    COLONNADE_ASSIGN_OR_RETURN(images.emplace_back(), QuantizedImages(program.tensors.front(), samples, i, 1));
  }
  for (uint64_t i = 0; i < kVerifiedImages; ++i) {
    images.push_back(artifact::SelfTestImage(kVerifySeed + i, program.tensors.front().shape.size()));
  }
  return images;
}

}  // namespace

absl::StatusOr<std::vector<uint8_t>> QuantizedImages(const quant::Tensor& input, const Samples& samples, int64_t begin,
                                                     int64_t count) {
  std::vector<uint8_t> bytes(size_t(count * samples.shape.size()));
  COLONNADE_RETURN_IF_ERROR(quant::QuantizeInput(input, training::Normalized(samples, begin, count), bytes));
  return bytes;
}

absl::StatusOr<quant::QuantizedNetwork> CalibrateAndQuantize(const nn::Network& network, const Samples& samples,
                                                             const v1::QuantizationSettings& settings) {
  quant::RangeObserver ranges;
  const int64_t count = std::min<int64_t>(settings.images(), samples.size());
  COLONNADE_RETURN_IF_ERROR(training::TrainableNetwork(network).ForwardObserved(
      training::Normalized(samples, 0, count),
      [&](int layer, std::span<const float> values) { ranges.Observe(layer, values); }));
  quant::QuantizeOptions options;
  options.input_range = RangeOf(samples);
  options.calibration = CalibrationOf(settings);
  options.percentile = settings.percentile();
  COLONNADE_ASSIGN_OR_RETURN(quant::QuantizedNetwork quantized, quant::Quantize(network, ranges, options));
  if (!settings.bias_correction()) return quantized;
  return WithCorrectedBiases(network, std::move(quantized), samples, count);
}

absl::Status VerifyProgram(const quant::QuantizedNetwork& network, const std::shared_ptr<const ArrayProgram>& program,
                           const Samples& samples, std::stop_token stop) {
  COLONNADE_ASSIGN_OR_RETURN(const auto reference, executors::MakeExecutor("reference", program));
  COLONNADE_ASSIGN_OR_RETURN(const auto kernels, executors::MakeExecutor("kernels", program));
  COLONNADE_ASSIGN_OR_RETURN(const auto images, VerificationImages(*program, samples));
  for (size_t i = 0; i < images.size(); ++i) {
    if (stop.stop_requested()) return absl::CancelledError("stopped");
    COLONNADE_RETURN_IF_ERROR(VerifyImage(*reference, *kernels, images[i]));
    if (i < kUnpackedImages) COLONNADE_RETURN_IF_ERROR(VerifyUnpacked(network, *reference, images[i]));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<artifact::SelfTest>> MakeGoldenVectors(
    const std::shared_ptr<const ArrayProgram>& program, uint64_t seed) {
  COLONNADE_ASSIGN_OR_RETURN(const auto kernels, executors::MakeExecutor("kernels", program));
  executors::Workspace workspace;
  return artifact::MakeSelfTests(*program, seed, kGoldenVectors,
                                 [&](std::span<const uint8_t> image) { return kernels->Run(image, workspace); });
}

absl::StatusOr<std::vector<int>> IntegerClasses(const std::shared_ptr<const ArrayProgram>& program,
                                                const Samples& samples, int threads, std::stop_token stop) {
  COLONNADE_ASSIGN_OR_RETURN(const auto kernels, executors::MakeExecutor("kernels", program));
  std::vector<int> best;
  for (int64_t begin = 0; begin < samples.size(); begin += kPortion) {
    if (stop.stop_requested()) return absl::CancelledError("stopped");
    const int64_t count = std::min(kPortion, samples.size() - begin);
    COLONNADE_ASSIGN_OR_RETURN(const std::vector<uint8_t> bytes,
                               QuantizedImages(program->tensors.front(), samples, begin, count));
    COLONNADE_ASSIGN_OR_RETURN(const std::vector<int32_t> results, executors::InferBatch(*kernels, bytes, threads));
    const auto classes = int64_t(results.size()) / count;
    for (auto logits = results.begin(); logits != results.end(); logits += classes) {
      best.push_back(int(std::max_element(logits, logits + classes) - logits));
    }
  }
  return best;
}

absl::StatusOr<training::Accuracy> MeasureIntegerAccuracy(const std::shared_ptr<const ArrayProgram>& program,
                                                          const Samples& samples, int threads,
                                                          std::stop_token stop) {
  COLONNADE_ASSIGN_OR_RETURN(const std::vector<int> classes, IntegerClasses(program, samples, threads, stop));
  training::Accuracy accuracy;
  for (size_t i = 0; i < classes.size(); ++i) {
    if (samples.labels[i] == training::kUnlabelled) continue;
    ++accuracy.images;
    if (classes[i] == samples.labels[i]) ++accuracy.correct;
  }
  return accuracy;
}

}  // namespace colonnade::pipeline
