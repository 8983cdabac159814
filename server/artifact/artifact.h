// SPDX-License-Identifier: Apache-2.0
// The published, immutable result of a packing job: one file that holds a program,
// how to feed it, and what was measured. Plain data; the stored form is
// docs/artifact_format.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/array/array_program.h"

namespace colonnade::artifact {

// What inference requests carry. Name and shape of the input are the program's.
enum class InputType {
  kFp32,   // the source model's input: normalized values
  kUint8,  // raw pixels 0 to 255, normalized by the server
};

std::string_view ToString(InputType type);  // "FP32", "UINT8"

// x = (pixel / 255 - mean) / deviation. One value per input channel each, or both
// empty when the data came without normalization (never so for kUint8).
struct Normalization {
  std::vector<double> mean, deviation;

  friend bool operator==(const Normalization&, const Normalization&) = default;
};

struct Manifest {
  std::string name;     // base/names.h
  int64_t version = 0;  // 1, 2, 3, ... per name
  std::string tenant;
  std::string job, model;   // where it comes from
  int64_t create_time = 0;  // seconds since 1970-01-01 UTC
  InputType input_type = InputType::kFp32;
  Normalization normalization;
  std::vector<std::string> labels;     // class names, or empty
  std::string recipe_json;             // resolved
  std::vector<std::string> executors;  // verified with
};

// One network on the array.
struct Size {
  int64_t columns = 0;  // array columns over all matrix steps
  int64_t tiles = 0;
  int64_t cycles = 0;  // of one image
  int64_t weight_bytes = 0;

  friend bool operator==(const Size&, const Size&) = default;
};

Size SizeOnArray(const array::ArrayProgram& program);

// What was measured, accuracies 0 to 1.
struct Report {
  double dense_accuracy = 0;      // float network as it came
  double packed_accuracy = 0;     // float network, packed and retrained
  double quantized_accuracy = 0;  // the integer network that is served
  std::string accuracy_source;    // "evaluation" or "held_out"
  int64_t images_evaluated = 0;
  Size dense, packed;
  double packing_efficiency = 0;        // nonzero cells / cells
  double packing_efficiency_tiled = 0;  // nonzero cells / cells of whole tiles
  int64_t data_used = 0;                // distinct training records of the source used
  int64_t data_ceiling = 0;             // and allowed
  std::string report_json;              // everything, free-form

  friend bool operator==(const Report&, const Report&) = default;
};

// A golden vector: a synthetic image (SelfTestImage(seed)) and its result.
struct SelfTest {
  uint64_t seed = 0;
  std::vector<int32_t> expected;  // one per element of the last tensor

  friend bool operator==(const SelfTest&, const SelfTest&) = default;
};

struct Artifact {
  Manifest manifest;
  Report report;
  std::shared_ptr<const array::ArrayProgram> program;  // never null in a valid artifact
  std::vector<SelfTest> self_tests;                    // at least one
};

// Every bound stated above and array::Check(program): what a reader may rely on.
// INVALID_ARGUMENT names the field.
absl::Status Check(const Artifact& artifact);

}  // namespace colonnade::artifact
