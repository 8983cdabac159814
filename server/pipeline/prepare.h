// SPDX-License-Identifier: Apache-2.0
// What a packing job decides before it trains.
#pragma once

#include <optional>
#include <stop_token>
#include <vector>

#include "absl/status/statusor.h"
#include "server/nn/network.h"
#include "server/pipeline/allocate.h"
#include "server/pipeline/combine.h"
#include "server/pipeline/packing_job.h"
#include "server/pipeline/progress.h"
#include "server/pipeline/schedule.h"
#include "server/training/importance.h"
#include "server/training/samples.h"

namespace colonnade::pipeline {

struct Prepared {
  nn::Network dense;    // BatchNorms folded, rows permuted if asked for: the teacher
  nn::Network network;  // the same with BatchNorms, to be packed
  std::vector<LayerPlan> plans;      // of `network`
  training::Importance importance;   // of `network`; empty: magnitudes decide
  AlphaAllocation allocation;        // empty: alphas are as asked for
  training::Samples train;
  training::Samples evaluation;
  bool held_out = false;  // `evaluation` was part of the training records

  // How to combine `round`.
  CombineRules RulesOf(const Round& round, const v1::Recipe& recipe, nn::FeedRule feed_rule) const;
};

// In this order:
//   check     images, labels and alphas fit the network and the array
//   images    synthetic ones in mode DATA_FREE; a tenth held out where no evaluation data are
//   permute   rows, if asked for (packing/permute_rows.h)
//   norms     inserted where the network has none
//   weigh     what each weight is worth (recipe.packing.saliency)
//   allocate  alpha by layer, if asked for (allocate.h)
// Deterministic, so that a resumed job prepares the same. Errors as RunPackingJob().
absl::StatusOr<Prepared> Prepare(JobInputs inputs, Progress& progress, std::stop_token stop);

}  // namespace colonnade::pipeline
