// SPDX-License-Identifier: Apache-2.0
// Row permutation of real networks under COLONNADE_DATA.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "server/nn/transforms.h"
#include "server/packing/group_search.h"
#include "tests/support/shared_network.h"
#include "tests/unit/packing/permuted.h"

namespace colonnade::packing {
namespace {

class SharedNetworks : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto data = SharedData();
    if (!data) GTEST_SKIP() << "COLONNADE_DATA is not set: no shared networks";
    auto folded = nn::FoldBatchNorms(ReadNetwork(*data, GetParam()));
    ASSERT_TRUE(folded.ok()) << folded.status();
    network_ = *std::move(folded);
  }

  nn::Network network_;
};

TEST_P(SharedNetworks, PermutedOnesGiveIdenticalIntegerLogits) {
  const auto permuted = PermuteRows(network_, SameAlpha(network_, 8));
  ASSERT_TRUE(permuted.ok()) << permuted.status();
  ExpectIdenticalLogits(network_, permuted->network, 1);
}

// One partition for all readers of a tensor, against one for each of them, and none.
TEST_P(SharedNetworks, JointBlocksKeepNearlyWhatBlocksOfEachLayerKeep) {
  for (const int alpha : {4, 8}) {
    const auto joint = PermuteRows(network_, SameAlpha(network_, alpha));
    ASSERT_TRUE(joint.ok()) << joint.status();
    PermutedNetwork alone{network_, {}, {}}, in_file_order = alone;
    for (const nn::Layer& layer : network_.layers) {
      if (!layer.is_matrix()) continue;
      const nn::FilterMatrix matrix = MatrixOf(network_, layer);
      const auto found = GroupBySearch({matrix, alpha, double(alpha - 1), nn::FeedRule::kChannelBlock});
      ASSERT_TRUE(found.ok()) << found.status();
      alone.groupings[layer.name] = found->grouping;
      in_file_order.groupings[layer.name] = GroupAdjacentChannels(matrix, alpha);
    }
    EXPECT_GT(KeptShare(*joint), 0.93 * KeptShare(alone));
    EXPECT_GT(KeptShare(*joint), 1.02 * KeptShare(in_file_order));
    RecordProperty("alpha_" + std::to_string(alpha),
                   fmt::format("{:.2f} % joint, {:.2f} % alone, {:.2f} % in file order", KeptShare(*joint),
                               KeptShare(alone), KeptShare(in_file_order)));
  }
}

INSTANTIATE_TEST_SUITE_P(All, SharedNetworks,
                         testing::Values("resnet20_cifar10", "resnet20_cifar10_bn", "shiftnet_cifar10", "lenet5_mnist",
                                         "lenet5_shift_mnist"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace colonnade::packing
