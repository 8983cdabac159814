// SPDX-License-Identifier: Apache-2.0
// Grouping algorithms on every layer of real networks under COLONNADE_DATA.
#include <gtest/gtest.h>

#include <string>

#include "server/nn/transforms.h"
#include "server/packing/group_dense_first.h"
#include "server/packing/group_published.h"
#include "server/packing/group_search.h"
#include "tests/support/shared_network.h"
#include "tests/unit/packing/grouping_properties.h"

namespace colonnade::packing {
namespace {

struct Sums {
  double kept = 0, bound = 0, file_order = 0;

  double share_of_gain() const { return ShareOfGain(kept, file_order, bound); }
};

class SharedLayers : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto data = SharedData();
    if (!data) GTEST_SKIP() << "COLONNADE_DATA is not set: no shared networks";
    const nn::Network network = ReadNetwork(*data, GetParam());
    for (const nn::Layer& layer : network.layers) {
      if (!layer.is_matrix()) continue;
      matrices_.push_back(nn::ToFilterMatrix(network, layer));
    }
    ASSERT_FALSE(matrices_.empty());
  }

  Sums SearchAll(int alpha, nn::FeedRule rule) const {
    Sums sums;
    for (const nn::FilterMatrix& matrix : matrices_) {
      const PackingProblem problem{matrix, alpha, double(alpha - 1), rule};
      const auto result = GroupBySearch(problem);
      EXPECT_TRUE(result.ok()) << result.status();
      ExpectSound(problem, result->grouping);
      EXPECT_GE(result->kept, KeptSaliency(problem, GroupDenseFirst(problem)));
      EXPECT_LE(result->kept, result->bound * (1 + 1e-12));
      EXPECT_TRUE(rule == nn::FeedRule::kChannelBlock || result->grouping.groups.size() == FewestGroups(problem));
      sums.kept += result->kept;
      sums.bound += result->bound;
      sums.file_order += result->file_order;
    }
    return sums;
  }

  std::vector<nn::FilterMatrix> matrices_;
};

TEST_P(SharedLayers, SearchesAreSoundAndNeverBehind) {
  for (const nn::FeedRule rule : kFeedRules) {
    SCOPED_TRACE(nn::ToString(rule));
    const double share = SearchAll(8, rule).share_of_gain();
    const bool has_goal = GetParam() == "resnet20_cifar10" && rule == nn::FeedRule::kAny;
    EXPECT_GE(share, has_goal ? 0.9 : 0.0);
    RecordProperty("share_of_gain_" + std::string(nn::ToString(rule)), std::to_string(share));
  }
}

TEST_P(SharedLayers, PublishedAndDenseFirstGroupingsAreSound) {
  for (const nn::FilterMatrix& matrix : matrices_) {
    for (const nn::FeedRule rule : {nn::FeedRule::kAny, nn::FeedRule::kSameTap}) {
      const PackingProblem problem{matrix, 8, 1.75, rule};
      ExpectSound(problem, GroupPublished(problem));
      ExpectSound(problem, GroupDenseFirst(problem));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, SharedLayers,
                         testing::Values("resnet20_cifar10", "shiftnet_cifar10", "lenet5_mnist", "lenet5_shift_mnist"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace colonnade::packing
