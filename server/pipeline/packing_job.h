// SPDX-License-Identifier: Apache-2.0
// A packing job, in memory: a dense network and a little data become an array program.
//
//   prepare    fold and insert BatchNorms; choose what to train and to measure on
//   baseline   the dense network on some of the training images
//   rounds     [prune, group, combine, retrain], the last one the final training
//   quantize   fold, calibrate, round, correct biases; then training on the integer numerics
//   compile    packed, and dense for comparison
//   verify     reference = kernels = unpacked integers; how far they are from the float network
//   evaluate   float dense, integer dense, float packed, integer packed
//
// A job that did not do the work does not succeed: before it returns, the groupings
// are verified against the trained weights and the images used are counted.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "colonnade/v1/packing.pb.h"
#include "server/array/array_program.h"
#include "server/artifact/artifact.h"
#include "server/nn/network.h"
#include "server/pipeline/progress.h"
#include "server/training/samples.h"

namespace colonnade::pipeline {

struct JobInputs {
  nn::Network network;       // as imported
  training::Samples train;   // may be seen by everything
  // Only the accuracies at the end see it. Absent: a tenth of `train` is held out.
  std::optional<training::Samples> evaluation;
  v1::Recipe recipe;         // resolved: every field set
  array::ArrayConfig array;
};

struct JobHooks {
  // Called at each end of an epoch with an encoded checkpoint (checkpoint.h), which
  // holds weights that data have shaped: to be stored encrypted.
  std::function<absl::Status(const std::string& checkpoint)> save;
  // The last one saved, to continue from; empty to start anew.
  std::string checkpoint;
  std::stop_token stop;
};

struct PackedNetwork {
  std::shared_ptr<const array::ArrayProgram> program;
  std::vector<artifact::SelfTest> self_tests;
  v1::JobResult result;  // without artifact version and data budget
};

// Errors: INVALID_ARGUMENT names what does not fit together (image shapes, labels,
// alpha above the array's), UNIMPLEMENTED a setting that is not carried out (schedule.h)
// or an operation without an integer form, FAILED_PRECONDITION a training that diverged,
// CANCELLED soon after a stop is requested, INTERNAL a failed check. A checkpoint that
// does not fit is ignored.
absl::StatusOr<PackedNetwork> RunPackingJob(JobInputs inputs, const JobHooks& hooks, Progress& progress);

}  // namespace colonnade::pipeline
