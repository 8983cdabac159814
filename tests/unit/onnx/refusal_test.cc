// SPDX-License-Identifier: Apache-2.0
// Malformed, hostile and unsupported models: each refused with place and field.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/onnx/import.h"
#include "server/onnx/limits.h"
#include "tests/unit/onnx/model_builder.h"

namespace colonnade::onnx {
namespace {

using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kUnimplemented = absl::StatusCode::kUnimplemented;
constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;

void ExpectRefused(const std::string& bytes, absl::StatusCode code, const std::string& text) {
  const absl::Status status = ExamineOnnx(bytes).status;
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(text));
}

// The small model after one change.
void ExpectRefused(const std::function<void(ModelBuilder&)>& change, absl::StatusCode code,
                   const std::string& text) {
  ModelBuilder model = SmallModel();
  change(model);
  ExpectRefused(model.Bytes(), code, text);
}

NodeProto& Conv(ModelBuilder& model) { return *model.graph().mutable_node(0); }
NodeProto& Pool(ModelBuilder& model) { return *model.graph().mutable_node(2); }
TensorProto& Weight(ModelBuilder& model) { return *model.graph().mutable_initializer(0); }

void Replace(NodeProto& node, std::string_view name, std::vector<int64_t> values) {
  for (int i = 0; i < node.attribute_size(); ++i) {
    if (node.attribute(i).name() == name) node.mutable_attribute()->DeleteSubrange(i--, 1);
  }
  ModelBuilder::SetInts(node, name, std::move(values));
}

TEST(Refusals, CrashSeeds) {
  const std::filesystem::path folder = std::filesystem::path(COLONNADE_SOURCE_DIR) / "tests/golden/onnx";
  const auto bytes = [&](const char* name) {
    std::ifstream in(folder / name, std::ios::binary);
    EXPECT_TRUE(in) << name;
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  ExpectRefused(bytes("crash_max_pool_stride_zero.onnx"), kInvalid,
                "(MaxPool).strides[0]: is 0; must be 1 to");
  ExpectRefused(bytes("crash_split_without_outputs.onnx"), kInvalid, "(Split).input: '\\xec' is not defined");
  ExpectRefused(bytes("crash_range_without_data.onnx"), kInvalid,
                "initializer 'c'.raw_data: data for 0 values");
}

TEST(Refusals, WindowAttributes) {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  for (const std::string node : {"conv", "pool"}) {
    const auto set = [&](std::string name, std::vector<int64_t> values) {
      return [=](ModelBuilder& model) { Replace(node == "conv" ? Conv(model) : Pool(model), name, values); };
    };
    const std::string place = node == "conv" ? "node 'conv' (Conv)" : "node 'pool' (MaxPool)";
    ExpectRefused(set("strides", {1, 0}), kInvalid, place + ".strides[1]: is 0; must be 1 to 65536");
    ExpectRefused(set("strides", {-1, 1}), kInvalid, place + ".strides[0]: is -1");
    ExpectRefused(set("strides", {1}), kInvalid, place + ".strides: has 1 values; must have 2");
    ExpectRefused(set("kernel_shape", {0, 3}), kInvalid, place + ".kernel_shape[0]: is 0");
    ExpectRefused(set("kernel_shape", {kHuge, 3}), kInvalid, place + ".kernel_shape[0]");
    ExpectRefused(set("pads", {0, -1, 0, 0}), kInvalid, place + ".pads[1]: is -1; must be 0 to 65536");
    ExpectRefused(set("pads", {0, kHuge, 0, 0}), kInvalid, place + ".pads[1]");
    ExpectRefused(set("dilations", {0, 1}), kInvalid, place + ".dilations[0]: is 0");
  }
  ExpectRefused(
      [](ModelBuilder& model) {
        Replace(Conv(model), "kernel_shape", {2, 3});
      },
      kInvalid, "the weight's is [3, 3]");
  ExpectRefused(
      [](ModelBuilder& model) {
        Replace(Pool(model), "kernel_shape", {9, 9});
      },
      kInvalid, "does not fit");
  ExpectRefused(
      [](ModelBuilder& model) {
        Replace(Pool(model), "pads", {2, 0, 0, 0});
      },
      kInvalid, "in the padding only");
}

TEST(Refusals, OtherAttributes) {
  ExpectRefused([](ModelBuilder& m) { ModelBuilder::SetInt(Conv(m), "group", 0); }, kInvalid,
                "(Conv).group: is 0; must be 1 to 2");
  ExpectRefused([](ModelBuilder& m) { ModelBuilder::SetInt(Conv(m), "group", 2); }, kInvalid,
                "do not fit 2 input channels");
  ExpectRefused([](ModelBuilder& m) { ModelBuilder::SetInts(Conv(m), "group", {1}); }, kInvalid,
                "has type INTS; must be INT");
  ExpectRefused([](ModelBuilder& m) { ModelBuilder::SetInt(Conv(m), "colour", 1); }, kInvalid,
                "(Conv).colour: is no attribute");
  ExpectRefused([](ModelBuilder& m) { ModelBuilder::SetString(Conv(m), "auto_pad", "SAME"); }, kInvalid,
                "(Conv).auto_pad");
  ExpectRefused(
      [](ModelBuilder& m) {
        ModelBuilder::SetInts(Conv(m), "pads", {0, 0, 0, 0});
      },
      kInvalid, "(Conv).pads: appears twice");
  ExpectRefused([](ModelBuilder& m) { Conv(m).mutable_attribute(0)->set_ref_attr_name("p"); }, kInvalid,
                "function's attribute");
  ExpectRefused([](ModelBuilder& m) { Conv(m).mutable_attribute(0)->clear_type(); }, kInvalid,
                "(Conv).pads: has no type");
  ExpectRefused([](ModelBuilder& m) { ModelBuilder::SetFloat(*m.graph().mutable_node(4), "alpha", NAN); },
                kInvalid, "(Gemm).alpha: is nan");
}

TEST(Refusals, Tensors) {
  constexpr int64_t kBig = int64_t{1} << 31;
  const auto dims = [](std::vector<int64_t> values) {
    return [=](ModelBuilder& model) {
      Weight(model).clear_dims();
      for (const int64_t value : values) Weight(model).add_dims(value);
    };
  };
  ExpectRefused(dims({kBig, kBig, 4}), kInvalid, "initializer 'conv.weight'.dims");
  ExpectRefused(dims({4194305, 4194305, 211106198978564}), kInvalid, "more than 134217728 values");
  ExpectRefused(dims({0, kBig, kBig, kBig}), kInvalid, "initializer 'conv.weight'.dims");
  ExpectRefused(dims({4, -2, 3, 3}), kInvalid, "holds -2; must be >= 0");
  ExpectRefused(dims({kMaxInitializerValues}), kInvalid, "data for 72 values; dims [134217728] need");
  ExpectRefused(dims({kMaxInitializerValues + 1}), kInvalid, "more than 134217728 values");
  ExpectRefused(dims({4, 2, 3, 3, 1, 1, 1, 1, 1}), kInvalid, "has 9 dims; at most 8");
  ExpectRefused(dims({72}), kUnimplemented, "only two-dimensional convolutions");
  ExpectRefused([](ModelBuilder& m) { Weight(m).clear_float_data(); }, kInvalid, "data for 0 values");
  ExpectRefused([](ModelBuilder& m) { Weight(m).add_float_data(1); }, kInvalid, "data for 73 values");
  ExpectRefused([](ModelBuilder& m) { Weight(m).set_raw_data("12345678"); }, kInvalid,
                "more than one field holds data");
  ExpectRefused(
      [](ModelBuilder& m) {
        Weight(m).clear_float_data();
        Weight(m).set_raw_data(std::string(287, 0));
      },
      kInvalid, "raw_data: holds 287 bytes; dims [4, 2, 3, 3] need 288");
  ExpectRefused([](ModelBuilder& m) { Weight(m).set_float_data(7, NAN); }, kInvalid,
                "initializer 'conv.weight': holds a value that is NaN");
  ExpectRefused([](ModelBuilder& m) { Weight(m).set_float_data(7, -INFINITY); }, kInvalid,
                "initializer 'conv.weight'");
  ExpectRefused([](ModelBuilder& m) { Weight(m).set_data_type(TensorProto::INT64); }, kInvalid,
                "data for 0 values");
  ExpectRefused([](ModelBuilder& m) { Weight(m).mutable_segment(); }, kInvalid, ".segment");
  for (const int type : std::initializer_list<int>{TensorProto::FLOAT16, TensorProto::BFLOAT16,
                                                   TensorProto::STRING, TensorProto::COMPLEX64, 17, 999}) {
    ExpectRefused([=](ModelBuilder& m) { Weight(m).set_data_type(type); }, kUnimplemented,
                  "'conv.weight'.data_type: type");
  }
}

TEST(Refusals, ExternalDataIsNeverOpened) {
  for (const char* location :
       {"weights.bin", "../secret", "x/../../secret", "/etc/passwd", "/proc/self/environ", "",
        "*/_ORT_MEM_ADDR_/*", "file:///etc/passwd", "\\\\host\\share", "C:\\x", ".", "a/./b"}) {
    ExpectRefused(
        [=](ModelBuilder& model) {
          Weight(model).set_data_location(TensorProto::EXTERNAL);
          auto& entry = *Weight(model).add_external_data();
          entry.set_key("location");
          entry.set_value(location);
        },
        kInvalid, "external data is never read");
  }
  ExpectRefused([](ModelBuilder& model) { Weight(model).add_external_data()->set_key("location"); }, kInvalid,
                "external");
}

TEST(Refusals, Order) {
  ExpectRefused([](ModelBuilder& m) { Conv(m).set_input(0, "conv"); }, kInvalid,
                "'conv' is not defined before");
  ExpectRefused([](ModelBuilder& m) { Conv(m).set_input(0, "pool"); }, kInvalid, "sorted and free of cycles");
  ExpectRefused([](ModelBuilder& m) { m.graph().mutable_node()->SwapElements(0, 1); }, kInvalid,
                "'conv' is not defined before");
  ExpectRefused([](ModelBuilder& m) { Pool(m).set_output(0, "relu"); }, kInvalid, "'relu' is defined twice");
  ExpectRefused([](ModelBuilder& m) { Pool(m).set_output(0, "image"); }, kInvalid,
                "'image' is defined twice");
  ExpectRefused([](ModelBuilder& m) { Weight(m).set_name("conv.bias"); }, kInvalid,
                "'conv.bias' is defined twice");
  ExpectRefused([](ModelBuilder& m) { Pool(m).clear_output(); }, kInvalid, "the node has no output");
  ExpectRefused([](ModelBuilder& m) { Pool(m).set_output(0, ""); }, kInvalid, "the node has no output");
  ExpectRefused([](ModelBuilder& m) { Conv(m).set_input(1, "missing"); }, kInvalid,
                "'missing' is not defined");
  ExpectRefused([](ModelBuilder& m) { Conv(m).clear_input(); }, kInvalid, "(Conv).input[0]: is missing");
  ExpectRefused([](ModelBuilder& m) { m.graph().clear_output(); }, kInvalid, "graph.output: 0 outputs");
  ExpectRefused([](ModelBuilder& m) { m.Output("relu"); }, kInvalid, "graph.output: 2 outputs");
  ExpectRefused([](ModelBuilder& m) { m.graph().clear_input(); }, kInvalid, "graph.input: 0 inputs");
  ExpectRefused([](ModelBuilder& m) { m.graph().clear_node(); }, kInvalid, "'logits' is not defined");
  ExpectRefused([](ModelBuilder& m) { m.graph().mutable_output(0)->set_name("conv.bias"); }, kInvalid,
                "not computed from the image");
}

TEST(Refusals, NamesThatCouldForgeALogLine) {
  const std::pair<std::string, std::string> names[] = {
      {std::string("a\0b", 3), "U+0000"},
      {"line\nbreak", "'line\\x0abreak'"},
      {"\x1b[31mred", "U+001B"},
      {"\xff\xfe", "'\\xff\\xfe' is not UTF-8"},
      {"\xe2\x80\xae"
       "evil",
       "U+202E"},
      {"\xc0\x80", "is not UTF-8"},
      {std::string(kMaxNameBytes + 1, 'x'), "1025 bytes; must be 1 to 1024"},
      {std::string(1 << 20, 'x'), "1048576 bytes"}};
  for (const auto& [name, text] : names) {
    ExpectRefused([&](ModelBuilder& m) { Conv(m).set_name(name); }, kInvalid, text);
    ExpectRefused([&](ModelBuilder& m) { Conv(m).set_op_type(name); }, kInvalid, text);
    ExpectRefused([&](ModelBuilder& m) { Conv(m).set_output(0, name); }, kInvalid, text);
    ExpectRefused([&](ModelBuilder& m) { Weight(m).set_name(name); }, kInvalid, text);
    ExpectRefused([&](ModelBuilder& m) { m.graph().mutable_input(0)->set_name(name); }, kInvalid, text);
    ExpectRefused([&](ModelBuilder& m) { Conv(m).mutable_attribute(0)->set_name(name); }, kInvalid, text);
  }
  ExpectRefused([](ModelBuilder& m) { Conv(m).set_op_type(""); }, kInvalid, "node 0.op_type");
  ModelBuilder model = SmallModel();
  model.proto.set_producer_name("tool\n\x1b[2J");
  Conv(model).set_name("S\xc3\xa4ule \xf0\x9f\x8f\x9b");
  const auto imported = ImportOnnx(model.Bytes());
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->producer, "tool\\x0a\\x1b[2J");
  EXPECT_EQ(imported->verdicts[0].name, "S\xc3\xa4ule \xf0\x9f\x8f\x9b");
}

TEST(Refusals, VersionsDomainsAndOperators) {
  for (const int64_t version : {int64_t{0}, int64_t{6}, int64_t{19}, int64_t{1000000000}, int64_t{-1}}) {
    ExpectRefused([=](ModelBuilder& m) { m.proto.mutable_opset_import(0)->set_version(version); },
                  kUnimplemented, "is not supported; export with opset 7 to 18");
  }
  ExpectRefused([](ModelBuilder& m) { m.proto.clear_opset_import(); }, kInvalid,
                "names the default domain 0 times");
  ExpectRefused([](ModelBuilder& m) { m.proto.add_opset_import()->set_version(13); }, kInvalid, "2 times");
  ExpectRefused([](ModelBuilder& m) { Conv(m).set_domain("com.microsoft"); }, kUnimplemented,
                "domain: 'com.microsoft'");
  ExpectRefused([](ModelBuilder& m) { Conv(m).set_op_type("MyConv"); }, kUnimplemented,
                "node 'conv' (MyConv): the operator is not supported");
  ExpectRefused([](ModelBuilder& m) { m.graph().mutable_node(1)->set_op_type("HardSwish"); }, kUnimplemented,
                "retrain with Relu");
  ExpectRefused([](ModelBuilder& m) { m.proto.add_functions()->set_name("f"); }, kUnimplemented, "functions");
  ExpectRefused([](ModelBuilder& m) { m.proto.add_training_info(); }, kUnimplemented, "training_info");
  ExpectRefused([](ModelBuilder& m) { m.graph().add_sparse_initializer()->add_dims(1); }, kInvalid,
                "sparse_initializer");
}

TEST(Refusals, SubgraphsAndDeepNesting) {
  const auto nested = [](int depth) {
    return [=](ModelBuilder& model) {
      model.graph().mutable_node(1)->set_op_type("If");
      auto* attribute = model.graph().mutable_node(1)->add_attribute();
      for (int i = 0; i < depth; ++i) {
        attribute->set_name("then_branch");
        attribute->set_type(AttributeProto::GRAPH);
        NodeProto& inner = *attribute->mutable_g()->add_node();
        inner.set_op_type("If");
        attribute = inner.add_attribute();
      }
    };
  };
  ExpectRefused(nested(1), kUnimplemented, "node 'relu' (If).then_branch: attribute type GRAPH");
  ExpectRefused(nested(28), kInvalid, "nest deeper than 32");
}

TEST(Refusals, InputsThatAreNoImage) {
  const auto dim = [](int index, int64_t value) {
    return [=](ModelBuilder& m) {
      m.graph()
          .mutable_input(0)
          ->mutable_type()
          ->mutable_tensor_type()
          ->mutable_shape()
          ->mutable_dim(index)
          ->set_dim_value(value);
    };
  };
  ExpectRefused(dim(2, 0), kInvalid, "graph.input 'image'.shape[2]: is 0; must be a fixed size");
  ExpectRefused(dim(3, 65537), kInvalid, "must be a fixed size, 1 to 65536");
  ExpectRefused(dim(1, -1), kInvalid, "graph.input 'image'.shape[1]");
  ExpectRefused(
      [&](ModelBuilder& m) {
        dim(2, 65536)(m);
        dim(3, 65536)(m);
      },
      kInvalid, "more than 67108864 values");
  ExpectRefused(
      [](ModelBuilder& m) {
        m.graph()
            .mutable_input(0)
            ->mutable_type()
            ->mutable_tensor_type()
            ->mutable_shape()
            ->mutable_dim(2)
            ->set_dim_param("height");
      },
      kInvalid, "must be a fixed size");
  ExpectRefused(
      [](ModelBuilder& m) {
        m.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(TensorProto::UINT8);
      },
      kUnimplemented, "elem_type: is 2; must be float32");
  ExpectRefused([](ModelBuilder& m) { m.graph().mutable_input(0)->clear_type(); }, kUnimplemented,
                "elem_type");
  ExpectRefused([](ModelBuilder& m) { m.graph().mutable_output(0)->set_name("pool"); }, kUnimplemented,
                "must be logits");
}

TEST(Refusals, AllocationBombs) {
  const auto fold = [](std::string op, std::vector<int64_t> values) {
    return [=](ModelBuilder& m) {
      m.Ints("size", values);
      NodeProto& node = m.Node(op, {"size"}, "bomb");
      if (op == "Range") {
        m.Ints("from", {0});
        m.Ints("step", {1});
        node.set_input(0, "from");
        node.add_input("size");
        node.add_input("step");
      }
      m.Node("Reshape", {"image", "bomb"}, "image2");
      m.Node("Flatten", {"image2"}, "flat2");
      m.graph().mutable_output(0)->set_name("flat2");
    };
  };
  ExpectRefused(fold("ConstantOfShape", {int64_t{1} << 20, int64_t{1} << 20}), kInvalid,
                "node 'bomb' (ConstantOfShape).dims");
  ExpectRefused(fold("ConstantOfShape", {kMaxFoldedValues + 1}), kInvalid, "more than 1048576 values");
  ExpectRefused(fold("ConstantOfShape", {-1}), kInvalid, "holds -1");
  ExpectRefused(fold("Range", {int64_t{1} << 40}), kInvalid, "node 'bomb' (Range).dims");
  ExpectRefused(fold("Expand", {int64_t{1} << 40}), kUnimplemented,
                "(Expand): the operator is not supported");
}

TEST(Refusals, FoldingHasATotalBudget) {
  ModelBuilder model({1, 1, 1});
  model.Ints("size", {kMaxFoldedValues});
  model.Ints("one", {1});
  std::string last = "one";
  for (int i = 0; i < 20; ++i) {
    const std::string zeros = "zeros" + std::to_string(i), next = "next" + std::to_string(i);
    model.Node("ConstantOfShape", {"size"}, zeros);
    model.Node("Shape", {zeros}, next + "s");
    model.Node("Add", {last, next + "s"}, next);
    last = next;
  }
  model.Node("Reshape", {"image", last}, "logits");
  model.Output("logits");
  ExpectRefused(model.Bytes(), kExhausted, "too many values");
}

TEST(Refusals, SharedWeightsCannotMultiply) {
  ModelBuilder model({512, 1, 1});
  model.Floats("w", {512, 512, 1, 1}, 0.001f);
  std::string last = "image";
  for (int i = 0; i < 100; ++i) {
    model.Node("Conv", {last, "w"}, "conv" + std::to_string(i));
    last = "conv" + std::to_string(i);
  }
  model.Output(last);
  ExpectRefused(model.Bytes(), kExhausted, "share the same weights");
}

TEST(Refusals, CountsAreBoundedBeforeParsing) {
  const auto expect_fast = [](const ModelBuilder& model, absl::StatusCode code, const std::string& text) {
    const std::string bytes = model.Bytes();
    const auto start = std::chrono::steady_clock::now();
    ExpectRefused(bytes, code, text);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  };
  ModelBuilder nodes;
  for (int i = 0; i < 100'000; ++i) nodes.Node("Relu", {"image"}, "n" + std::to_string(i));
  nodes.Output("n1");
  expect_fast(nodes, kExhausted, "graph.node: 100000 entries; at most 10000");

  ModelBuilder inputs = SmallModel();
  for (int i = 0; i < 100'000; ++i) inputs.graph().add_input()->set_name("i" + std::to_string(i));
  expect_fast(inputs, kExhausted, "graph.input: 100001 entries");

  ModelBuilder metadata = SmallModel();
  for (int i = 0; i < 1'000'000; ++i) metadata.proto.add_metadata_props()->set_key("k");
  expect_fast(metadata, kExhausted, "more than 600000 fields");

  ModelBuilder longest({4, 8, 8});
  std::string last = "image";
  for (int i = 0; i < kMaxNodes - 2; ++i)
    longest.Node("Relu", {std::exchange(last, "n" + std::to_string(i))}, "n" + std::to_string(i));
  longest.Classifier(last, 256);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(ExamineOnnx(longest.Bytes()).status.ok()) << "10,000 nodes are allowed";
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST(Refusals, VerdictsAreCompleteBesideTheRefusal) {
  ModelBuilder model = SmallModel();
  model.graph().mutable_node(1)->set_op_type("Sigmoid");
  Pool(model).mutable_attribute(0)->set_ints(0, 0);
  const Examination examination = ExamineOnnx(model.Bytes());
  EXPECT_THAT(
      std::string(examination.status.message()),
      HasSubstr("node 'relu' (Sigmoid): the operator is not supported; retrain with Relu or Clip (ReLU6)"));
  const std::vector<NodeVerdict>& verdicts = examination.imported.verdicts;
  ASSERT_EQ(verdicts.size(), 5u);
  EXPECT_EQ(verdicts[0].verdict, Verdict::kPackable);
  EXPECT_EQ(verdicts[1].verdict, Verdict::kRefused);
  EXPECT_EQ(verdicts[1].remedy, "retrain with Relu or Clip (ReLU6)");
  EXPECT_EQ(verdicts[4].verdict, Verdict::kPackable);
  EXPECT_EQ(verdicts[4].reason, "not examined: depends on 'relu'");
}

TEST(Refusals, VerdictNamesTheFieldOnly) {
  ModelBuilder model = SmallModel();
  Replace(Pool(model), "strides", {0, 2});
  const Examination examination = ExamineOnnx(model.Bytes());
  ASSERT_EQ(examination.imported.verdicts.size(), 5u);
  EXPECT_EQ(examination.imported.verdicts[2].reason, "strides[0]: is 0; must be 1 to 65536");
}

}  // namespace
}  // namespace colonnade::onnx
