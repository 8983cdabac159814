// SPDX-License-Identifier: Apache-2.0
// An artifact's network for other runtimes.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "server/artifact/file.h"

namespace colonnade {

// Reads the artifact file and writes its network as ONNX (onnx/export_qdq.h): the input
// as the artifact declares it, and in the model's metadata "artifact", its NAME:VERSION,
// and "normalization", MEAN[,MEAN...]/DEVIATION[,DEVIATION...] where it has one. NOT_FOUND
// when there is no file, DATA_LOSS when it is no artifact, FAILED_PRECONDITION of the
// exporter, INTERNAL when the ONNX file cannot be written; what is there of it then is of
// no use.
absl::Status ConvertArtifact(const std::string& artifact_path, const std::string& onnx_path);

}  // namespace colonnade
