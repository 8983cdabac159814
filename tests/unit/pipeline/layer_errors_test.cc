// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/layer_errors.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "server/compiler/compile.h"
#include "server/pipeline/integer_network.h"
#include "server/quant/reference_network.h"
#include "server/training/augment.h"
#include "tests/support/float_network.h"
#include "tests/support/random_network.h"
#include "tests/support/recipes.h"

namespace colonnade::pipeline {
namespace {

training::Samples RandomSamples(const nn::Shape& shape, int count) {
  training::Samples samples{shape, {}, std::vector<int32_t>(size_t(count)), {}, {}};
  samples.mean.assign(size_t(shape.channels), 0.5);
  samples.deviation.assign(size_t(shape.channels), 0.25);
  training::Random random(5);
  for (int64_t i = 0; i < count * shape.size(); ++i) samples.pixels.push_back(uint8_t(random.Below(256)));
  return samples;
}

// A network, its integer form and samples of more than a portion.
struct Trial {
  nn::Network network;
  training::Samples samples;
  quant::QuantizedNetwork quantized;
  std::shared_ptr<const array::ArrayProgram> program;

  explicit Trial(uint64_t seed)
      : network(RandomNetwork(seed)),
        samples(RandomSamples(network.input_shape(), 11)),
        quantized(CalibrateAndQuantize(network, samples, ResolvedRecipe().quantization()).value()),
        program(std::make_shared<const array::ArrayProgram>(compiler::CompileDense(quantized, {}).value())) {}

  // Mean squared error of tensor `index`, the plain way.
  double ErrorOf(size_t index) const {
    const auto is_its_source = [&](const nn::Layer& layer) { return layer.name == quantized.tensors[index].name; };
    const auto layer = std::find_if(network.layers.begin(), network.layers.end(), is_its_source);
    const auto source = size_t(layer - network.layers.begin());
    double sum = 0;
    for (int64_t image = 0; image < samples.size(); ++image) {
      const auto floats = RunFloatLayers(network, training::Normalized(samples, image, 1));
      const auto q =
          quant::RunQuantizedLayers(quantized, QuantizedImages(quantized.tensors[0], samples, image, 1).value());
      for (size_t i = 0; i < q[index].size(); ++i) {
        const double difference = floats[source][i] - quantized.tensors[index].scale * q[index][i];
        sum += difference * difference;
      }
    }
    return sum / double(samples.size() * quantized.tensors[index].shape.size());
  }
};

TEST(LayerErrors, AreThoseOfEveryTensorOfTheIntegerNetwork) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const Trial trial(seed);
    const auto errors = MeasureLayerErrors(trial.network, trial.program, trial.samples, {});
    ASSERT_TRUE(errors.ok()) << errors.status();
    EXPECT_EQ((*errors)[0].name, trial.quantized.tensors[0].name);
    size_t next = 1;
    for (size_t i = 0; i < trial.quantized.layers.size(); ++i) {
      if (next == errors->size() || (*errors)[next].name != trial.quantized.layers[i].name) continue;
      const double expected = trial.ErrorOf(i + 1);
      EXPECT_NEAR((*errors)[next].mean_squared_error, expected, 1e-3 * expected)
          << seed << ", " << (*errors)[next].name;
      ++next;
    }
    EXPECT_EQ(next, errors->size());
    EXPECT_GE(errors->size() + 1, trial.quantized.tensors.size());  // all but a Flatten that the float network lacks
  }
}

TEST(LayerErrors, StopWhenAsked) {
  const Trial trial(1);
  std::stop_source stop;
  stop.request_stop();
  const auto errors = MeasureLayerErrors(trial.network, trial.program, trial.samples, stop.get_token());
  EXPECT_EQ(errors.status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace colonnade::pipeline
