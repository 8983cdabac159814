// SPDX-License-Identifier: Apache-2.0
#include "server/array/schedule.h"

#include <fmt/format.h>

#include <algorithm>

namespace colonnade::array {
namespace {

int64_t RowsOf(const Tile& tile) { return tile.row_end - tile.row_begin; }

// Cycles in which things of a tile happen that issues its first bit in cycle `issue`.
struct Events {
  const ArrayConfig& config;
  int64_t pixels, issue;

  int64_t begin() const { return issue + kStartUp; }  // first bit in cell (0, 0)
  int64_t last_word() const { return begin() + WordCycles(config) * (pixels - 1); }
  int64_t to_last_cell() const { return config.rows - 1 + config.columns - 1; }
  // Of the bit `bit` of a word of row 0 that begins in cycle `word`.
  int64_t AtRightEdge(int64_t word, int bit) const { return word + config.columns + bit; }
  int64_t last_sum_at_right_edge() const { return AtRightEdge(last_word(), kSumBits - 1) + config.rows - 1; }
};

int64_t LoadAfter(const Events& before) {
  const int64_t last_use =
      before.config.weight_buffers > 1 ? before.begin() - 1 + before.to_last_cell() : before.last_sum_at_right_edge();
  return last_use + 1;
}

int64_t SumsReadable(const Events& before) {
  return before.AtRightEdge(before.begin(), kSumBits - 1) + kSumsAgain - kStartUp;
}

TileTimes TimesOf(const Tile& tile, bool continues, const Events& before) {
  const int64_t load = LoadAfter(before);
  int64_t issue = std::max(load + RowsOf(tile), before.issue + WordCycles(before.config) * before.pixels);
  if (continues) issue = std::max(issue, SumsReadable(before));
  return {load, issue};
}

absl::Status Invalid(size_t tile, std::string_view problem) {
  return absl::InvalidArgumentError(fmt::format("schedule: tile {} {}", tile, problem));
}

// Its weights are whole before their first use. With two buffers that is the swap, a
// cycle ahead of the first bit.
bool WeightsInPlace(const Tile& tile, const TileTimes& times, const Events& events) {
  const int64_t first_use = events.begin() - (events.config.weight_buffers > 1 ? 1 : 0);
  return times.load >= 0 && times.load + RowsOf(tile) <= first_use;
}

// The last cell has copied its shadow word or added its last bit.
bool WeightsAreFree(const TileTimes& times, const Events& before) {
  const int64_t last_use = before.config.weight_buffers > 1 ? before.begin() - 1 : before.last_word() + kSumBits - 1;
  return times.load > last_use + before.to_last_cell();
}

// Written at the end of the cycle in which the last bit is on the right, read later.
bool SumsAreWritten(const Events& events, const Events& before) {
  return events.begin() - kReadAhead > before.AtRightEdge(before.begin(), kSumBits - 1);
}

}  // namespace

int WordCycles(const ArrayConfig& config) { return kSumBits / config.interleave; }

bool ContinuesSums(std::span<const Tile> tiles, size_t index) {
  return index > 0 && tiles[index].row_begin == tiles[index - 1].row_begin;
}

Schedule MakeSchedule(const ArrayConfig& config, int64_t pixels, std::span<const Tile> tiles) {
  Schedule schedule;
  schedule.tiles.push_back({0, RowsOf(tiles[0])});
  for (size_t i = 1; i < tiles.size(); ++i) {
    const Events before{config, pixels, schedule.tiles.back().issue};
    schedule.tiles.push_back(TimesOf(tiles[i], ContinuesSums(tiles, i), before));
  }
  const Events last{config, pixels, schedule.tiles.back().issue};
  schedule.cycles = last.last_sum_at_right_edge() + kRequantize + 1;
  return schedule;
}

absl::Status Verify(const ArrayConfig& config, int64_t pixels, std::span<const Tile> tiles, const Schedule& schedule) {
  if (tiles.empty() || schedule.tiles.size() != tiles.size()) {
    return absl::InvalidArgumentError(
        fmt::format("schedule: it has {} tiles; the step has {}", schedule.tiles.size(), tiles.size()));
  }
  for (size_t i = 0; i < tiles.size(); ++i) {
    const TileTimes& times = schedule.tiles[i];
    const Events events{config, pixels, times.issue};
    if (!WeightsInPlace(tiles[i], times, events)) return Invalid(i, "begins before its weights are loaded");
    if (schedule.cycles <= events.last_sum_at_right_edge() + kRequantize) {
      return Invalid(i, "writes its last output after the end of the step");
    }
    if (i == 0) continue;
    const Events before{config, pixels, schedule.tiles[i - 1].issue};
    if (!WeightsAreFree(times, before)) return Invalid(i, "replaces weights that are in use");
    if (events.begin() - before.last_word() < WordCycles(config)) {
      return Invalid(i, "begins before the words of the tile before have been issued");
    }
    if (ContinuesSums(tiles, i) && !SumsAreWritten(events, before)) {
      return Invalid(i, "continues sums that are not written yet");
    }
  }
  return absl::OkStatus();
}

std::vector<Cycles> CyclesByTile(const ArrayConfig& config, int64_t pixels, std::span<const Tile> tiles,
                                 const Schedule& schedule) {
  const int64_t stream = WordCycles(config) * pixels;
  std::vector<Cycles> cycles(tiles.size());
  int64_t free = 0;  // the first cycle in which the tile could issue if it had not to wait
  for (size_t i = 0; i < tiles.size(); ++i) {
    const TileTimes& times = schedule.tiles[i];
    cycles[i].stream = stream;
    cycles[i].weight_load = std::clamp<int64_t>(times.load + RowsOf(tiles[i]) - free, 0, times.issue - free);
    cycles[i].stall = times.issue - free - cycles[i].weight_load;
    free = times.issue + stream;
  }
  // Counted when it would be in the last column of row 0.
  cycles.front().fill = kStartUp + config.columns - 1;
  cycles.back().drain = schedule.cycles - free - cycles.front().fill;
  return cycles;
}

}  // namespace colonnade::array
