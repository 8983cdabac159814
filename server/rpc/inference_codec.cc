// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/inference_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

#include "server/base/status.h"
#include "server/rpc/inference_parameters.h"

namespace colonnade::rpc {
namespace {

// Values are copied as they lie in memory, and the wire is little-endian.
static_assert(std::endian::native == std::endian::little);

using Input = inference::ModelInferRequest::InferInputTensor;
using Contents = inference::InferTensorContents;

template <typename... Args>
absl::Status Wrong(fmt::format_string<Args...> format, Args&&... args) {
  return absl::InvalidArgumentError(fmt::format(format, std::forward<Args>(args)...));
}

struct TypedField {
  std::string_view name;
  int values;
};

std::array<TypedField, 8> Fields(const Contents& c) {
  return {{{"bool_contents", c.bool_contents_size()},
           {"int_contents", c.int_contents_size()},
           {"int64_contents", c.int64_contents_size()},
           {"uint_contents", c.uint_contents_size()},
           {"uint64_contents", c.uint64_contents_size()},
           {"fp32_contents", c.fp32_contents_size()},
           {"fp64_contents", c.fp64_contents_size()},
           {"bytes_contents", c.bytes_contents_size()}}};
}

bool HasContents(const Input& input) {
  const auto fields = Fields(input.contents());
  return std::any_of(fields.begin(), fields.end(), [](const TypedField& field) { return field.values > 0; });
}

// The field for a datatype; empty for those that travel as raw contents only.
std::string_view FieldFor(std::string_view datatype) {
  static constexpr std::pair<std::string_view, std::string_view> kFields[] = {
      {"BOOL", "bool_contents"},     {"INT8", "int_contents"},       {"INT16", "int_contents"},
      {"INT32", "int_contents"},     {"INT64", "int64_contents"},    {"UINT8", "uint_contents"},
      {"UINT16", "uint_contents"},   {"UINT32", "uint_contents"},    {"UINT64", "uint64_contents"},
      {"FP32", "fp32_contents"},     {"FP64", "fp64_contents"},      {"BYTES", "bytes_contents"}};
  for (const auto& [type, field] : kFields) {
    if (type == datatype) return field;
  }
  return "";
}

absl::Status CheckTypedField(const Input& input, const std::string& model) {
  const std::string_view fitting = FieldFor(input.datatype());
  for (const TypedField& field : Fields(input.contents())) {
    if (field.values == 0 || field.name == fitting) continue;
    return Wrong("unexpected {} for input '{}' of model '{}': datatype '{}' {}", field.name, input.name(), model,
                 input.datatype(),
                 fitting.empty() ? "travels in raw_input_contents only" : fmt::format("belongs in {}", fitting));
  }
  return absl::OkStatus();
}

// The values in raw form. Types that no model takes give no bytes; their datatype
// is refused against the model.
absl::StatusOr<std::string_view> TypedBytes(const Input& input, DecodedInference& decoded) {
  const Contents& contents = input.contents();
  if (input.datatype() == "FP32") {
    return std::string_view(reinterpret_cast<const char*>(contents.fp32_contents().data()),
                            size_t(contents.fp32_contents_size()) * sizeof(float));
  }
  if (input.datatype() != "UINT8") return std::string_view();
  std::string bytes;
  bytes.reserve(size_t(contents.uint_contents_size()));
  for (const uint32_t value : contents.uint_contents()) {
    if (value > 255) return Wrong("input '{}': {} does not fit UINT8", input.name(), value);
    bytes.push_back(char(value));
  }
  return decoded.converted.emplace_back(std::move(bytes));
}

absl::StatusOr<std::string_view> Values(const inference::ModelInferRequest& message, int index,
                                        DecodedInference& decoded) {
  const Input& input = message.inputs(index);
  if (message.raw_input_contents_size() == 0) {
    if (!HasContents(input)) {
      return Wrong("unable to find data for input '{}' of model '{}' in the request", input.name(),
                   message.model_name());
    }
    COLONNADE_RETURN_IF_ERROR(CheckTypedField(input, message.model_name()));
    return TypedBytes(input, decoded);
  }
  if (HasContents(input)) {
    return Wrong("contents field must not be specified when using raw_input_contents for '{}' for model '{}'",
                 input.name(), message.model_name());
  }
  return message.raw_input_contents(index);
}

absl::Status CheckRawCount(const inference::ModelInferRequest& message) {
  const int raw = message.raw_input_contents_size();
  if (raw == 0 || raw == message.inputs_size()) return absl::OkStatus();
  return Wrong("raw_input_contents must have one entry for each of the {} inputs of the request for model '{}', got {}",
               message.inputs_size(), message.model_name(), raw);
}

absl::Status DecodeInputs(const inference::ModelInferRequest& message, DecodedInference& decoded) {
  for (int i = 0; i < message.inputs_size(); ++i) {
    const Input& input = message.inputs(i);
    COLONNADE_RETURN_IF_ERROR(CheckTensorParameters(input.name(), input.parameters()));
    COLONNADE_ASSIGN_OR_RETURN(const std::string_view bytes, Values(message, i, decoded));
    decoded.request.inputs.push_back(
        {input.name(), input.datatype(), {input.shape().begin(), input.shape().end()}, bytes});
  }
  return absl::OkStatus();
}

inference::ModelMetadataResponse::TensorMetadata Tensor(const std::string& name, std::string_view datatype,
                                                        const std::vector<int64_t>& shape) {
  inference::ModelMetadataResponse::TensorMetadata tensor;
  tensor.set_name(name);
  tensor.set_datatype(std::string(datatype));
  tensor.mutable_shape()->Add(shape.begin(), shape.end());
  return tensor;
}

}  // namespace

absl::StatusOr<std::optional<int64_t>> ParseVersion(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error == std::errc() && end == text.data() + text.size() && version >= 0) return version;
  return InvalidField("model_version", fmt::format("'{}' is not a decimal integer of 0 or more", text.substr(0, 80)));
}

absl::StatusOr<DecodedInference> Decode(const inference::ModelInferRequest& message) {
  DecodedInference decoded;
  decoded.request.model.name = message.model_name();
  COLONNADE_ASSIGN_OR_RETURN(decoded.request.model.version, ParseVersion(message.model_version()));
  RequestParameters parameters;
  COLONNADE_RETURN_IF_ERROR(ReadRequestParameters(message.parameters(), parameters));
  decoded.request.executor = parameters.executor;
  decoded.typed_output = parameters.typed_output;
  COLONNADE_RETURN_IF_ERROR(CheckRawCount(message));
  COLONNADE_RETURN_IF_ERROR(DecodeInputs(message, decoded));
  for (const auto& output : message.outputs()) {
    COLONNADE_RETURN_IF_ERROR(CheckTensorParameters(output.name(), output.parameters()));
    decoded.request.outputs.push_back(output.name());
  }
  return decoded;
}

void Encode(const inference::ModelInferRequest& message, const serving::InferenceResult& result, bool typed,
            inference::ModelInferResponse& response) {
  const serving::ModelInfo& info = result.model->info();
  response.set_model_name(info.name);
  response.set_model_version(fmt::format("{}", info.version));
  response.set_id(message.id());
  (*response.mutable_parameters())["executor"].set_string_param(result.executor);
  (*response.mutable_parameters())["array_cycles"].set_int64_param(result.array_cycles);
  auto* output = response.add_outputs();
  output->set_name(info.output_name);
  output->set_datatype("FP32");
  output->add_shape(result.images);
  output->add_shape(info.classes);
  if (typed) {
    output->mutable_contents()->mutable_fp32_contents()->Add(result.logits.begin(), result.logits.end());
  } else {
    response.add_raw_output_contents(result.logits.data(), result.logits.size() * sizeof(float));
  }
}

void EncodeMetadata(const serving::ModelInfo& info, inference::ModelMetadataResponse& response) {
  response.set_name(info.name);
  response.set_platform("colonnade_array");
  *response.add_inputs() = Tensor(info.input_name, ToString(info.input_type), serving::InputShape(info));
  *response.add_outputs() = Tensor(info.output_name, "FP32", serving::OutputShape(info));
  for (const auto& [key, value] : info.properties) (*response.mutable_properties())[key] = value;
}

}  // namespace colonnade::rpc
