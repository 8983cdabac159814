// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/checkpoint.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace colonnade::pipeline {
namespace {

Checkpoint Sample() {
  Checkpoint checkpoint{2, 5, 12345, {{"pack", 12.5}, {"baseline", 0.25}}, {}, {}, {}};
  const LayerPlan conv{1, "conv", 9, 4, false}, linear{3, "linear", 8, 1, true};
  checkpoint.combined.layers = {{conv, 16, 3, 3, 40, 144}, {linear, 10, 8, 8, 80, 80}};
  checkpoint.combined.groupings["conv"].groups = {{0, 3, 5}, {1}, {2, 4, 8}};
  checkpoint.combined.groupings["linear"].groups = {{0}, {1}};
  checkpoint.trainer = {{"conv.weight", {1.5f, 0, -2}}, {"conv.weight.mask", {1, 0, 1}}, {"empty", {}}};
  checkpoint.start = {{"conv.weight", {2.5f, 0, -1}}};
  return checkpoint;
}

std::vector<LayerPlan> Plans(const Checkpoint& checkpoint) {
  return {checkpoint.combined.layers[0].plan, checkpoint.combined.layers[1].plan};
}

TEST(Checkpoint, ReadsWhatWasWritten) {
  const Checkpoint written = Sample();
  const auto read = DecodeCheckpoint(EncodeCheckpoint(written), Plans(written));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->round, 2);
  EXPECT_EQ(read->epochs_done, 5);
  EXPECT_EQ(read->images_used, 12345);
  EXPECT_EQ(read->stage_seconds, written.stage_seconds);
  EXPECT_EQ(read->trainer, written.trainer);
  EXPECT_EQ(read->start, written.start);
  EXPECT_EQ(read->combined.groupings, written.combined.groupings);
  ASSERT_EQ(read->combined.layers.size(), 2u);
  EXPECT_EQ(read->combined.layers[0].nonzeros, 40);
  EXPECT_EQ(read->combined.columns_before(), 17);
  EXPECT_EQ(read->combined.columns_after(), 11);
}

TEST(Checkpoint, RefusesEveryTruncation) {
  const std::string bytes = EncodeCheckpoint(Sample());
  for (size_t length = 0; length < bytes.size(); ++length) {
    const auto read = DecodeCheckpoint(std::string_view(bytes).substr(0, length), Plans(Sample()));
    EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss) << length;
  }
}

TEST(Checkpoint, RefusesCountsBeyondItsBytes) {
  std::string bytes = EncodeCheckpoint(Sample());
  for (size_t i = 8; i + 8 <= bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged.replace(i, 8, "\xff\xff\xff\xff\xff\xff\xff\x7f");
    DecodeCheckpoint(damaged, Plans(Sample())).IgnoreError();  // must not crash or allocate it
  }
  bytes += '\0';
  EXPECT_EQ(DecodeCheckpoint(bytes, Plans(Sample())).status().code(), absl::StatusCode::kDataLoss);
}

TEST(Checkpoint, RefusesAnotherNetworks) {
  std::vector<LayerPlan> plans = Plans(Sample());
  plans[0].name = "other";
  EXPECT_EQ(DecodeCheckpoint(EncodeCheckpoint(Sample()), plans).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace colonnade::pipeline
