// SPDX-License-Identifier: Apache-2.0
// Inference on served artifacts, and what the server says about them.
//
//   Result<Artifact> artifact = client->GetArtifact("r20p", 0);
//   InferRequest request{.artifact = "r20p", .input_name = artifact->input_name,
//                        .shape = artifact->input_shape, .images = 1};
//   request.values = Normalize(pixels, artifact->input_shape, artifact->normalization);
//   Result<InferResult> result = client->Infer(request);
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "colonnade/common.h"

namespace colonnade::client {

// A batch of images for one artifact: `images` times `shape` values, image after image,
// channel-major, in exactly one of `values` (input type FP32) and `pixels` (UINT8).
struct InferRequest {
  std::string artifact = {};
  int64_t version = 0;          // 0: the newest
  std::string executor = {};    // empty: the server's default
  std::string input_name = {};  // Artifact::input_name
  Shape shape = {};
  int64_t images = 0;  // 1 to 1024; a message holds 64 MiB
  std::vector<float> values = {};
  std::vector<uint8_t> pixels = {};
};

struct InferResult {
  int64_t version = 0;
  std::string executor;      // that ran it
  int64_t array_cycles = 0;  // of the whole batch
  int64_t images = 0;
  int classes = 0;
  std::vector<float> logits;  // [images][classes]
};

// What a network trained with `normalization` expects in place of `pixels`, which are
// whole images of `shape`: computed in double, converted to float at the end.
// REQUIRES: one mean and deviation, or one per channel.
std::vector<float> Normalize(std::span<const uint8_t> pixels, const Shape& shape, const Normalization& normalization);

struct TensorMetadata {
  std::string name, datatype;
  std::vector<int64_t> shape;  // -1 stands for the batch
};

struct ModelMetadata {
  std::string name;
  std::vector<std::string> versions;
  std::string platform;
  std::vector<TensorMetadata> inputs, outputs;
  std::map<std::string, std::string> properties;  // array, alpha, cycles of one image, accuracies
};

// What a server is and can do.
struct ServerStatus {
  std::string version;
  Time start_time;
  std::string tenant;                   // the caller's, as the server sees it
  std::vector<std::string> executors;   // the default first
  std::vector<std::string> arrays;      // known by name
  std::map<std::string, int64_t> jobs;  // by state, of this tenant
  int64_t artifacts = 0;
  bool ready = false;  // new work is accepted
};

}  // namespace colonnade::client
