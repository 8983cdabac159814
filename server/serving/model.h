// SPDX-License-Identifier: Apache-2.0
// A loaded artifact as the inference engine sees it: what it takes, what it
// gives, and how to run it. artifact_model.h makes one from a file.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/nn/network.h"

namespace colonnade::serving {

enum class DataType { kFp32, kUint8 };

std::string_view ToString(DataType type);  // "FP32", "UINT8"
int SizeOf(DataType type);                 // bytes of one value

inline constexpr std::string_view kDefaultExecutor = "kernels";

struct ModelInfo {
  std::string name;
  int64_t version = 0;
  std::string input_name;
  DataType input_type = DataType::kFp32;
  nn::Shape input_shape;  // of one image
  std::string output_name;
  int classes = 0;        // logits of one image, always FP32
  int64_t cycles = 0;     // array cycles of one image
  int64_t columns = 0;    // array columns over all layers
  double packing_efficiency = 0;
  std::map<std::string, std::string> properties;  // for people: array, accuracies, ...

  // Bytes of one image in `input_type`.
  int64_t image_bytes() const { return input_shape.size() * SizeOf(input_type); }
};

// Immutable and thread-safe.
class Model {
 public:
  virtual ~Model() = default;

  virtual const ModelInfo& info() const = 0;

  // Names of the executors that can run it here, the default one first.
  virtual std::vector<std::string> executors() const = 0;

  // Why an executor that is here cannot run it, or nothing.
  virtual std::string WhyNot(std::string_view /*executor*/) const { return ""; }

  // Classifies images: `input` holds a whole number of them, row-major, in input_type
  // (little-endian, any alignment), `logits` gets info().classes values for each.
  // INVALID_ARGUMENT when a value is not finite; a device's errors (device/driver.h).
  // REQUIRES: executor is one of executors().
  virtual absl::Status Run(std::string_view executor, std::string_view input, std::span<float> logits) const = 0;
};

}  // namespace colonnade::serving
