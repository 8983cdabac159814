// SPDX-License-Identifier: Apache-2.0
// How the exported graph is written.
#include <map>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/onnx/export_qdq.h"
#include "server/onnx/onnx_proto.h"
#include "server/onnx/weight_blocks.h"
#include "tests/support/random_packed.h"
#include "tests/unit/quant/random_layer.h"

namespace colonnade::onnx {
namespace {

using quant::QuantizedNetwork;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::FloatEq;
using ::testing::HasSubstr;

// A parsed model and what its names stand for.
struct Graph {
  explicit Graph(const QuantizedNetwork& network, const QdqOptions& options = {}) {
    model.ParseFromString(ExportQdq(network, options).value());
    for (const TensorProto& tensor : model.graph().initializer()) constants[tensor.name()] = &tensor;
    for (const NodeProto& node : model.graph().node()) makers[node.output(0)] = &node;
  }
  // The node that bears the name.
  const NodeProto& Node(const std::string& name) const {
    for (const NodeProto& node : model.graph().node()) {
      if (node.name() == name) return node;
    }
    throw std::out_of_range(name);
  }
  const NodeProto& MakerOf(const std::string& tensor) const { return *makers.at(tensor); }
  const TensorProto& Constant(const std::string& name) const { return *constants.at(name); }
  template <typename T>
  std::vector<T> Values(const std::string& name) const {
    const std::string& raw = Constant(name).raw_data();
    const auto* values = reinterpret_cast<const T*>(raw.data());
    return {values, values + raw.size() / sizeof(T)};
  }
  std::vector<std::string> OpTypes() const {
    std::vector<std::string> types;
    for (const NodeProto& node : model.graph().node()) types.push_back(node.op_type());
    return types;
  }
  int64_t Int(const NodeProto& node, const std::string& attribute) const {
    for (const AttributeProto& found : node.attribute()) {
      if (found.name() == attribute) return found.i();
    }
    throw std::out_of_range(attribute);
  }

  ModelProto model;
  std::map<std::string, const TensorProto*> constants;
  std::map<std::string, const NodeProto*> makers;
};

// One convolution of 3x3 from a signed image of 4 channels to an unsigned tensor.
QuantizedNetwork OneConvolution() {
  quant::LayerSource source(1);
  QuantizedNetwork network{"image", "result", {{"image", {4, 6, 6}, 0.3, true}}, {}};
  quant::MatrixLayer layer = source.RandomMatrix({4, 6, 6}, {3, 3, 1, 1, 1, 1, 1, 1}, 2);
  layer.bias = {700, -9};
  layer.shift = {7, 9};
  network.tensors.push_back({"conv", {2, 6, 6}, 0.25, false});
  network.layers.push_back({"conv", layer});
  network.logit_scale = 0.25;
  return network;
}

const quant::MatrixLayer& FirstLayer(const QuantizedNetwork& network) {
  return std::get<quant::MatrixLayer>(network.layers[0].operation);
}
quant::MatrixLayer& FirstLayer(QuantizedNetwork& network) {
  return std::get<quant::MatrixLayer>(network.layers[0].operation);
}

TEST(QdqGraph, IsPlainOnnxOfAnyBatch) {
  const Graph graph(OneConvolution(), {{}, {{"artifact", "digits:3"}}});
  ASSERT_EQ(graph.model.opset_import_size(), 1);
  EXPECT_EQ(graph.model.opset_import(0).domain(), "");
  EXPECT_EQ(graph.model.opset_import(0).version(), 13);
  const auto& input = graph.model.graph().input(0).type().tensor_type();
  EXPECT_EQ(input.elem_type(), TensorProto::FLOAT);
  EXPECT_EQ(input.shape().dim(0).dim_param(), "batch");
  EXPECT_EQ(input.shape().dim(1).dim_value(), 4);
  EXPECT_EQ(graph.model.graph().output(0).name(), "result");
  EXPECT_EQ(graph.model.graph().output(0).type().tensor_type().shape().dim(1).dim_value(), 72);
  EXPECT_EQ(graph.model.metadata_props(0).value(), "digits:3");
}

TEST(QdqGraph, WeightsAreBytesWithAScalePerFilter) {
  const QuantizedNetwork network = OneConvolution();
  const Graph graph(network);
  const NodeProto& weight = graph.MakerOf(graph.Node("conv").input(1));
  EXPECT_EQ(weight.op_type(), "DequantizeLinear");
  EXPECT_EQ(graph.Int(weight, "axis"), 0);
  EXPECT_THAT(graph.Constant(weight.input(0)).dims(), ElementsAre(2, 4, 3, 3));
  EXPECT_EQ(graph.Constant(weight.input(0)).data_type(), TensorProto::INT8);
  EXPECT_THAT(graph.Values<int8_t>(weight.input(0)), ElementsAreArray(FirstLayer(network).weights.values));
  EXPECT_THAT(graph.Values<float>(weight.input(1)),
              ElementsAre(FloatEq(0.25f / 128 / 0.3f * (1 + 0x1p-18f)), FloatEq(0.25f / 512 / 0.3f * (1 + 0x1p-20f))));
  EXPECT_THAT(graph.Values<int8_t>(weight.input(2)), ElementsAre(0, 0));
}

TEST(QdqGraph, BiasesLieAQuarterOfAStepHigher) {
  const Graph graph(OneConvolution());
  EXPECT_THAT(
      graph.Values<float>(graph.Node("conv").input(2)),
      ElementsAre(FloatEq(700.25f * 0.25f / 128 * (1 + 0x1p-18f)), FloatEq(-8.75f * 0.25f / 512 * (1 + 0x1p-20f))));
}

TEST(QdqGraph, ScalesOfWhatMayBeNegativeAreNotRaised) {
  QuantizedNetwork network = OneConvolution();
  network.tensors[1].is_signed = true;
  FirstLayer(network).low = -128;
  FirstLayer(network).high = 127;
  EXPECT_THAT(Graph(network).Values<float>("conv.weight_scale"),
              ElementsAre(FloatEq(0.25f / 128 / 0.3f), FloatEq(0.25f / 512 / 0.3f)));
}

TEST(QdqGraph, AdditionsAndAveragesLieAQuarterOfAStepHigher) {
  QuantizedNetwork network{"image", "result", {{"image", {1, 4, 4}, 1.0, false}}, {}, 1.0};
  network.tensors.push_back({"pool", {1, 2, 2}, 0.5, false});
  network.layers.push_back({"pool", quant::AveragePoolLayer{0, {2, 2, 2, 2}, true, 1}});
  network.tensors.push_back({"sum", {1, 2, 2}, 4.0, false});
  network.layers.push_back({"sum", quant::AddLayer{1, 1, 0, 0, 3, 0, 255}});
  const Graph graph(network);
  EXPECT_THAT(graph.Node("pool.raised").input(), ElementsAre("pool.real", "pool.quarter"));
  EXPECT_THAT(graph.Values<float>("pool.quarter"), ElementsAre(0.5f / 4 / 4));
  EXPECT_THAT(graph.Values<float>("sum.quarter"), ElementsAre(4.0f / 8 / 4));
}

TEST(QdqGraph, TensorsAreBytesOfTheirSign) {
  const Graph graph(OneConvolution());
  const NodeProto& image = graph.Node("image.quantized");
  EXPECT_THAT(graph.Values<float>(image.input(1)), ElementsAre(0.3f));
  EXPECT_EQ(graph.Constant(image.input(2)).data_type(), TensorProto::INT8);
  EXPECT_THAT(graph.Values<int8_t>(image.input(2)), ElementsAre(0));
  EXPECT_EQ(graph.Constant(graph.Node("conv.quantized").input(2)).data_type(), TensorProto::UINT8);
}

TEST(QdqGraph, AClipIsThereOnlyWhereQuantizingSaturatesLess) {
  QuantizedNetwork network = OneConvolution();
  EXPECT_EQ(Graph(network).Node("conv.quantized").input(0), "conv.real");
  FirstLayer(network).high = 24;
  const Graph graph(network);
  const NodeProto& clip = graph.MakerOf(graph.Node("conv.quantized").input(0));
  EXPECT_EQ(clip.op_type(), "Clip");
  EXPECT_THAT(graph.Values<float>(clip.input(1)), ElementsAre(0));
  EXPECT_THAT(graph.Values<float>(clip.input(2)), ElementsAre(6));
}

TEST(QdqGraph, AResidualIsAddedBeforeTheOnlyRounding) {
  QuantizedNetwork network = OneConvolution();
  network.tensors[0] = {"image", {2, 6, 6}, 0.5, false};
  FirstLayer(network) = quant::LayerSource(2).RandomMatrix({2, 6, 6}, {}, 2);
  FirstLayer(network).bias = {0, 0};
  FirstLayer(network).shift = {6, 6};
  FirstLayer(network).residual = quant::Residual{0, 1};
  const Graph graph(network);
  const NodeProto& sum = graph.MakerOf(graph.Node("conv.quantized").input(0));
  EXPECT_EQ(sum.op_type(), "Add");
  EXPECT_THAT(sum.input(), ElementsAre("conv.real", "image.output"));
}

TEST(QdqGraph, LogitsAreNotRounded) {
  QuantizedNetwork network = OneConvolution();
  FirstLayer(network).is_logits = true;
  network.logit_scale = 0.01;
  const Graph graph(network);
  const NodeProto& weight = graph.MakerOf(graph.Node("conv").input(1));
  EXPECT_THAT(graph.Values<float>(weight.input(1)), ElementsAre(float(0.01 / 0.3), float(0.01 / 0.3)));
  EXPECT_THAT(graph.Values<float>("conv.bias"), ElementsAre(FloatEq(7), FloatEq(-0.09f)));
  EXPECT_EQ(graph.MakerOf("result").op_type(), "Flatten");
  EXPECT_EQ(graph.MakerOf("result").input(0), "conv.real");
}

TEST(QdqGraph, ASoftmaxComesLast) {
  QuantizedNetwork network = OneConvolution();
  network.softmax = true;
  const Graph graph(network);
  EXPECT_EQ(graph.MakerOf("result").op_type(), "Softmax");
  EXPECT_EQ(graph.Int(graph.MakerOf("result"), "axis"), 1);
}

TEST(QdqGraph, RawPixelsAreNormalizedInside) {
  const Graph graph(OneConvolution(), {PixelInput{{0.1, 0.2, 0.3, 0.4}, {1, 2, 3, 4}}, {}});
  EXPECT_EQ(graph.model.graph().input(0).type().tensor_type().elem_type(), TensorProto::UINT8);
  const NodeProto& normalized = graph.MakerOf(graph.Node("image.quantized").input(0));
  const NodeProto& centred = graph.MakerOf(normalized.input(0));
  const NodeProto& share = graph.MakerOf(centred.input(0));
  EXPECT_EQ(graph.MakerOf(share.input(0)).op_type(), "Cast");
  EXPECT_THAT(graph.Values<float>(share.input(1)), ElementsAre(255));
  EXPECT_THAT(graph.Values<float>(centred.input(1)), ElementsAre(0.1f, 0.2f, 0.3f, 0.4f));
  EXPECT_THAT(graph.Constant(normalized.input(1)).dims(), ElementsAre(1, 4, 1, 1));
}

TEST(QdqGraph, BlockDiagonalMatricesAreGrouped) {
  QuantizedNetwork network = OneConvolution();
  quant::WeightMatrix& weights = FirstLayer(network).weights;
  for (int column = 0; column < 18; ++column) {
    weights.values[size_t(18 + column)] = 0;
    weights.values[size_t(36 + column)] = 0;
  }
  const Graph graph(network);
  EXPECT_EQ(graph.Int(graph.Node("conv"), "group"), 2);
  EXPECT_THAT(graph.Constant("conv.weight_quantized").dims(), ElementsAre(2, 2, 3, 3));
  EXPECT_EQ(graph.Values<int8_t>("conv.weight_quantized")[18], weights.values[54]);
}

TEST(QdqGraph, EveryNameIsWrittenOnceAndBeforeItIsRead) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const Graph graph(RandomPackedNetwork(seed).network);
    std::set<std::string> known = {graph.model.graph().input(0).name()};
    for (const TensorProto& tensor : graph.model.graph().initializer()) EXPECT_TRUE(known.insert(tensor.name()).second);
    for (const NodeProto& node : graph.model.graph().node()) {
      for (const std::string& input : node.input()) EXPECT_TRUE(known.contains(input)) << input;
      EXPECT_TRUE(known.insert(node.output(0)).second) << node.output(0);
    }
  }
}

TEST(QdqGraph, TheSameNetworkGivesTheSameBytes) {
  EXPECT_EQ(*ExportQdq(OneConvolution()), *ExportQdq(OneConvolution()));
}

TEST(QdqGraph, ScalesThatFloatsCannotHoldAreRefused) {
  QuantizedNetwork network = OneConvolution();
  network.tensors[1].scale = 1e-37;  // at accumulator scale below the smallest normal float
  const absl::Status refused = ExportQdq(network).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("'conv'"));
}

quant::WeightMatrix Matrix(int rows, std::vector<int8_t> values) {
  return {rows, int(values.size()) / rows, std::move(values), {}};
}

TEST(WeightBlocks, AreAsManyAsHoldEverything) {
  EXPECT_EQ(BlocksOf(Matrix(2, {1, 0, 0, 1}), 2), 2);
  EXPECT_EQ(BlocksOf(Matrix(2, {1, 0, 1, 1}), 2), 1);
  EXPECT_EQ(BlocksOf(Matrix(4, {1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 5, 6, 0, 0, 7, 8}), 4), 2);
  EXPECT_EQ(BlocksOf(Matrix(3, {0, 0, 0, 0, 0, 0}), 2), 1) << "3 rows and 2 channels have no common divisor";
}

TEST(WeightBlocks, HoldTheWeightsOfTheirRows) {
  EXPECT_THAT(TakeBlocks(Matrix(2, {1, 2, 0, 0, 0, 0, 3, 4}), 2), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(TakeBlocks(Matrix(2, {1, 2, 3, 4}), 1), ElementsAre(1, 2, 3, 4));
}

}  // namespace
}  // namespace colonnade::onnx
