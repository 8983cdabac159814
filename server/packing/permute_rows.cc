// SPDX-License-Identifier: Apache-2.0
#include "server/packing/permute_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "server/base/status.h"
#include "server/packing/permute_blocks.h"
#include "server/packing/permute_layout.h"
#include "server/packing/permute_spaces.h"

namespace colonnade::packing {
namespace {

int AlphaOf(const std::map<std::string, int>& alpha, const std::string& layer) {
  const auto found = alpha.find(layer);
  return found == alpha.end() ? 1 : found->second;
}

// Whether the order of what `layer` reads matters to its groups. Not in a depthwise
// layer, which has no conflicts, nor where a channel is a run of pixels already.
bool CaresForOrder(const nn::Network& network, const nn::Layer& layer) {
  if (!layer.is_matrix() || KeepsChannels(network, layer)) return false;
  const nn::Shape& in = network.layers[size_t(layer.inputs[0])].output;
  return layer.as<nn::Convolution>() || in.height * in.width == 1;
}

// Entry (row, column): root of the cost of pruning it.
nn::FilterMatrix Magnitudes(const nn::Network& network, const nn::Layer& layer, const WeightImportance* importance) {
  nn::FilterMatrix matrix = nn::ToFilterMatrix(network, layer);
  for (float& value : matrix.values) value = std::abs(value);
  if (importance == nullptr) return matrix;
  const auto found = importance->find(layer.name);
  if (found == importance->end()) return matrix;
  for (size_t i = 0; i < matrix.values.size(); ++i) matrix.values[i] *= std::sqrt(found->second[i]);
  return matrix;
}

// `layer` at the wires of `segment`, where `wires` are those of all channels it reads.
// Nothing when it reads none of them. A wire that it reads twice gives twice the taps.
std::optional<ChannelReader> ReaderOf(const nn::FilterMatrix& magnitudes, int alpha, const std::vector<int>& wires,
                                      const std::vector<int>& segment) {
  const int taps = magnitudes.columns / int(wires.size());
  ChannelReader reader{alpha, magnitudes.rows, 0, {}};
  for (const int wire : segment) {
    for (size_t channel = 0; channel < wires.size(); ++channel) {
      if (wires[channel] != wire) continue;
      if (wire == segment[0]) reader.taps += taps;
      for (int column = int(channel) * taps; column < int(channel + 1) * taps; ++column) {
        for (int row = 0; row < magnitudes.rows; ++row) reader.magnitudes.push_back(magnitudes.at(row, column));
      }
    }
  }
  if (reader.taps == 0) return std::nullopt;
  return reader;
}

std::vector<ChannelReader> ReadersOf(const nn::Network& network, const ChannelSpaces& spaces,
                                     const std::vector<int>& segment, const std::map<std::string, int>& alpha,
                                     const WeightImportance* importance) {
  std::vector<ChannelReader> readers;
  for (const nn::Layer& layer : network.layers) {
    if (AlphaOf(alpha, layer.name) < 2 || !CaresForOrder(network, layer)) continue;
    const std::vector<int>& wires = spaces.wires[size_t(layer.inputs[0])];
    if (std::find(wires.begin(), wires.end(), segment[0]) == wires.end()) continue;
    auto reader = ReaderOf(Magnitudes(network, layer, importance), AlphaOf(alpha, layer.name), wires, segment);
    if (reader) readers.push_back(*std::move(reader));
  }
  return readers;
}

std::vector<bool> LiveChannels(const nn::FilterMatrix& matrix) {
  std::vector<bool> live;
  for (int column = 0; column < matrix.columns; ++column) {
    const auto channel = size_t(matrix.column_sites[size_t(column)].channel);
    if (channel >= live.size()) live.resize(channel + 1);
    for (int row = 0; row < matrix.rows && !live[channel]; ++row) live[channel] = matrix.at(row, column) != 0;
  }
  return live;
}

// The run of each live channel, named by its first channel's number.
std::map<int, int> RunsAtMultiples(const std::vector<bool>& live, int alpha) {
  std::map<int, int> run_of;
  for (int channel = 0; channel < int(live.size()); ++channel) {
    if (live[size_t(channel)]) run_of[channel] = channel / alpha * alpha;
  }
  return run_of;
}

std::map<int, int> RunsFromTheFirst(const std::vector<bool>& live, int alpha) {
  std::map<int, int> run_of;
  int start = -alpha;
  for (int channel = 0; channel < int(live.size()); ++channel) {
    if (!live[size_t(channel)]) continue;
    if (channel - start >= alpha) start = channel;
    run_of[channel] = start;
  }
  return run_of;
}

int CountRuns(const std::map<int, int>& run_of) {
  std::set<int> runs;
  for (const auto& [channel, run] : run_of) runs.insert(run);
  return int(runs.size());
}

}  // namespace

Grouping GroupAdjacentChannels(const nn::FilterMatrix& matrix, int alpha) {
  const std::vector<bool> live = LiveChannels(matrix);
  std::map<int, int> run_of = RunsAtMultiples(live, alpha);
  const std::map<int, int> fewest = RunsFromTheFirst(live, alpha);
  if (CountRuns(fewest) < CountRuns(run_of)) run_of = fewest;
  std::map<std::array<int, 3>, std::vector<int>> groups;  // by run and tap
  for (int column = 0; column < matrix.columns; ++column) {
    const nn::Column& site = matrix.column_sites[size_t(column)];
    bool is_zero = true;
    for (int row = 0; row < matrix.rows && is_zero; ++row) is_zero = matrix.at(row, column) == 0;
    if (!is_zero) groups[{run_of.at(site.channel), site.dy, site.dx}].push_back(column);
  }
  Grouping grouping;
  for (auto& [place, columns] : groups) grouping.groups.push_back(std::move(columns));
  std::sort(grouping.groups.begin(), grouping.groups.end());
  return grouping;
}

absl::StatusOr<PermutedNetwork> PermuteRows(nn::Network network, const std::map<std::string, int>& alpha,
                                            const WeightImportance* importance) {
  const ChannelSpaces spaces = FindChannelSpaces(network);
  std::vector<int> replacement(size_t(spaces.count));
  std::iota(replacement.begin(), replacement.end(), 0);
  for (const std::vector<int>& segment : spaces.segments) {
    const auto readers = ReadersOf(network, spaces, segment, alpha, importance);
    const std::vector<int> order = OrderChannels(readers, int(segment.size()));
    for (size_t i = 0; i < order.size(); ++i) replacement[size_t(segment[i])] = segment[size_t(order[i])];
  }
  PermutedNetwork permuted;
  permuted.permutations = ToPermutations(network, spaces, std::move(replacement));
  auto applied = ApplyPermutations(std::move(network), permuted.permutations);
  if (!applied.ok()) return absl::InternalError(fmt::format("row permutation: {}", Message(applied.status())));
  permuted.network = *std::move(applied);
  for (const nn::Layer& layer : permuted.network.layers) {
    if (!layer.is_matrix()) continue;
    const nn::FilterMatrix matrix = nn::ToFilterMatrix(permuted.network, layer);
    permuted.groupings[layer.name] = GroupAdjacentChannels(matrix, AlphaOf(alpha, layer.name));
  }
  return permuted;
}

}  // namespace colonnade::packing
