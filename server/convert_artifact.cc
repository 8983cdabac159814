// SPDX-License-Identifier: Apache-2.0
#include "server/convert_artifact.h"

#include <fmt/format.h>

#include <fstream>

#include "server/array/unpack.h"
#include "server/base/files.h"
#include "server/base/status.h"
#include "server/onnx/export_qdq.h"

namespace colonnade {
namespace {

onnx::QdqOptions OptionsOf(const artifact::Manifest& manifest) {
  const auto& [mean, deviation] = manifest.normalization;
  onnx::QdqOptions options;
  if (manifest.input_type == artifact::InputType::kUint8) options.pixels = onnx::PixelInput{mean, deviation};
  options.metadata.emplace_back("artifact", fmt::format("{}:{}", manifest.name, manifest.version));
  if (!mean.empty()) {
    options.metadata.emplace_back("normalization",
                                  fmt::format("{}/{}", fmt::join(mean, ","), fmt::join(deviation, ",")));
  }
  return options;
}

}  // namespace

absl::Status ConvertArtifact(const std::string& artifact_path, const std::string& onnx_path) {
  COLONNADE_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(artifact_path, artifact::kMaxArtifactBytes));
  COLONNADE_ASSIGN_OR_RETURN(const artifact::Artifact artifact, artifact::Decode(bytes));
  COLONNADE_ASSIGN_OR_RETURN(const quant::QuantizedNetwork network, array::Unpack(*artifact.program));
  COLONNADE_ASSIGN_OR_RETURN(const std::string onnx, onnx::ExportQdq(network, OptionsOf(artifact.manifest)));
  std::ofstream file(onnx_path, std::ios::binary | std::ios::trunc);
  if (file.write(onnx.data(), std::streamsize(onnx.size())).flush()) return absl::OkStatus();
  return absl::InternalError("artifact: its ONNX file cannot be written; the disk may be full");
}

}  // namespace colonnade
