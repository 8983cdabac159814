// SPDX-License-Identifier: Apache-2.0
// Damaged files: cut at every byte, bits flipped, two files spliced. Whatever
// comes out is a status, never a crash, and an accepted network is sound.
#include <iterator>
#include <limits>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/onnx/export.h"
#include "server/onnx/import.h"
#include "server/onnx/limits.h"
#include "server/onnx/scan_wire.h"
#include "tests/support/random_network.h"
#include "tests/unit/onnx/model_builder.h"

namespace colonnade::onnx {
namespace {

constexpr int kMutations = 20'000;

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds = {SmallModel().Bytes()};
  for (int i = 0; i < 4; ++i) {
    seeds.push_back(
        ExportOnnx(RandomNetwork(i, {.blocks = 2, .batch_norms = i % 2 == 0, .softmax = i % 2 == 1})));
  }
  return seeds;
}

TEST(Damage, EveryPrefixIsInvalid) {
  for (const std::string& seed : Seeds()) {
    ASSERT_TRUE(ImportOnnx(seed).ok());
    for (size_t length = 0; length < seed.size(); ++length) {
      const Examination examination = ExamineOnnx(std::string_view(seed).substr(0, length));
      ASSERT_EQ(examination.status.code(), absl::StatusCode::kInvalidArgument)
          << length << " " << examination.status;
      ASSERT_TRUE(examination.imported.network.layers.empty());
    }
  }
}

TEST(Damage, MutationsNeverCrash) {
  const std::vector<std::string> seeds = Seeds();
  std::mt19937_64 random(20);
  int accepted = 0;
  for (int i = 0; i < kMutations; ++i) {
    std::string bytes = seeds[random() % seeds.size()];
    if (random() % 8 == 0) {
      const std::string& other = seeds[random() % seeds.size()];
      bytes = bytes.substr(0, random() % bytes.size()) + other.substr(random() % other.size());
    }
    // The weights fill most of a file; its structure is where damage matters.
    const size_t reach = random() % 2 ? bytes.size() : std::min<size_t>(bytes.size(), 600);
    for (uint64_t flips = 1 + random() % 8; flips > 0; --flips)
      bytes[random() % reach] ^= char(1 << random() % 8);
    Examination examination = ExamineOnnx(bytes);
    if (!examination.status.ok()) continue;
    ++accepted;
    EXPECT_TRUE(nn::InferShapes(examination.imported.network).ok());
  }
  EXPECT_GT(accepted, kMutations / 100) << "mutations no longer reach the importer";
  EXPECT_LT(accepted, kMutations);
}

// A network of constant subgraphs: shapes, ranges, slices, everything that folds.
std::string FoldingSeed() {
  ModelBuilder model({2, 4, 4});
  model.Ints("zero", {0});
  model.Ints("one", {1});
  model.Ints("rest", {-1});
  model.Ints("ends", {4});
  model.Ints("sizes", {2, 3});
  model.Floats("w", {32, 3});
  model.Node("Shape", {"image"}, "shape");
  model.Node("Gather", {"shape", "zero"}, "batch");
  model.Node("Range", {"zero", "ends", "one"}, "range");
  model.Node("Slice", {"range", "one", "ends", "zero", "one"}, "slice");
  model.Node("ConstantOfShape", {"sizes"}, "zeros");
  model.Node("Transpose", {"zeros"}, "turned");
  ModelBuilder::SetInt(model.Node("Cast", {"turned"}, "ints"), "to", TensorProto::INT64);
  model.Node("Reshape", {"ints", "rest"}, "row");
  model.Node("Unsqueeze", {"row", "zero"}, "rows");
  model.Node("Squeeze", {"rows", "zero"}, "row2");
  ModelBuilder::SetInt(model.Node("Concat", {"row2", "slice"}, "joined"), "axis", 0);
  model.Node("Slice", {"joined", "zero", "one"}, "first");
  model.Node("Sub", {"rest", "first"}, "minus");
  model.Node("Div", {"minus", "one"}, "quotient");
  model.Node("Mul", {"quotient", "one"}, "free");
  ModelBuilder::SetInt(model.Node("Concat", {"batch", "free"}, "target"), "axis", 0);
  model.Node("Reshape", {"image", "target"}, "flat");
  model.Node("MatMul", {"flat", "w"}, "logits");
  model.Output("logits");
  return model.Bytes();
}

// Changes one field of a parsed model to something nasty.
class FieldMutator {
 public:
  explicit FieldMutator(uint64_t seed) : random_(seed) {}

  void Mutate(GraphProto& graph) {
    NodeProto& node = *graph.mutable_node(Pick(graph.node_size()));
    TensorProto& tensor = *graph.mutable_initializer(Pick(graph.initializer_size()));
    switch (Pick(7)) {
      case 0:
        node.set_op_type(graph.node(Pick(graph.node_size())).op_type());
        break;
      case 1:
        if (node.input_size() > 0) *node.mutable_input(Pick(node.input_size())) = AnyName(graph);
        break;
      case 2:
        if (node.attribute_size() > 0) MutateAttribute(*node.mutable_attribute(Pick(node.attribute_size())));
        break;
      case 3:
        if (tensor.dims_size() > 0) tensor.set_dims(Pick(tensor.dims_size()), Nasty());
        break;
      case 4:
        if (tensor.int64_data_size() > 0) tensor.set_int64_data(Pick(tensor.int64_data_size()), Nasty());
        break;
      case 5:
        ModelBuilder::SetInt(node, Pick(2) ? "axis" : "group", Nasty());
        break;
      default:
        node.add_input(AnyName(graph));
        break;
    }
  }

 private:
  int Pick(int count) { return int(random_() % uint64_t(count)); }

  int64_t Nasty() {
    constexpr int64_t kMin = std::numeric_limits<int64_t>::min(), kMax = std::numeric_limits<int64_t>::max();
    constexpr int64_t kValues[] = {
        0,    1,        -1,   2,     -2, 3, 7, 65536, 65537, 1 << 20, int64_t{1} << 31, int64_t{1} << 40,
        kMin, kMin + 1, kMax, -65536};
    return kValues[Pick(std::size(kValues))];
  }

  std::string AnyName(const GraphProto& graph) {
    if (Pick(2)) return graph.initializer(Pick(graph.initializer_size())).name();
    return Pick(8) ? graph.node(Pick(graph.node_size())).output(0) : "";
  }

  void MutateAttribute(AttributeProto& attribute) {
    attribute.set_i(Nasty());
    if (attribute.ints_size() > 0) attribute.set_ints(Pick(attribute.ints_size()), Nasty());
    if (attribute.ints_size() > 0 && Pick(4) == 0) attribute.add_ints(Nasty());
  }

  std::mt19937_64 random_;
};

TEST(Damage, NastyFieldsNeverCrash) {
  std::vector<std::string> seeds = Seeds();
  seeds.push_back(FoldingSeed());
  ASSERT_TRUE(ImportOnnx(seeds.back()).ok()) << ImportOnnx(seeds.back()).status();
  std::mt19937_64 random(21);
  FieldMutator mutator(22);
  int accepted = 0;
  for (int i = 0; i < kMutations; ++i) {
    ModelProto model;
    ASSERT_TRUE(model.ParseFromString(seeds[i % 2 == 0 ? seeds.size() - 1 : random() % seeds.size()]));
    for (uint64_t changes = 1 + random() % 3; changes > 0; --changes) mutator.Mutate(*model.mutable_graph());
    Examination examination = ExamineOnnx(model.SerializeAsString());
    if (!examination.status.ok()) continue;
    ++accepted;
    EXPECT_TRUE(nn::InferShapes(examination.imported.network).ok());
  }
  EXPECT_GT(accepted, kMutations / 100) << "mutations no longer reach the importer";
}

TEST(Damage, WireLimitsHoldAtTheBoundary) {
  const std::string field("\x08\x07", 2);  // ir_version = 7
  std::string bytes;
  for (int i = 0; i < kMaxWireFields; ++i) bytes += field;
  EXPECT_TRUE(ScanWire(bytes).ok());
  EXPECT_EQ(ScanWire(bytes + field).code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace colonnade::onnx
