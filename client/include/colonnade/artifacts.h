// SPDX-License-Identifier: Apache-2.0
// Artifacts: published, immutable results of jobs, served by name and version.
#pragma once

#include <string>
#include <vector>

#include "colonnade/common.h"
#include "colonnade/jobs.h"

namespace colonnade::client {

struct Artifact {
  std::string name;
  int64_t version = 0;
  std::string tenant;
  Time create_time;
  std::string job, model;
  std::string array, array_digest;
  int64_t size_bytes = 0;
  std::string sha256;
  JobResult result;
  // The input tensor: "FP32" wants images normalized as said here, "UINT8" raw pixels.
  std::string input_name, input_datatype;
  Shape input_shape;
  Normalization normalization;
  std::string output_name;
  int classes = 0;
  std::vector<std::string> executors;  // that can run it there
};

enum class ArtifactFormat {
  kNative = 1,  // the stored file
  kOnnx = 2,    // ONNX with QuantizeLinear and DequantizeLinear
};

// What a pull wrote.
struct PulledArtifact {
  int64_t version = 0;
  int64_t size_bytes = 0;
  std::string sha256;
};

}  // namespace colonnade::client
