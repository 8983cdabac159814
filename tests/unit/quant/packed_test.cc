// SPDX-License-Identifier: Apache-2.0
// Random networks through grouping, pruning, quantization and the compiler: the packed
// program computes exactly what the unpacked integer network does.
#include <gtest/gtest.h>

#include <random>

#include "server/compiler/compile.h"
#include "server/executors/array_executor.h"
#include "server/nn/transforms.h"
#include "server/packing/group_dense_first.h"
#include "server/packing/prune_conflicts.h"
#include "tests/support/random_network.h"
#include "tests/unit/quant/calibrate.h"

namespace colonnade::quant {
namespace {

// Groups and prunes every matrix layer in place.
compiler::Groupings Combine(const array::ArrayConfig& config, nn::Network& network) {
  compiler::Groupings groupings;
  for (nn::Layer& layer : network.layers) {
    if (!layer.is_matrix()) continue;
    const nn::Shape& input = network.layers[layer.inputs[0]].output;
    nn::FilterMatrix matrix = nn::ToFilterMatrix(layer, input);
    const packing::PackingProblem problem{matrix, config.alpha, config.alpha - 1.0, config.feed_rule};
    const packing::Grouping grouping = packing::GroupDenseFirst(problem);
    packing::PruneConflicts(grouping, matrix);
    nn::StoreFilterMatrix(matrix, input, layer);
    groupings[layer.name] = grouping;
  }
  return groupings;
}

TEST(Packed, ProgramsComputeTheIntegerNetwork) {
  constexpr nn::FeedRule kRules[] = {nn::FeedRule::kAny, nn::FeedRule::kSameRow, nn::FeedRule::kSameTap,
                                     nn::FeedRule::kChannelBlock};
  for (uint64_t seed = 0; seed < 120; ++seed) {
    SCOPED_TRACE(seed);
    nn::Network network = nn::FoldBatchNorms(RandomNetwork(seed, {.batch_norms = seed % 2 == 0})).value();
    array::ArrayConfig config;
    config.alpha = 1 + int(seed % 8);
    config.feed_rule = kRules[seed % 4];
    const compiler::Groupings groupings = Combine(config, network);
    const Image image = RandomImage(network.input_shape(), seed);
    const auto quantized = Quantize(network, Calibrate(network, std::vector<Image>{image}));
    ASSERT_TRUE(quantized.ok()) << quantized.status();
    auto program = compiler::Compile(*quantized, groupings, config);
    ASSERT_TRUE(program.ok()) << program.status();
    const auto shared = std::make_shared<const array::ArrayProgram>(*std::move(program));
    const std::vector<uint8_t> bytes = ToBytes(*quantized, image);
    const std::vector<int32_t> expected = RunQuantized(*quantized, bytes);
    for (const char* name : {"reference", "kernels"}) {
      executors::Workspace workspace;
      const auto executor = executors::MakeExecutor(name, shared);
      ASSERT_TRUE(executor.ok()) << executor.status();
      EXPECT_EQ(*(*executor)->Run(bytes, workspace), expected) << name;
    }
  }
}

}  // namespace
}  // namespace colonnade::quant
