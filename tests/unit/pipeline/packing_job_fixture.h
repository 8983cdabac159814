// SPDX-License-Identifier: Apache-2.0
// Whole packing jobs over the drawn digits, in a fraction of a second each.
#pragma once

#include <gtest/gtest.h>

#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "server/artifact/proto_codec.h"
#include "server/pipeline/packing_job.h"
#include "tests/support/glyphs.h"
#include "tests/support/recipes.h"

namespace colonnade::pipeline {

// Share of right answers that retraining must reach and packing alone must miss.
inline constexpr double kGlyphFloor = 0.8;

inline const nn::Network& GlyphNetwork() {
  static const nn::Network network = TrainedGlyphNetwork();
  return network;
}

// As an artifact stores it.
inline std::string BytesOf(const PackedNetwork& packed) {
  return artifact::ToProto(*packed.program).SerializeAsString();
}

class PackingJobTest : public testing::Test {
 protected:
  absl::StatusOr<PackedNetwork> Run(JobInputs inputs) {
    events_.clear();
    checkpoints_.clear();
    hooks_.save = [this](const std::string& bytes) {
      checkpoints_.push_back(bytes);
      if (int(checkpoints_.size()) == stop_after_) stop_.request_stop();
      return absl::OkStatus();
    };
    hooks_.stop = stop_.get_token();
    Progress progress([this](const v1::JobEvent& event) { events_.push_back(event); });
    return RunPackingJob(std::move(inputs), hooks_, progress);
  }

  JobInputs Glyphs() { return {GlyphNetwork(), DrawGlyphs(300, 2), DrawGlyphs(500, 3), QuickRecipe(), {}}; }

  std::string Refusal(JobInputs inputs) { return Run(std::move(inputs)).status().ToString(); }

  JobHooks hooks_;
  std::stop_source stop_;
  int stop_after_ = 0;
  std::vector<v1::JobEvent> events_;
  std::vector<std::string> checkpoints_;
};

}  // namespace colonnade::pipeline
