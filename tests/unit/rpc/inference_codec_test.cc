// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/inference_codec.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cstring>

#include "server/base/status.h"

namespace colonnade::rpc {
namespace {

using ::testing::HasSubstr;

inference::ModelInferRequest Parse(const std::string& text) {
  inference::ModelInferRequest message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

struct WrongMessage {
  const char* text;
  const char* part;  // of the refusal
  absl::StatusCode code = absl::StatusCode::kInvalidArgument;
};

TEST(InferenceCodec, RefusesMessagesThatBreakTheProtocol) {
  const WrongMessage wrong[] = {
      {"model_version: 'v1'", "'v1' is not a decimal integer"},
      {"model_version: '-1'", "'-1' is not a decimal integer"},
      {"model_version: '99999999999999999999'", "is not a decimal integer"},
      {"parameters { key: 'executer' value { string_param: 'kernels' } }", "parameters[executer]: unknown parameter"},
      {"parameters { key: 'executor' value { int64_param: 1 } }", "must be string_param, got int64_param"},
      {"parameters { key: 'typed_output' value { string_param: 'yes' } }", "must be bool_param, got string_param"},
      {"parameters { key: 'timeout' value { double_param: 1 } }", "must be int64_param, got double_param"},
      {"parameters { key: 'priority' value { } }", "must be int64_param, got nothing"},
      {"parameters { key: 'priority' value { int64_param: -1 } }", "must be 0 or more, got -1"},
      {"model_name: 'm' inputs { name: 'x' datatype: 'FP32' }", "unable to find data for input 'x' of model 'm'"},
      {"model_name: 'm' inputs { name: 'x' contents { fp32_contents: 1 } } raw_input_contents: 'abcd'",
       "contents field must not be specified when using raw_input_contents for 'x' for model 'm'"},
      {"inputs { name: 'x' } raw_input_contents: 'a' raw_input_contents: 'b'", "one entry for each of the 1 inputs"},
      {"raw_input_contents: 'a'", "one entry for each of the 0 inputs"},
      {"inputs { name: 'x' datatype: 'FP32' contents { fp64_contents: 1 } }",
       "unexpected fp64_contents for input 'x' of model '': datatype 'FP32' belongs in fp32_contents"},
      {"inputs { name: 'x' datatype: 'FP32' contents { fp32_contents: 1 int_contents: 1 } }",
       "unexpected int_contents"},
      {"inputs { name: 'x' datatype: 'FP16' contents { fp32_contents: 1 } }", "travels in raw_input_contents only"},
      {"inputs { name: 'x' datatype: 'UINT8' contents { uint_contents: 256 } }", "256 does not fit UINT8"},
      {"inputs { name: 'x' parameters { key: 'scale' value { double_param: 1 } } }", "x.parameters[scale]: unknown"},
      {"inputs { name: 'x' parameters { key: 'shared_memory_region' value { string_param: 'r' } } }",
       "'shared_memory_region' of 'x' is not supported", absl::StatusCode::kUnimplemented},
      {"outputs { name: 'y' parameters { key: 'classification' value { int64_param: 3 } } }",
       "'classification' of 'y' is not supported", absl::StatusCode::kUnimplemented},
  };
  for (const WrongMessage& message : wrong) {
    const auto decoded = Decode(Parse(message.text));
    EXPECT_EQ(decoded.status().code(), message.code) << message.text;
    EXPECT_THAT(std::string(Message(decoded.status())), HasSubstr(message.part)) << message.text;
  }
}

TEST(InferenceCodec, ReadsOurParametersAndIgnoresReservedOnes) {
  const auto message = Parse(R"(
      model_name: 'm' model_version: '7'
      parameters { key: 'executor' value { string_param: 'reference' } }
      parameters { key: 'typed_output' value { bool_param: true } }
      parameters { key: 'sequence_id' value { string_param: 's' } }
      parameters { key: 'priority' value { uint64_param: 1 } }
      parameters { key: 'timeout' value { int64_param: 1000 } })");
  const auto decoded = Decode(message);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->request.model.version, 7);
  EXPECT_EQ(decoded->request.executor, "reference");
  EXPECT_TRUE(decoded->typed_output);
}

TEST(InferenceCodec, RawAndTypedContentsGiveTheSameBytes) {
  auto typed =
      Parse("inputs { name: 'x' datatype: 'FP32' shape: 2 contents { fp32_contents: 1.5 fp32_contents: -2 } }");
  auto raw = Parse("inputs { name: 'x' datatype: 'FP32' shape: 2 }");
  const float values[] = {1.5f, -2.0f};
  raw.add_raw_input_contents(values, sizeof values);
  const auto from_typed = Decode(typed), from_raw = Decode(raw);
  EXPECT_EQ(from_typed->request.inputs[0].bytes, from_raw->request.inputs[0].bytes);
  EXPECT_EQ(from_raw->request.inputs[0].bytes.size(), sizeof values);
}

TEST(InferenceCodec, TypedBytesAreNarrowed) {
  const auto message =
      Parse("inputs { name: 'x' datatype: 'UINT8' contents { uint_contents: 0 uint_contents: 7 uint_contents: 255 } }");
  const auto decoded = Decode(message);
  EXPECT_EQ(decoded->request.inputs[0].bytes, std::string_view("\0\x07\xff", 3));
}

TEST(InferenceCodec, MetadataHasTheBatchFirst) {
  serving::ModelInfo info;
  info.name = "m";
  info.input_name = "image";
  info.input_shape = {3, 32, 32};
  info.input_type = serving::DataType::kUint8;
  info.output_name = "logits";
  info.classes = 10;
  info.properties["array"] = "16x18a8";
  inference::ModelMetadataResponse response;
  EncodeMetadata(info, response);
  EXPECT_EQ(response.platform(), "colonnade_array");
  EXPECT_EQ(response.inputs(0).datatype(), "UINT8");
  EXPECT_THAT(response.inputs(0).shape(), ::testing::ElementsAre(-1, 3, 32, 32));
  EXPECT_THAT(response.outputs(0).shape(), ::testing::ElementsAre(-1, 10));
  EXPECT_EQ(response.properties().at("array"), "16x18a8");
}

}  // namespace
}  // namespace colonnade::rpc
