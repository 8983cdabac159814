// SPDX-License-Identifier: Apache-2.0
// What the exported graph computes: without its rounding it is read back by our own
// importer, and every value, rounded with halves up, is the integer network's.
#include "server/onnx/export_qdq.h"

#include <cmath>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/onnx/import.h"
#include "server/quant/io.h"
#include "server/quant/reference_network.h"
#include "tests/support/float_network.h"
#include "tests/support/lone_layers.h"
#include "tests/support/random_packed.h"
#include "tests/unit/onnx/strip_qdq.h"
#include "tests/unit/quant/random_layer.h"

namespace colonnade::onnx {
namespace {

using quant::QuantizedNetwork;
using quant::Tensor;

// The input's bytes as the values that the stripped network takes.
std::vector<float> ToImage(const Tensor& input, const std::vector<uint8_t>& bytes) {
  std::vector<float> image;
  for (const uint8_t byte : bytes) image.push_back(float((byte - input.zero_point()) * input.scale / 2));
  return image;
}

void ExpectTheSame(const QuantizedNetwork& network, uint64_t seed) {
  ASSERT_TRUE(quant::Check(network).ok()) << quant::Check(network);
  const auto onnx = ExportQdq(network);
  ASSERT_TRUE(onnx.ok()) << onnx.status();
  const auto imported = ImportOnnx(StripQdq(*onnx));
  ASSERT_TRUE(imported.ok()) << imported.status();
  const std::vector<uint8_t> bytes = RandomBytes(network.tensors[0].shape.size(), seed);
  const std::vector<float> real = RunFloat(imported->network, ToImage(network.tensors[0], bytes));
  const std::vector<int32_t> q = quant::RunQuantized(network, bytes);
  ASSERT_EQ(real.size(), q.size());
  for (size_t i = 0; i < q.size(); ++i) {
    const double above = real[i] / network.logit_scale - q[i], error = 1e-6 * std::abs(double(q[i]));
    ASSERT_TRUE(-0.5 - error <= above && above <= 0.5 - 1e-5 + error)
        << network.layers.back().name << ", value " << i << ": " << q[i] << " and " << above;
  }
}

TEST(ExportQdq, LayersOfRandomNetworksGiveTheSame) {
  std::set<size_t> kinds;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    for (const QuantizedNetwork& alone : LoneLayers(seed)) {
      ASSERT_NO_FATAL_FAILURE(ExpectTheSame(alone, seed));
      const auto* host = std::get_if<quant::HostLayer>(&alone.layers[0].operation);
      kinds.insert(host ? host->index() : std::variant_size_v<quant::HostLayer>);
    }
  }
  EXPECT_EQ(kinds.size(), 8u) << "matrix layers, and host layers but additions and concatenations";
}

// image, and half of it at a quarter of its scale: exactly the same values.
QuantizedNetwork TwoScales() {
  QuantizedNetwork network{"image", "result", {{"image", {3, 4, 5}, 0.25, false}}, {}};
  network.tensors.push_back({"low", {3, 4, 5}, 0.25, false});
  network.layers.push_back({"low", quant::ClipLayer{0, 0, 63}});
  network.tensors.push_back({"fine", {3, 4, 5}, 0.0625, false});
  network.layers.push_back({"fine", quant::AveragePoolLayer{1, {}, true, 2}});
  return network;
}

void Append(QuantizedNetwork& network, const std::string& name, quant::HostLayer layer, Tensor out) {
  out.name = name;
  network.logit_scale = out.scale;
  network.tensors.push_back(std::move(out));
  network.layers.push_back({name, std::move(layer)});
}

TEST(ExportQdq, AdditionsOfTwoScales) {
  QuantizedNetwork network = TwoScales();
  Append(network, "sum", quant::AddLayer{0, 2, 2, 0, 3, 3, 90}, {"", {3, 4, 5}, 0.5, true});
  ExpectTheSame(network, 1);
}

TEST(ExportQdq, Concatenations) {
  QuantizedNetwork network = TwoScales();
  Append(network, "joined", quant::ConcatLayer{{0, 1, 0}}, {"", {9, 4, 5}, 0.25, false});
  ExpectTheSame(network, 2);
}

TEST(ExportQdq, ResidualsAreRoundedWithTheSum) {
  quant::LayerSource source(3);
  for (const int exponent : {-3, 0, 2}) {
    QuantizedNetwork network = TwoScales();
    quant::MatrixLayer layer = source.RandomMatrix({3, 4, 5}, {}, 3);
    layer.bias = {500, -500, 0};
    layer.shift = {5, 6, 9};
    layer.residual = quant::Residual{2, exponent};
    layer.low = 3;
    network.tensors.push_back({"sum", {3, 4, 5}, std::ldexp(0.0625, -exponent), false});
    network.layers.push_back({"sum", layer});
    network.logit_scale = network.tensors.back().scale;
    ExpectTheSame(network, 4);
  }
}

TEST(ExportQdq, FlatTensorsBecomeImagesWhereTheyMust) {
  quant::LayerSource source(5);
  QuantizedNetwork network{"image", "result", {{"image", {4, 1, 1}, 1.0, false}}, {}};
  Append(network, "flat", quant::FlattenLayer{0}, {"", {4, 1, 1}, 1.0, false});
  Append(network, "joined", quant::ConcatLayer{{0, 1}}, {"", {8, 1, 1}, 1.0, false});
  Append(network, "sum", quant::AddLayer{1, 1, 0, 0, 1, 0, 255}, {"", {4, 1, 1}, 2.0, false});
  Append(network, "padded", quant::PadChannelsLayer{3, 1, 2}, {"", {7, 1, 1}, 2.0, false});
  ExpectTheSame(network, 6);
}

TEST(ExportQdq, WholeNetworksImport) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    QuantizedNetwork network = RandomPackedNetwork(seed).network;
    network.softmax = seed % 2 == 1;
    const auto imported = ImportOnnx(StripQdq(*ExportQdq(network)));
    ASSERT_TRUE(imported.ok()) << "seed " << seed << ": " << imported.status();
    EXPECT_EQ(imported->network.input_name, network.input_name);
    EXPECT_EQ(imported->network.output_name, network.output_name);
    EXPECT_EQ(imported->network.output_shape().size(), network.tensors.back().shape.size());
  }
}

}  // namespace
}  // namespace colonnade::onnx
