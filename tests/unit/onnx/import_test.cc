// SPDX-License-Identifier: Apache-2.0
#include "server/onnx/import.h"

#include <functional>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/nn/transforms.h"
#include "tests/unit/onnx/model_builder.h"

namespace colonnade::onnx {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Imported Import(const ModelBuilder& model) {
  auto imported = ImportOnnx(model.Bytes());
  EXPECT_TRUE(imported.ok()) << imported.status();
  return imported.ok() ? *std::move(imported) : Imported{};
}

std::vector<std::string> Operations(const Imported& imported) {
  std::vector<std::string> names;
  for (const nn::Layer& layer : imported.network.layers)
    names.emplace_back(nn::OperationName(layer.operation));
  return names;
}

template <typename Op>
const Op& Find(const Imported& imported) {
  for (const nn::Layer& layer : imported.network.layers) {
    if (const Op* op = layer.as<Op>()) return *op;
  }
  static const Op absent{};
  ADD_FAILURE() << "no such layer";
  return absent;
}

Verdict VerdictOf(const Imported& imported, std::string_view name) {
  for (const NodeVerdict& verdict : imported.verdicts) {
    if (verdict.name == name) return verdict.verdict;
  }
  ADD_FAILURE() << "no node " << name;
  return Verdict::kRefused;
}

TEST(ImportOnnx, ReadsASmallNetwork) {
  const Imported imported = Import(SmallModel());
  EXPECT_THAT(Operations(imported),
              ElementsAre("Input", "Convolution", "Clip", "MaxPool", "Flatten", "Linear"));
  EXPECT_EQ(imported.network.input_name, "image");
  EXPECT_EQ(imported.network.output_name, "logits");
  EXPECT_EQ(imported.network.layers[1].name, "conv");
  EXPECT_EQ(VerdictOf(imported, "conv"), Verdict::kPackable);
  EXPECT_EQ(VerdictOf(imported, "relu"), Verdict::kRunsUnpacked);
  EXPECT_EQ(VerdictOf(imported, "flat"), Verdict::kFolded);
}

TEST(ImportOnnx, NamesUnnamedNodesAndKeepsLayerNamesApart) {
  ModelBuilder model = SmallModel();
  for (NodeProto& node : *model.graph().mutable_node()) node.clear_name();
  model.graph().mutable_node(2)->set_name("Conv#0");
  const Imported imported = Import(model);
  EXPECT_EQ(imported.network.layers[1].name, "Conv#0");
  EXPECT_EQ(imported.network.layers[3].name, "Conv#0#2");
}

TEST(ImportOnnx, ComputesAutomaticPadding) {
  const auto window = [](std::string mode) {
    ModelBuilder model({1, 6, 7});
    model.Floats("w", {1, 1, 4, 3});
    NodeProto& conv = model.Node("Conv", {"image", "w"}, "conv");
    ModelBuilder::SetInts(conv, "strides", {1, 2});
    ModelBuilder::SetString(conv, "auto_pad", std::move(mode));
    model.Node("GlobalAveragePool", {"conv"}, "mean");
    model.Classifier("mean", 1);
    return Find<nn::Convolution>(Import(model)).window;
  };
  EXPECT_EQ(window("VALID"), (nn::Window{4, 3, 1, 2}));
  EXPECT_EQ(window("SAME_UPPER"), (nn::Window{4, 3, 1, 2, 1, 1, 2, 1}));
  EXPECT_EQ(window("SAME_LOWER"), (nn::Window{4, 3, 1, 2, 2, 1, 1, 1}));
}

TEST(ImportOnnx, CeilModeAddsAWindowOnlyInsideTheImage) {
  const auto window = [](int64_t size, int64_t kernel, int64_t stride, int64_t pad) {
    ModelBuilder model({1, size, size});
    NodeProto& pool = model.Node("MaxPool", {"image"}, "pool");
    ModelBuilder::SetInts(pool, "kernel_shape", {kernel, kernel});
    ModelBuilder::SetInts(pool, "strides", {stride, stride});
    ModelBuilder::SetInts(pool, "pads", {pad, pad, pad, pad});
    ModelBuilder::SetInt(pool, "ceil_mode", 1);
    model.Node("GlobalAveragePool", {"pool"}, "mean");
    model.Classifier("mean", 1);
    const Imported imported = Import(model);
    return std::pair(Find<nn::MaxPool>(imported).window.pad_bottom, imported.network.layers[1].output.height);
  };
  EXPECT_EQ(window(6, 3, 2, 0), std::pair(1, 3));
  EXPECT_EQ(window(7, 3, 2, 0), std::pair(0, 3));
  EXPECT_EQ(window(5, 2, 3, 1), std::pair(1, 2)) << "a window that starts in the padding behind is dropped";
}

TEST(ImportOnnx, ReadsBothFormsOfClip) {
  const auto clip = [](bool as_inputs) {
    ModelBuilder model({4, 1, 1}, as_inputs ? 13 : 10);
    NodeProto& node = model.Node("Clip", {"image"}, "clip");
    if (as_inputs) {
      node.add_input("");
      model.Floats("high", {}, -3.0f);
      node.add_input("high");
    } else {
      ModelBuilder::SetFloat(node, "min", -2.0f);
      ModelBuilder::SetFloat(node, "max", 6.0f);
    }
    model.Classifier("clip", 4);
    return Find<nn::Clip>(Import(model));
  };
  EXPECT_EQ(clip(true).low, -std::numeric_limits<float>::infinity());
  EXPECT_EQ(clip(true).high, 6.0f);
  EXPECT_EQ(clip(false).low, -2.0f);
  EXPECT_EQ(clip(false).high, 6.0f);
}

TEST(ImportOnnx, MatMulAndAddBecomeOneLinear) {
  ModelBuilder model({2, 1, 1});
  model.Node("Flatten", {"image"}, "flat");
  model.Floats("w", {2, 3}, 1.0f);  // -2 -1 0 / 1 2 -2
  model.Floats("b", {3}, 1.0f);
  model.Node("MatMul", {"flat", "w"}, "product");
  model.Node("Add", {"b", "product"}, "logits");
  model.Output("logits");
  const Imported imported = Import(model);
  EXPECT_THAT(Operations(imported), ElementsAre("Input", "Linear"));
  EXPECT_THAT(Find<nn::Linear>(imported).weight, ElementsAre(-2, 1, -1, 2, 0, -2));
  EXPECT_THAT(Find<nn::Linear>(imported).bias, ElementsAre(-2, -1, 0));
  EXPECT_EQ(VerdictOf(imported, "logits"), Verdict::kFolded);
}

TEST(ImportOnnx, RefusesAddingAConstantToASharedProduct) {
  ModelBuilder model({2, 1, 1});
  model.Node("Flatten", {"image"}, "flat");
  model.Floats("w", {2, 2});
  model.Floats("b", {2});
  model.Node("MatMul", {"flat", "w"}, "product");
  model.Node("Identity", {"product"}, "alias");
  model.Node("Add", {"alias", "b"}, "biased");
  model.Node("Add", {"biased", "product"}, "logits");
  model.Output("logits");
  EXPECT_THAT(ImportOnnx(model.Bytes()).status().message(), HasSubstr("no bias of a convolution"));
}

TEST(ImportOnnx, GemmScalesItsOperands) {
  ModelBuilder model({2, 1, 1});
  model.Node("Flatten", {"image"}, "flat");
  model.Floats("w", {2, 2}, 1.0f);  // -2 -1 / 0 1
  model.Floats("b", {1}, 1.0f);     // -2
  NodeProto& gemm = model.Node("Gemm", {"flat", "w", "b"}, "logits");
  ModelBuilder::SetFloat(gemm, "alpha", 2.0f);
  ModelBuilder::SetFloat(gemm, "beta", 0.5f);
  model.Output("logits");
  const Imported imported = Import(model);
  EXPECT_THAT(Find<nn::Linear>(imported).weight, ElementsAre(-4, 0, -2, 2));
  EXPECT_THAT(Find<nn::Linear>(imported).bias, ElementsAre(-1, -1));
}

TEST(ImportOnnx, ReduceMeanOverSpaceIsAGlobalAverage) {
  for (const int64_t opset : {13, 18}) {
    ModelBuilder model({4, 3, 3}, opset);
    NodeProto& mean = model.Node("ReduceMean", {"image"}, "mean");
    ModelBuilder::SetInt(mean, "keepdims", 0);
    if (opset == 18) {
      model.Ints("axes", {-1, -2});
      mean.add_input("axes");
    } else {
      ModelBuilder::SetInts(mean, "axes", {2, 3});
    }
    model.Floats("w", {4, 3});
    model.Node("MatMul", {"mean", "w"}, "logits");
    model.Output("logits");
    EXPECT_THAT(Operations(Import(model)), ElementsAre("Input", "GlobalAveragePool", "Linear"));
  }
}

TEST(ImportOnnx, SlicesAndPadMakeAShortcut) {
  ModelBuilder model({2, 7, 6}, 9);
  for (const int64_t axis : {2, 3}) {
    NodeProto& slice = model.Node("Slice", {axis == 2 ? "image" : "rows"}, axis == 2 ? "rows" : "pixels");
    ModelBuilder::SetInts(slice, "axes", {axis});
    ModelBuilder::SetInts(slice, "starts", {0});
    ModelBuilder::SetInts(slice, "ends", {std::numeric_limits<int64_t>::max()});
  }
  NodeProto& pad = model.Node("Pad", {"pixels"}, "padded");
  ModelBuilder::SetInts(pad, "pads", {0, 1, 0, 0, 0, 2, 0, 0});
  model.Classifier("padded", 5 * 42);
  EXPECT_THAT(Operations(Import(model)), ElementsAre("Input", "PadChannels", "Flatten", "Linear"))
      << "no steps";

  ModelBuilder strided({2, 7, 6});
  strided.Ints("start", {0});
  strided.Ints("end", {100});
  strided.Ints("two", {2});
  strided.Ints("three", {3});
  strided.Node("Slice", {"image", "start", "end", "two", "two"}, "rows");
  strided.Node("Slice", {"rows", "start", "end", "three", "three"}, "pixels");
  strided.Classifier("pixels", 2 * 4 * 2);
  const Imported imported = Import(strided);
  EXPECT_THAT(Operations(imported), ElementsAre("Input", "Subsample", "Flatten", "Linear")) << "merged";
  EXPECT_EQ(Find<nn::Subsample>(imported).stride_h, 2);
  EXPECT_EQ(Find<nn::Subsample>(imported).stride_w, 3);
  EXPECT_EQ(imported.network.layers[1].output, (nn::Shape{2, 4, 2}));
}

TEST(ImportOnnx, ConvTakesOverTheBorderOfAPad) {
  ModelBuilder model({1, 5, 5});
  model.Ints("pads", {0, 0, 1, 0, 0, 0, 2, 3});
  model.Floats("w", {1, 1, 3, 3});
  model.Node("Pad", {"image", "pads"}, "padded");
  ModelBuilder::SetInts(model.Node("Conv", {"padded", "w"}, "conv"), "pads", {0, 1, 0, 0});
  model.Node("GlobalAveragePool", {"conv"}, "mean");
  model.Classifier("mean", 1);
  EXPECT_EQ(Find<nn::Convolution>(Import(model)).window, (nn::Window{3, 3, 1, 1, 1, 1, 2, 3}));
}

TEST(ImportOnnx, OneHotDepthwiseConvolutionIsAShift) {
  const auto model = [](float weight) {
    ModelBuilder built({2, 5, 5});
    TensorProto& kernel = built.Floats("w", {2, 1, 3, 3}, 0.0f);
    kernel.set_float_data(1, weight);
    kernel.set_float_data(9 + 5, 1.0f);
    NodeProto& conv = built.Node("Conv", {"image", "w"}, "conv");
    ModelBuilder::SetInts(conv, "pads", {1, 1, 1, 1});
    ModelBuilder::SetInt(conv, "group", 2);
    built.Classifier("conv", 50);
    return built;
  };
  const Imported imported = Import(model(1.0f));
  EXPECT_THAT(Find<nn::Shift>(imported).dy, ElementsAre(-1, 0));
  EXPECT_THAT(Find<nn::Shift>(imported).dx, ElementsAre(0, 1));
  EXPECT_EQ(VerdictOf(imported, "conv"), Verdict::kRunsUnpacked);
  EXPECT_EQ(Find<nn::Convolution>(Import(model(0.5f))).groups, 2) << "0.5 is not one-hot";
}

// x.view(x.size(0), -1), as exporters write it.
TEST(ImportOnnx, ReshapeFollowsTheComputedBatchSize) {
  for (const int64_t opset : {11, 13}) {
    ModelBuilder model({2, 3, 3}, opset);
    model.Ints("zero", {0}).clear_dims();
    model.Ints("rest", {-1});
    model.Node("Shape", {"image"}, "shape");
    model.Node("Gather", {"shape", "zero"}, "batch");
    NodeProto& unsqueeze = model.Node("Unsqueeze", {"batch"}, "batch1");
    if (opset == 13) {
      model.Ints("axes", {0});
      unsqueeze.add_input("axes");
    } else {
      ModelBuilder::SetInts(unsqueeze, "axes", {0});
    }
    ModelBuilder::SetInt(model.Node("Concat", {"batch1", "rest"}, "target"), "axis", 0);
    model.Node("Reshape", {"image", "target"}, "flat");
    model.Floats("w", {18, 3});
    model.Node("MatMul", {"flat", "w"}, "logits");
    model.Output("logits");
    EXPECT_THAT(Operations(Import(model)), ElementsAre("Input", "Flatten", "Linear"));
  }
}

TEST(ImportOnnx, CalculatingWithTheBatchSizeIsRefused) {
  ModelBuilder model({2, 3, 3});
  model.Ints("two", {2});
  model.Node("Shape", {"image"}, "shape");
  model.Node("Mul", {"shape", "two"}, "twice");
  model.Node("Reshape", {"image", "twice"}, "flat");
  model.Output("flat");
  EXPECT_THAT(ImportOnnx(model.Bytes()).status().message(),
              HasSubstr("node 'twice' (Mul): calculates with the batch"));
}

// A linear layer whose weight [2, 2] is computed from "source" = -2 -1 0 / 1 2 -2.
std::vector<float> FoldedWeight(const std::function<void(ModelBuilder&)>& make) {
  ModelBuilder model({2, 1, 1});
  model.Floats("source", {2, 3}, 1.0f);
  make(model);
  model.Node("Flatten", {"image"}, "flat");
  ModelBuilder::SetInt(model.Node("Gemm", {"flat", "weight"}, "logits"), "transB", 1);
  model.Output("logits");
  const Imported imported = Import(model);
  EXPECT_EQ(VerdictOf(imported, "weight"), Verdict::kFolded);
  return Find<nn::Linear>(imported).weight;
}

TEST(ImportOnnx, FoldsConstantSubgraphs) {
  EXPECT_THAT(FoldedWeight([](ModelBuilder& model) {
                model.Ints("starts", {-1});
                model.Ints("ends", {std::numeric_limits<int64_t>::min()});
                model.Ints("axes", {1});
                model.Ints("steps", {-2});
                model.Node("Slice", {"source", "starts", "ends", "axes", "steps"}, "weight");
              }),
              ElementsAre(0, -2, -2, 1))
      << "backwards, every other";
  EXPECT_THAT(FoldedWeight([](ModelBuilder& model) {
                model.Ints("rows", {-1, 0});
                model.Node("Transpose", {"source"}, "turned");
                model.Node("Gather", {"turned", "rows"}, "weight");
              }),
              ElementsAre(0, -2, -2, 1));
  EXPECT_THAT(FoldedWeight([](ModelBuilder& model) {
                model.Ints("columns", {2, 1});
                ModelBuilder::SetInt(model.Node("Gather", {"source", "columns"}, "weight"), "axis", 1);
              }),
              ElementsAre(0, -1, -2, 2));
  EXPECT_THAT(FoldedWeight([](ModelBuilder& model) {
                model.Ints("from", {0}).clear_dims();
                model.Ints("to", {4}).clear_dims();
                model.Ints("by", {1}).clear_dims();
                model.Ints("shape", {2, -1});
                model.Node("Range", {"from", "to", "by"}, "range");
                ModelBuilder::SetInt(model.Node("Cast", {"range"}, "floats"), "to", TensorProto::FLOAT);
                model.Node("Reshape", {"floats", "shape"}, "weight");
              }),
              ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(FoldedWeight([](ModelBuilder& model) {
                model.Ints("shape", {2, 1});
                model.Ints("other", {6});
                model.Ints("three", {-3});
                model.Node("Div", {"other", "three"}, "quotient");
                ModelBuilder::SetInt(model.Node("Cast", {"quotient"}, "minus_two"), "to", TensorProto::FLOAT);
                model.Node("ConstantOfShape", {"shape"}, "zeros");
                model.Node("Sub", {"zeros", "minus_two"}, "twos");
                ModelBuilder::SetInt(model.Node("Concat", {"twos", "zeros"}, "weight"), "axis", -1);
              }),
              ElementsAre(2, 0, 2, 0));
}

TEST(ImportOnnx, BatchNormVerdictSaysWhereItGoes) {
  ModelBuilder model({2, 3, 3});
  for (const char* name : {"s", "b", "m"}) model.Floats(name, {2});
  model.Floats("v", {2}, -0.5f);  // 1 and 0.5
  model.Floats("w", {2, 2, 1, 1});
  model.Node("BatchNormalization", {"image", "s", "b", "m", "v"}, "first");
  model.Node("Conv", {"first", "w"}, "conv");
  model.Node("BatchNormalization", {"conv", "s", "b", "m", "v"}, "second");
  model.Classifier("second", 18);
  const Imported imported = Import(model);
  EXPECT_EQ(VerdictOf(imported, "first"), Verdict::kPackable);
  EXPECT_EQ(VerdictOf(imported, "second"), Verdict::kFolded);
  const auto folded = nn::FoldBatchNorms(imported.network);
  ASSERT_TRUE(folded.ok());
  EXPECT_EQ(folded->layers.size(), imported.network.layers.size() - 1);
}

TEST(ImportOnnx, DropoutAndIdentityVanish) {
  ModelBuilder model({2, 1, 1}, 12);
  model.Floats("ratio", {});
  model.Floats("w.source", {2, 2});
  model.Node("Identity", {"w.source"}, "w");
  model.Node("Dropout", {"image", "ratio"}, "dropped").add_output("mask");
  model.Node("Flatten", {"dropped"}, "flat");
  model.Node("MatMul", {"flat", "w"}, "product");
  model.Node("Identity", {"product"}, "logits");
  model.Output("logits");
  EXPECT_THAT(Operations(Import(model)), ElementsAre("Input", "Linear"));
}

TEST(ImportOnnx, IgnoresWhatDoesNotLeadToTheOutput) {
  ModelBuilder model = SmallModel();
  model.Node("Sigmoid", {"relu"}, "unused");
  const Imported imported = Import(model);
  EXPECT_EQ(VerdictOf(imported, "unused"), Verdict::kFolded);
  EXPECT_EQ(imported.network.layers.size(), 6u);
}

TEST(ImportOnnx, ReadsConstantNodesAndDoubleWeights) {
  ModelBuilder model({2, 1, 1});
  model.Node("Flatten", {"image"}, "flat");
  auto& value = *model.Node("Constant", {}, "w").add_attribute();
  value.set_name("value");
  value.set_type(AttributeProto::TENSOR);
  value.mutable_t()->set_data_type(TensorProto::DOUBLE);
  for (const double x : {1.0, 2.0, 3.0, 4.0}) value.mutable_t()->add_double_data(x);
  value.mutable_t()->add_dims(2);
  value.mutable_t()->add_dims(2);
  model.Node("MatMul", {"flat", "w"}, "logits");
  model.Output("logits");
  EXPECT_THAT(Find<nn::Linear>(Import(model)).weight, ElementsAre(1, 3, 2, 4));
}

TEST(ImportOnnx, SoftmaxStaysLast) {
  ModelBuilder model = SmallModel();
  model.Node("Softmax", {"logits"}, "probabilities");
  model.graph().mutable_output(0)->set_name("probabilities");
  EXPECT_EQ(Operations(Import(model)).back(), "Softmax");
  model.Node("Relu", {"probabilities"}, "after");
  model.graph().mutable_output(0)->set_name("after");
  EXPECT_EQ(ImportOnnx(model.Bytes()).status().code(), absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace colonnade::onnx
