// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/inference_parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "server/base/status.h"

namespace colonnade::rpc {
namespace {

using Choice = inference::InferParameter::ParameterChoiceCase;

// What a key may hold; the first type is named in messages.
struct Known {
  std::string_view key;
  std::vector<Choice> types;
};

const std::vector<Known>& KnownParameters() {
  constexpr Choice kBool = inference::InferParameter::kBoolParam, kInt = inference::InferParameter::kInt64Param,
                   kUint = inference::InferParameter::kUint64Param, kString = inference::InferParameter::kStringParam;
  static const std::vector<Known> known = {
      {"executor", {kString}},
      {"typed_output", {kBool}},
      {"sequence_id", {kInt, kUint, kString}},
      {"sequence_start", {kBool}},
      {"sequence_end", {kBool}},
      {"priority", {kInt, kUint}},
      {"timeout", {kInt}},
      {"headers", {kString}},
      {"binary_data_output", {kBool}},
      {"triton_enable_empty_final_response", {kBool}},
  };
  return known;
}

std::string_view TypeName(Choice choice) {
  switch (choice) {
    case inference::InferParameter::kBoolParam: return "bool_param";
    case inference::InferParameter::kInt64Param: return "int64_param";
    case inference::InferParameter::kStringParam: return "string_param";
    case inference::InferParameter::kDoubleParam: return "double_param";
    case inference::InferParameter::kUint64Param: return "uint64_param";
    case inference::InferParameter::PARAMETER_CHOICE_NOT_SET: return "nothing";
  }
  return "nothing";
}

absl::Status CheckParameter(const std::string& key, const inference::InferParameter& value) {
  const auto same = [&](const Known& known) { return known.key == key; };
  const auto known = std::find_if(KnownParameters().begin(), KnownParameters().end(), same);
  if (known == KnownParameters().end()) {
    return InvalidField(fmt::format("parameters[{}]", key), "unknown parameter; known are executor and typed_output");
  }
  const Choice type = value.parameter_choice_case();
  if (std::find(known->types.begin(), known->types.end(), type) != known->types.end()) return absl::OkStatus();
  return InvalidField(fmt::format("parameters[{}]", key),
                      fmt::format("must be {}, got {}", TypeName(known->types.front()), TypeName(type)));
}

}  // namespace

absl::Status ReadRequestParameters(const Parameters& parameters, RequestParameters& out) {
  for (const auto& [key, value] : parameters) {
    COLONNADE_RETURN_IF_ERROR(CheckParameter(key, value));
    if (key == "executor") out.executor = value.string_param();
    if (key == "typed_output") out.typed_output = value.bool_param();
    if (key == "priority" && value.int64_param() < 0) {
      return InvalidField("parameters[priority]", fmt::format("must be 0 or more, got {}", value.int64_param()));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckTensorParameters(std::string_view tensor, const Parameters& parameters) {
  for (const auto& [key, value] : parameters) {
    if (key == "classification" || key.rfind("shared_memory_", 0) == 0) {
      return absl::UnimplementedError(fmt::format("parameter '{}' of '{}' is not supported", key, tensor));
    }
    return InvalidField(fmt::format("{}.parameters[{}]", tensor, key), "unknown parameter; tensors have none");
  }
  return absl::OkStatus();
}

}  // namespace colonnade::rpc
