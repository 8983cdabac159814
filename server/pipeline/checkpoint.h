// SPDX-License-Identifier: Apache-2.0
// Where a job can be continued: everything that its earlier epochs left behind. Held
// as bytes only encrypted, with the key of the training data (worker_job.h).
//
// Layout, little-endian:
//   "CLNDCKP1"
//   uint64 count, then per tensor:
//     uint32 length, name
//     uint8  type: 0 float32, 1 int64
//     uint64 count, values
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/pipeline/combine.h"
#include "server/training/trainer.h"

namespace colonnade::pipeline {

struct Checkpoint {
  int round = 1;             // the round that is being trained, from 1; after the last one, quantization-aware training
  int epochs_done = 0;       // in it
  int64_t images_used = 0;   // by all epochs so far
  std::map<std::string, double> stage_seconds;
  Combined combined;         // of this round
  std::vector<training::NamedValues> trainer;
  std::vector<training::NamedValues> start;  // of quantization-aware training: its scales come from there
};

std::string EncodeCheckpoint(const Checkpoint& checkpoint);

// DATA_LOSS when the bytes are no checkpoint. Plans must be those it was made with.
absl::StatusOr<Checkpoint> DecodeCheckpoint(std::string_view bytes, const std::vector<LayerPlan>& plans);

}  // namespace colonnade::pipeline
