// SPDX-License-Identifier: Apache-2.0
#include "server/serving/validate.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/base/status.h"

namespace colonnade::serving {
namespace {

template <typename... Args>
absl::Status Wrong(fmt::format_string<Args...> format, Args&&... args) {
  return absl::InvalidArgumentError(fmt::format(format, std::forward<Args>(args)...));
}

absl::Status CheckName(const ModelInfo& info, const std::vector<TensorView>& inputs) {
  for (const TensorView& input : inputs) {
    if (input.name == info.input_name) continue;
    return Wrong("unexpected inference input '{}' for model '{}'; its input is '{}'", input.name, info.name,
                 info.input_name);
  }
  if (inputs.size() == 1) return absl::OkStatus();
  return Wrong("expected 1 inputs but got {} inputs for model '{}'; its input is '{}'", inputs.size(), info.name,
               info.input_name);
}

absl::StatusOr<int> CheckShape(const ModelInfo& info, const TensorView& input) {
  const std::vector<int64_t> expected = InputShape(info);
  const auto& shape = input.shape;
  if (shape.size() != expected.size() || !std::equal(shape.begin() + 1, shape.end(), expected.begin() + 1)) {
    return Wrong("unexpected shape for input '{}' for model '{}'. Expected {}, got {}", input.name, info.name,
                 ShapeText(expected), ShapeText(shape));
  }
  if (shape[0] >= 1 && shape[0] <= kMaxBatch) return int(shape[0]);
  return Wrong("batch of input '{}' for model '{}' must be 1 to {}, got {}", input.name, info.name, kMaxBatch,
               shape[0]);
}

}  // namespace

std::string ShapeText(const std::vector<int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ",")); }

std::vector<int64_t> InputShape(const ModelInfo& info) {
  return {-1, info.input_shape.channels, info.input_shape.height, info.input_shape.width};
}

std::vector<int64_t> OutputShape(const ModelInfo& info) { return {-1, info.classes}; }

absl::StatusOr<int> CheckInputs(const ModelInfo& info, const std::vector<TensorView>& inputs) {
  COLONNADE_RETURN_IF_ERROR(CheckName(info, inputs));
  const TensorView& input = inputs[0];
  if (input.datatype != ToString(info.input_type)) {
    return Wrong("inference input data-type is '{}', but input '{}' of model '{}' expects '{}'", input.datatype,
                 input.name, info.name, ToString(info.input_type));
  }
  COLONNADE_ASSIGN_OR_RETURN(const int images, CheckShape(info, input));
  const int64_t expected = images * info.image_bytes();
  if (int64_t(input.bytes.size()) == expected) return images;
  return Wrong("input '{}' of model '{}' needs {} bytes for shape {}, got {}", input.name, info.name, expected,
               ShapeText(input.shape), input.bytes.size());
}

absl::Status CheckOutputs(const ModelInfo& info, const std::vector<std::string>& outputs) {
  for (const std::string& output : outputs) {
    if (output == info.output_name) continue;
    return Wrong("unexpected inference output '{}' for model '{}'; its output is '{}'", output, info.name,
                 info.output_name);
  }
  if (outputs.size() <= 1) return absl::OkStatus();
  return Wrong("output '{}' of model '{}' is asked for {} times", info.output_name, info.name, outputs.size());
}

absl::StatusOr<std::string> ChooseExecutor(const Model& model, const std::string& asked) {
  const std::vector<std::string> executors = model.executors();
  if (asked.empty()) return executors.front();
  if (std::find(executors.begin(), executors.end(), asked) != executors.end()) return asked;
  const std::string reason = model.WhyNot(asked);
  if (!reason.empty()) return InvalidField("executor", fmt::format("'{}' cannot run this artifact: {}", asked, reason));
  return InvalidField("executor", fmt::format("'{}' is none of {}", asked, fmt::join(executors, ", ")));
}

}  // namespace colonnade::serving
