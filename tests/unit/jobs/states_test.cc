// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/states.h"

#include <gtest/gtest.h>

#include <set>

namespace colonnade::jobs {
namespace {

// The table of states.h, said once more, so that neither changes alone.
TEST(States, FollowTheTable) {
  using enum v1::JobState;
  const std::set<std::pair<int, int>> allowed = {
      {JOB_STATE_QUEUED, JOB_STATE_QUEUED},       {JOB_STATE_QUEUED, JOB_STATE_PREPARING},
      {JOB_STATE_QUEUED, JOB_STATE_CANCELLED},    {JOB_STATE_QUEUED, JOB_STATE_FAILED},
      {JOB_STATE_PREPARING, JOB_STATE_QUEUED},    {JOB_STATE_PREPARING, JOB_STATE_PREPARING},
      {JOB_STATE_PREPARING, JOB_STATE_RUNNING},   {JOB_STATE_PREPARING, JOB_STATE_FAILED},
      {JOB_STATE_PREPARING, JOB_STATE_CANCELLED}, {JOB_STATE_RUNNING, JOB_STATE_QUEUED},
      {JOB_STATE_RUNNING, JOB_STATE_RUNNING},     {JOB_STATE_RUNNING, JOB_STATE_SUCCEEDED},
      {JOB_STATE_RUNNING, JOB_STATE_FAILED},      {JOB_STATE_RUNNING, JOB_STATE_CANCELLED},
  };
  for (int from = JOB_STATE_QUEUED; from <= JOB_STATE_CANCELLED; ++from) {
    for (int to = JOB_STATE_QUEUED; to <= JOB_STATE_CANCELLED; ++to) {
      EXPECT_EQ(MayFollow(v1::JobState(from), v1::JobState(to)), allowed.count({from, to}) == 1) << from << " " << to;
    }
  }
}

TEST(States, AreFinalWhenNothingMayFollow) {
  for (int from = v1::JOB_STATE_QUEUED; from <= v1::JOB_STATE_CANCELLED; ++from) {
    bool any = false;
    for (int to = v1::JOB_STATE_QUEUED; to <= v1::JOB_STATE_CANCELLED; ++to) {
      any |= MayFollow(v1::JobState(from), v1::JobState(to));
    }
    EXPECT_EQ(IsFinal(v1::JobState(from)), !any);
  }
}

TEST(States, HaveNames) {
  EXPECT_EQ(StateName(v1::JOB_STATE_QUEUED), "queued");
  EXPECT_EQ(StateName(v1::JOB_STATE_CANCELLED), "cancelled");
}

}  // namespace
}  // namespace colonnade::jobs
