// SPDX-License-Identifier: Apache-2.0
#include "colonnade/inference.h"

#include <bit>
#include <cstring>

#include "client/src/impl.h"

namespace colonnade::client {
namespace {

static_assert(std::endian::native == std::endian::little, "raw contents are little-endian");

Status Check(const InferRequest& request) {
  const size_t wanted = size_t(request.images * request.shape.values());
  if (request.images < 1) return InvalidField("images", "must be at least 1");
  if (request.values.empty() == request.pixels.empty()) {
    return InvalidField("values", "either values or pixels must be given");
  }
  if (std::max(request.values.size(), request.pixels.size()) == wanted) return {};
  return InvalidField("values", std::to_string(request.images) + " images need " + std::to_string(wanted) + " values");
}

std::string Raw(const InferRequest& request) {
  if (request.values.empty()) return {request.pixels.begin(), request.pixels.end()};
  return {reinterpret_cast<const char*>(request.values.data()), request.values.size() * sizeof(float)};
}

std::string VersionText(int64_t version) { return version == 0 ? "" : std::to_string(version); }

inference::ModelInferRequest Encode(const InferRequest& request) {
  inference::ModelInferRequest message;
  message.set_model_name(request.artifact);
  message.set_model_version(VersionText(request.version));
  if (!request.executor.empty()) (*message.mutable_parameters())["executor"].set_string_param(request.executor);
  auto& input = *message.add_inputs();
  input.set_name(request.input_name);
  input.set_datatype(request.values.empty() ? "UINT8" : "FP32");
  for (const int64_t side :
       {request.images, int64_t(request.shape.channels), int64_t(request.shape.height), int64_t(request.shape.width)}) {
    input.add_shape(side);
  }
  message.add_raw_input_contents(Raw(request));
  return message;
}

Result<InferResult> Decode(const inference::ModelInferResponse& message, int64_t images) {
  const Status unreadable(Code::kInternal, "the server's answer is not FP32 logits per image");
  if (message.outputs_size() != 1 || message.raw_output_contents_size() != 1) return unreadable;
  const auto& shape = message.outputs(0).shape();
  const std::string& raw = message.raw_output_contents(0);
  if (message.outputs(0).datatype() != "FP32" || shape.size() != 2 || shape[0] != images) return unreadable;
  if (raw.empty() || raw.size() % (size_t(images) * sizeof(float)) != 0) return unreadable;
  InferResult result;
  result.version = std::atoll(message.model_version().c_str());
  result.images = images;
  result.classes = int(raw.size() / sizeof(float) / size_t(images));
  result.logits.resize(raw.size() / sizeof(float));
  std::memcpy(result.logits.data(), raw.data(), raw.size());
  for (const auto& [name, parameter] : message.parameters()) {
    if (name == "executor") result.executor = parameter.string_param();
    if (name == "array_cycles") result.array_cycles = parameter.int64_param();
  }
  return result;
}

TensorMetadata FromProto(const inference::ModelMetadataResponse::TensorMetadata& tensor) {
  return {tensor.name(), tensor.datatype(), {tensor.shape().begin(), tensor.shape().end()}};
}

}  // namespace

std::vector<float> Normalize(std::span<const uint8_t> pixels, const Shape& shape, const Normalization& normalization) {
  const auto of_channel = [](const std::vector<double>& values, size_t channel) {
    return values.size() == 1 ? values[0] : values[channel];
  };
  const size_t plane = size_t(shape.height) * size_t(shape.width);
  std::vector<float> values(pixels.size());
  for (size_t i = 0; i < pixels.size(); ++i) {
    const size_t channel = i / plane % size_t(shape.channels);
    values[i] = float((pixels[i] / 255.0 - of_channel(normalization.mean, channel)) /
                      of_channel(normalization.deviation, channel));
  }
  return values;
}

Result<InferResult> Client::Infer(const InferRequest& request) {
  if (Status status = Check(request); !status.ok()) return status;
  inference::ModelInferResponse reply;
  const Status status = impl_->Call(*impl_->inference, &inference::GRPCInferenceService::Stub::ModelInfer,
                                    Encode(request), reply, impl_->CallDeadline());
  if (!status.ok()) return status;
  return Decode(reply, request.images);
}

Result<ModelMetadata> Client::GetModelMetadata(const std::string& artifact, int64_t version) {
  inference::ModelMetadataRequest request;
  request.set_name(artifact);
  request.set_version(VersionText(version));
  inference::ModelMetadataResponse reply;
  const Status status = impl_->Call(*impl_->inference, &inference::GRPCInferenceService::Stub::ModelMetadata, request,
                                    reply, impl_->CallDeadline());
  if (!status.ok()) return status;
  ModelMetadata metadata;
  metadata.name = reply.name();
  metadata.versions.assign(reply.versions().begin(), reply.versions().end());
  metadata.platform = reply.platform();
  for (const auto& tensor : reply.inputs()) metadata.inputs.push_back(FromProto(tensor));
  for (const auto& tensor : reply.outputs()) metadata.outputs.push_back(FromProto(tensor));
  metadata.properties.insert(reply.properties().begin(), reply.properties().end());
  return metadata;
}

}  // namespace colonnade::client
