// SPDX-License-Identifier: Apache-2.0
#include "tests/support/packed_network.h"

#include <map>
#include <utility>

#include "server/compiler/compile.h"
#include "server/nn/transforms.h"
#include "server/packing/group_dense_first.h"
#include "server/packing/group_search.h"
#include "server/packing/permute_rows.h"
#include "server/packing/prune_conflicts.h"
#include "server/packing/prune_magnitude.h"
#include "server/pipeline/integer_network.h"
#include "server/recipe/recipe.h"
#include "tests/support/require.h"
#include "tests/support/shared_data.h"

namespace colonnade {
namespace {

constexpr int64_t kImages = 64;

packing::Grouping Combine(Design design, int alpha, nn::FeedRule rule, nn::FilterMatrix& matrix) {
  if (design == Design::kCombineOnly) {
    packing::PruneMagnitude(1 - 1.0 / alpha, matrix);
    return packing::GroupDenseFirst({matrix, alpha, 0, rule, {}});
  }
  packing::Grouping grouping =
      rule == nn::FeedRule::kChannelBlock
          ? packing::GroupAdjacentChannels(matrix, alpha)
          : Require(packing::GroupBySearch({matrix, alpha, double(alpha - 1), rule, {}})).grouping;
  packing::PruneConflicts(grouping, matrix);
  return grouping;
}

// Channels in an order in which adjacent ones may share a column.
nn::Network Permuted(nn::Network network, int alpha) {
  std::map<std::string, int> alphas;
  for (const nn::Layer& layer : network.layers) {
    if (layer.is_matrix()) alphas[layer.name] = alpha;
  }
  return Require(packing::PermuteRows(std::move(network), alphas)).network;
}

}  // namespace

std::shared_ptr<const array::ArrayProgram> CompileDesign(const std::filesystem::path& data, const std::string& name,
                                                         Design design, int alpha, const array::ArrayConfig& config) {
  nn::Network network = nn::ReadImagesByWindows(Require(nn::FoldBatchNorms(nn::TrimSoftmax(ReadNetwork(data, name)))));
  if (design == Design::kPacked && config.feed_rule == nn::FeedRule::kChannelBlock) {
    network = Permuted(std::move(network), alpha);
  }
  compiler::Groupings groupings;
  for (nn::Layer& layer : network.layers) {
    if (!layer.is_matrix() || design == Design::kDense) continue;
    nn::FilterMatrix matrix = nn::ToFilterMatrix(network, layer);
    groupings[layer.name] = Combine(design, alpha, config.feed_rule, matrix);
    nn::StoreFilterMatrix(matrix, network.layers[size_t(layer.inputs[0])].output, layer);
  }
  const v1::Recipe recipe = Require(recipe::Resolve({}, config.alpha));
  const auto quantized =
      Require(pipeline::CalibrateAndQuantize(network, ReadTestImages(data, name, kImages), recipe.quantization()));
  return std::make_shared<const array::ArrayProgram>(Require(compiler::Compile(quantized, groupings, config)));
}

}  // namespace colonnade
