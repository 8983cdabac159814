// SPDX-License-Identifier: Apache-2.0
// What is fused, which scales and signs are chosen, what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "server/base/status.h"
#include "tests/unit/quant/calibrate.h"

namespace colonnade::quant {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Builds networks on a 2x4x4 image in -1..1; layers have 2 channels.
class QuantizeTest : public testing::Test {
 protected:
  QuantizeTest() {
    network_.input_name = "image";
    network_.output_name = "logits";
    network_.layers.push_back({"image", nn::Input{}, {}, {2, 4, 4}});
  }

  float Uniform() { return float(random_() % 2001) / 1000.0f - 1.0f; }

  int Append(std::string name, nn::Operation operation, std::vector<int> inputs) {
    const absl::Status status =
        nn::AppendLayer(network_, {std::move(name), std::move(operation), std::move(inputs), {}});
    EXPECT_TRUE(status.ok()) << status;
    return int(network_.layers.size()) - 1;
  }

  int Conv(std::string name, int input, float size = 1.0f) {
    nn::Convolution conv{2, 1, {3, 3, 1, 1, 1, 1, 1, 1}, {}, {Uniform(), Uniform()}};
    for (int i = 0; i < 36; ++i) conv.weight.push_back(size * Uniform());
    return Append(std::move(name), conv, {input});
  }

  int Relu(std::string name, int input) { return Append(std::move(name), nn::Clip{}, {input}); }
  int Add(std::string name, int a, int b) { return Append(std::move(name), nn::Add{}, {a, b}); }

  int Linear(std::string name, int input, int outputs = 3) {
    nn::Linear linear{outputs, {}, {}};
    const auto inputs = network_.layers[input].output.size();
    for (int64_t i = 0; i < outputs * inputs; ++i) linear.weight.push_back(Uniform());
    for (int i = 0; i < outputs; ++i) linear.bias.push_back(Uniform());
    return Append(std::move(name), linear, {input});
  }

  std::vector<Image> Images(float low = -1.0f) {
    std::vector<Image> images(6, Image(network_.input_shape().size()));
    for (Image& image : images) {
      for (float& value : image) value = std::max(low, Uniform());
    }
    return images;
  }

  absl::StatusOr<QuantizedNetwork> TryQuantize(float low = -1.0f) {
    images_ = Images(low);
    return Quantize(network_, Calibrate(network_, images_), options_);
  }

  QuantizedNetwork QuantizeOrDie(float low = -1.0f) {
    auto quantized = TryQuantize(low);
    EXPECT_TRUE(quantized.ok()) << quantized.status();
    return quantized.ok() ? *std::move(quantized) : QuantizedNetwork{};
  }

  // Largest |float - integer| over the images, relative to the largest |float|.
  double RelativeError(const QuantizedNetwork& quantized) {
    double error = 0, largest = 0;
    for (const Image& image : images_) {
      const std::vector<float> expected = RunFloat(network_, image), actual = RunReal(quantized, image);
      for (size_t i = 0; i < expected.size(); ++i) {
        error = std::max<double>(error, std::abs(expected[i] - actual[i]));
        largest = std::max<double>(largest, std::abs(expected[i]));
      }
    }
    return error / largest;
  }

  static std::vector<std::string> Names(const QuantizedNetwork& network) {
    std::vector<std::string> names;
    for (const QuantizedLayer& layer : network.layers) names.push_back(layer.name);
    return names;
  }

  template <typename Layer>
  static const Layer& Host(const QuantizedNetwork& network, int layer) {
    return std::get<Layer>(std::get<HostLayer>(network.layers[layer].operation));
  }

  static const MatrixLayer& Matrix(const QuantizedNetwork& network, int layer) {
    return std::get<MatrixLayer>(network.layers[layer].operation);
  }

  std::mt19937 random_{7};
  nn::Network network_;
  QuantizeOptions options_;
  std::vector<Image> images_;
};

bool IsPowerOfTwo(double scale) {
  int exponent = 0;
  return std::frexp(scale, &exponent) == 0.5;
}

TEST_F(QuantizeTest, ActivationsAreFusedAndTheLastMatrixGivesLogits) {
  Linear("fc", Relu("relu", Conv("conv", 0)));
  const QuantizedNetwork network = QuantizeOrDie();
  EXPECT_THAT(Names(network), ElementsAre("conv", "fc.flatten", "fc"));
  const MatrixLayer& conv = Matrix(network, 0);
  EXPECT_EQ(conv.source, "conv");
  EXPECT_EQ(conv.low, 0);
  EXPECT_EQ(conv.high, 255);
  EXPECT_FALSE(network.tensors[1].is_signed);
  EXPECT_EQ(network.tensors[1].name, "relu");
  const MatrixLayer& fc = Matrix(network, 2);
  EXPECT_TRUE(fc.is_logits);
  EXPECT_EQ(network.tensors[3].scale, network.logit_scale);
  int largest = 0;
  for (const int weight : fc.weights.values) largest = std::max(largest, std::abs(weight));
  EXPECT_EQ(largest, 127);
  EXPECT_LT(RelativeError(network), 0.02);
}

TEST_F(QuantizeTest, AResidualJoinsTheMatrixLayerComputedLast) {
  const int stem = Relu("stem_relu", Conv("stem", 0));
  const int branch = Conv("b", Relu("a_relu", Conv("a", stem)));
  Linear("fc", Relu("out", Add("add", branch, stem)));
  const QuantizedNetwork network = QuantizeOrDie();
  EXPECT_THAT(Names(network), ElementsAre("stem", "a", "b", "fc.flatten", "fc"));
  ASSERT_TRUE(Matrix(network, 2).residual.has_value());
  EXPECT_EQ(Matrix(network, 2).residual->tensor, 1);
  EXPECT_EQ(network.tensors[3].name, "out");
  EXPECT_FALSE(network.tensors[3].is_signed);
  EXPECT_LT(RelativeError(network), 0.03);
}

TEST_F(QuantizeTest, OfTwoBranchesTheLaterOneTakesTheAddition) {
  const int stem = Relu("stem_relu", Conv("stem", 0));
  const int shortcut = Conv("shortcut", stem), branch = Conv("branch", stem);
  Linear("fc", Add("add", branch, shortcut));
  const QuantizedNetwork network = QuantizeOrDie();
  EXPECT_THAT(Names(network), ElementsAre("stem", "shortcut", "branch", "fc.flatten", "fc"));
  EXPECT_FALSE(Matrix(network, 1).residual.has_value());
  EXPECT_EQ(Matrix(network, 2).residual->tensor, 2);
  EXPECT_TRUE(network.tensors[3].is_signed);
  EXPECT_LT(RelativeError(network), 0.03);
}

TEST_F(QuantizeTest, AMatrixLayerBeforeItsResidualIsMovedBehindIt) {
  const int stem = Relu("stem_relu", Conv("stem", 0));
  const int branch = Conv("branch", stem);
  const int shortcut = Append("shift", nn::Shift{{1, 0}, {0, -1}}, {stem});
  Linear("fc", Relu("out", Add("add", branch, shortcut)));
  const QuantizedNetwork network = QuantizeOrDie();
  EXPECT_THAT(Names(network), ElementsAre("stem", "shift", "branch", "fc.flatten", "fc"));
  EXPECT_EQ(Matrix(network, 2).residual->tensor, 2);
  EXPECT_LT(RelativeError(network), 0.03);
}

TEST_F(QuantizeTest, WhatOthersReadIsNotFused) {
  const int conv = Conv("conv", 0);
  const int relu = Relu("relu", conv);
  Linear("fc", Add("add", conv, relu));
  const QuantizedNetwork network = QuantizeOrDie();
  EXPECT_THAT(Names(network), ElementsAre("conv", "relu", "add", "fc.flatten", "fc"));
  EXPECT_TRUE(network.tensors[1].is_signed);
  EXPECT_FALSE(network.tensors[2].is_signed);
  EXPECT_EQ(Host<ClipLayer>(network, 1).low, 0);
  EXPECT_EQ(Host<AddLayer>(network, 2).low, -128);
  EXPECT_LT(RelativeError(network), 0.03);
}

TEST_F(QuantizeTest, ATensorMayBeAddedToItself) {
  Linear("fc", Add("add", 0, 0));
  const QuantizedNetwork network = QuantizeOrDie();
  EXPECT_THAT(Names(network), ElementsAre("add", "fc.flatten", "fc"));
  EXPECT_TRUE(IsPowerOfTwo(network.tensors[0].scale));
  EXPECT_LT(RelativeError(network), 0.03);
}

TEST_F(QuantizeTest, ConsecutiveClipsAreOne) {
  Linear("fc",
         Append("c", nn::Clip{-kInfinity, 0.5f}, {Append("b", nn::Clip{-0.25f, 1.0f}, {Conv("a", 0)})}));
  const QuantizedNetwork network = QuantizeOrDie();
  EXPECT_THAT(Names(network), ElementsAre("a", "fc.flatten", "fc"));
  const double scale = network.tensors[1].scale;
  EXPECT_EQ(Matrix(network, 0).low, std::round(-0.25 / scale));
  EXPECT_EQ(Matrix(network, 0).high, std::min(127.0, std::round(0.5 / scale)));
  EXPECT_LT(RelativeError(network), 0.03);
}

TEST_F(QuantizeTest, TheInputScaleIsFreeAndItsRangeMayBeGiven) {
  Linear("fc", Append("pool", nn::MaxPool{{2, 2, 2, 2}}, {0}));
  options_.input_range = InputRange{-2.0f, 1.0f};
  QuantizedNetwork network = QuantizeOrDie();
  EXPECT_DOUBLE_EQ(network.tensors[0].scale, 2.0 / 128);
  options_.input_range = InputRange{-1.0f, 3.0f};
  network = QuantizeOrDie();
  EXPECT_TRUE(network.tensors[0].is_signed);
  EXPECT_DOUBLE_EQ(network.tensors[0].scale, 3.0 / 127);
  EXPECT_EQ(network.tensors[1].scale, network.tensors[0].scale);
  options_.input_range = InputRange{0.0f, 3.0f};
  network = QuantizeOrDie(0.0f);
  EXPECT_FALSE(network.tensors[0].is_signed);
  EXPECT_DOUBLE_EQ(network.tensors[0].scale, 3.0 / 255);
  EXPECT_LT(RelativeError(network), 0.03);
}

TEST_F(QuantizeTest, InteriorScalesArePowersOfTwo) {
  const int conv = Relu("r", Conv("conv", 0));
  Linear("fc", Append("average", nn::GlobalAveragePool{}, {conv}));
  const QuantizedNetwork network = QuantizeOrDie();
  EXPECT_FALSE(IsPowerOfTwo(network.tensors[0].scale));
  EXPECT_TRUE(IsPowerOfTwo(network.tensors[1].scale));
  EXPECT_THAT(Names(network), ElementsAre("conv", "average", "fc"));
  EXPECT_EQ(Host<AveragePoolLayer>(network, 1).window.kernel_h, 4);
  EXPECT_LT(RelativeError(network), 0.02);
}

// The scale of the unsigned tensor behind a ReLU that was seen to give these values.
class CalibrationTest : public QuantizeTest {
 protected:
  CalibrationTest() { Linear("fc", Relu("relu", Conv("conv", 0, 1e-3f))); }

  double ScaleFor(const std::vector<float>& values, Calibration calibration, double percentile = 99.99) {
    options_.calibration = calibration;
    options_.percentile = percentile;
    RangeObserver ranges;
    for (const int layer : {0, 3}) ranges.Observe(layer, std::vector<float>{-1, 1});
    ranges.Observe(2, values);
    return Quantize(network_, ranges, options_).value().tensors[1].scale;
  }

  // 1000 values up to 1, and two of 20 and 300.
  std::vector<float> WithOutliers() {
    std::vector<float> values = {20, 300};
    for (int i = 1; i <= 998; ++i) values.push_back(float(i) / 998);
    return values;
  }
};

TEST_F(CalibrationTest, TheMaximumJustFits) {
  for (const auto& [largest, scale] : {std::pair{255.0f, 1.0}, {256.0f, 2.0}, {128.0f, 1.0}, {127.5f, 0.5}}) {
    EXPECT_EQ(ScaleFor({0, largest}, Calibration::kMaximum), scale) << largest;
  }
  EXPECT_EQ(ScaleFor(WithOutliers(), Calibration::kMaximum), 2);
}

TEST_F(CalibrationTest, APercentileLeavesOutliersOut) {
  EXPECT_EQ(ScaleFor(WithOutliers(), Calibration::kPercentile, 100), 2);
  EXPECT_EQ(ScaleFor(WithOutliers(), Calibration::kPercentile, 99.9), std::ldexp(1, -3));  // 20 fits in 255 eighths
  EXPECT_EQ(ScaleFor(WithOutliers(), Calibration::kPercentile, 99.8), std::ldexp(1, -7));
  EXPECT_EQ(ScaleFor(WithOutliers(), Calibration::kPercentile, 51), std::ldexp(1, -8));
}

TEST_F(CalibrationTest, APercentileOfMostlyZerosIsTheMaximum) {
  std::vector<float> values(1000, 0.0f);
  values.back() = 300;
  EXPECT_EQ(ScaleFor(values, Calibration::kPercentile, 99), 2);
}

TEST_F(CalibrationTest, TheLeastSquaredErrorWeighsOutliersAgainstTheRest) {
  std::vector<float> values = WithOutliers();
  const double error = ScaleFor(values, Calibration::kMeanSquaredError);
  EXPECT_EQ(error, 2);  // one value of 300 saturated costs more than the rest gain
  values[1] = 1.2f;
  for (int i = 0; i < 1000000; ++i) values.push_back(float(i % 1000) / 1000);
  EXPECT_EQ(ScaleFor(values, Calibration::kMaximum), std::ldexp(1, -3));
  EXPECT_EQ(ScaleFor(values, Calibration::kMeanSquaredError), std::ldexp(1, -5));  // 20 becomes 8
}

TEST_F(QuantizeTest, AnInputThatMeetsAnAdditionHasAPowerOfTwo) {
  Linear("fc", Add("add", Conv("conv", 0), Append("pool", nn::AveragePool{{3, 3, 1, 1, 1, 1, 1, 1}}, {0})));
  const QuantizedNetwork network = QuantizeOrDie();
  EXPECT_TRUE(IsPowerOfTwo(network.tensors[0].scale));
  EXPECT_TRUE(Matrix(network, 1).residual.has_value());
  EXPECT_LT(RelativeError(network), 0.03);
}

TEST_F(QuantizeTest, ConcatenatedTensorsShareScaleAndSign) {
  const int a = Relu("a_relu", Conv("a", 0)), b = Conv("b", 0, 4.0f);
  Linear("fc", Append("concat", nn::Concat{}, {a, b}));
  const QuantizedNetwork network = QuantizeOrDie();
  EXPECT_THAT(Names(network), ElementsAre("a", "b", "concat", "fc.flatten", "fc"));
  for (const int tensor : {1, 2, 3}) {
    EXPECT_TRUE(network.tensors[tensor].is_signed) << tensor;
    EXPECT_EQ(network.tensors[tensor].scale, network.tensors[1].scale) << tensor;
  }
  EXPECT_EQ(Matrix(network, 0).low, 0);
  EXPECT_EQ(Matrix(network, 0).high, 127);
  EXPECT_LT(RelativeError(network), 0.03);
}

TEST_F(QuantizeTest, LargeWeightsCoarsenTheOutput) {
  Linear("fc", Relu("relu", Conv("conv", 0)));
  auto& conv = *network_.layers[1].as<nn::Convolution>();
  for (size_t i = 0; i < conv.weight.size(); ++i) conv.weight[i] = i % 2 ? 3000.0f : -3000.0f;
  conv.bias = {0.001f, 0.001f};
  images_.assign(4, Image(32, 0.125f));  // constant images: the weights nearly cancel
  const auto quantized = Quantize(network_, Calibrate(network_, images_));
  ASSERT_TRUE(quantized.ok()) << quantized.status();
  EXPECT_GE(quantized->tensors[1].scale * 127 / quantized->tensors[0].scale, 3000.0);
}

TEST_F(QuantizeTest, FiltersOfZerosKeepTheirBias) {
  Linear("fc", Relu("relu", Conv("conv", 0)));
  auto& conv = *network_.layers[1].as<nn::Convolution>();
  std::fill(conv.weight.begin(), conv.weight.end(), 0.0f);
  conv.bias = {0.7f, 0.0f};
  QuantizedNetwork network = QuantizeOrDie();
  EXPECT_LT(RelativeError(network), 0.02);
  auto& fc = *network_.layers[3].as<nn::Linear>();
  std::fill(fc.weight.begin(), fc.weight.end(), 0.0f);
  network = QuantizeOrDie();
  EXPECT_THAT(Matrix(network, 2).weights.values, Each(0));
  EXPECT_LT(RelativeError(network), 1e-6);
}

TEST_F(QuantizeTest, ZeroWeightsStayZero) {
  const int conv = Conv("conv", 0);
  Linear("fc", conv);
  auto& weight = network_.layers[1].as<nn::Convolution>()->weight;
  for (size_t i = 0; i < weight.size(); i += 3) weight[i] = 0;
  const QuantizedNetwork network = QuantizeOrDie();
  for (size_t i = 0; i < weight.size(); i += 3) EXPECT_EQ(Matrix(network, 0).weights.values[i], 0);
}

TEST_F(QuantizeTest, WeightsRoundHalfAwayFromZeroAndNeverToZero) {
  Linear("fc", 0, 1);
  auto& fc = *network_.layers[1].as<nn::Linear>();
  std::fill(fc.weight.begin(), fc.weight.end(), 0.0f);
  fc.weight[0] = 127;
  fc.weight[1] = 2.5f;
  fc.weight[2] = -2.5f;
  fc.weight[3] = -0.5f;
  fc.weight[4] = 0.25f;
  fc.weight[5] = -1e-6f;
  const QuantizedNetwork network = QuantizeOrDie();
  EXPECT_THAT(std::vector<int>(Matrix(network, 1).weights.values.begin(),
                               Matrix(network, 1).weights.values.begin() + 7),
              ElementsAre(127, 3, -3, -1, 1, -1, 0));
}

TEST_F(QuantizeTest, ATrailingPoolGivesEightBits) {
  const int conv = Conv("conv", 0);
  Append("flat", nn::Flatten{}, {Append("average", nn::GlobalAveragePool{}, {conv})});
  const QuantizedNetwork network = QuantizeOrDie();
  EXPECT_THAT(Names(network), ElementsAre("conv", "average"));
  EXPECT_EQ(network.logit_scale, network.tensors[2].scale);
  EXPECT_LT(RelativeError(network), 0.03);
}

TEST_F(QuantizeTest, LayersThatNothingDependsOnVanish) {
  const int conv = Conv("conv", 0);
  Conv("unused", 0);
  Linear("fc", conv);
  EXPECT_THAT(Names(QuantizeOrDie()), ElementsAre("conv", "fc.flatten", "fc"));
}

TEST_F(QuantizeTest, SoftmaxRunsOnTheHost) {
  Append("softmax", nn::Softmax{}, {Linear("fc", 0)});
  const QuantizedNetwork network = QuantizeOrDie();
  EXPECT_TRUE(network.softmax);
  EXPECT_TRUE(Matrix(network, 1).is_logits);
  EXPECT_EQ(network.output_name, "logits");
}

TEST_F(QuantizeTest, RefusalsNameTheLayerAndTheRemedy) {
  const auto error = [&] { return std::string(Message(TryQuantize().status())); };
  EXPECT_THAT(error(), HasSubstr("Input 'image': is the whole network"));
  const int conv = Conv("conv", 0);
  Append("norm", nn::BatchNorm{{1, 1}, {0, 0}, {0, 0}, {1, 1}}, {conv});
  EXPECT_THAT(error(), HasSubstr("BatchNorm 'norm': must be folded"));
  network_.layers.pop_back();
  Append("softmax", nn::Softmax{}, {conv});
  EXPECT_THAT(error(), HasSubstr("Softmax 'softmax': works on an image"));
  network_.layers.pop_back();
  Linear("fc", conv);
  EXPECT_THAT(std::string(Message(Quantize(network_, RangeObserver()).status())),
              HasSubstr("Input 'image': was not observed"));
  RangeObserver ranges = Calibrate(network_, Images());
  ranges.Observe(conv, std::vector<float>{kInfinity});
  EXPECT_THAT(std::string(Message(Quantize(network_, ranges).status())),
              HasSubstr("Convolution 'conv': had infinite or undefined values"));
}

TEST_F(QuantizeTest, WeightsThatNoScaleFitsAreRefused) {
  // Input and output share a scale, so a weight above 127 cannot be one of 8 bits.
  const int conv = Conv("conv", 0, 1000.0f);
  Linear("fc", Append("concat", nn::Concat{}, {conv, 0}));
  const auto quantized = TryQuantize();
  ASSERT_FALSE(quantized.ok());
  EXPECT_THAT(std::string(Message(quantized.status())),
              HasSubstr("Convolution 'conv': no 8-bit scales fit its values"));
}

}  // namespace
}  // namespace colonnade::quant
