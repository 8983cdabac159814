// SPDX-License-Identifier: Apache-2.0
// A network's whole way from ONNX bytes to logits, by the functions that the worker calls,
// with time and memory of each step.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/nn/network.h"

namespace colonnade {

struct SizeOptions {
  int alpha = 8;
  int images = 2;         // synthetic ones, for calibration
  bool unpacked = false;  // the result must also be that of quant::RunQuantized, which is slow
};

// What one step took.
struct StageUse {
  std::string name;
  double seconds = 0;      // of processor time, all threads together
  int64_t peak_bytes = 0;  // most memory resident at once during it, whatever it belongs to
};

struct SizeRun {
  int64_t model_bytes = 0;  // of the ONNX file
  int64_t matrix_layers = 0;
  int64_t weights = 0;     // of all filter matrices, as the model stores them
  int64_t dense_macs = 0;  // of one image
  int64_t dense_columns = 0, packed_columns = 0;
  int64_t packed_cells = 0;  // of all packed filter matrices
  int64_t artifact_bytes = 0;
  std::vector<StageUse> stages;  // in order

  double seconds() const;
  int64_t peak_bytes() const;
};

// Exports `network`, then
//   import     ONNX bytes to a Network
//   fold       BatchNorms
//   pack       searched groups under the default array's feed rule, conflicts pruned
//   quantize   calibrated on synthetic images
//   compile    for the default array, packed; then dense, for the report
//   publish    as an artifact with a self-test, encoded and decoded again
//   run        one image: reference, kernels made ready, kernels; then both in lockstep
// An error of any of them is returned, annotated with the stage; INTERNAL where reference
// and kernels differ in any tensor or in the result. One at a time per process: peaks are
// the process' own.
absl::StatusOr<SizeRun> RunThrough(nn::Network network, const SizeOptions& options);

}  // namespace colonnade
