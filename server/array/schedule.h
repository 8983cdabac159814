// SPDX-License-Identifier: Apache-2.0
// When the tiles of one step load and stream (docs/array_manual.md, section 7), and the
// cycles that follow from it (section 8). Pure functions.
//
// Cycles count from the step's first one, 0. A step's tiles run in the order of
// MatrixStep::tiles; a tile continues the sums of the one before when both have the same
// rows. Every step stands alone: it begins when the one before has ended.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "server/array/array_program.h"

namespace colonnade::array {

inline constexpr int kSumBits = 32;    // an accumulator, bit by bit
inline constexpr int kStartUp = 4;     // from issuing a bit to cell (0, 0)
inline constexpr int kReadAhead = 2;   // from reading a sum's first word to its first bit on the left
inline constexpr int kSumsAgain = 3;   // from a sum's last bit on the right to its first bit on the left
inline constexpr int kRequantize = 3;  // from a sum's last bit on the right to the writing of its output

// From one word of a tile to the next: 8 cycles at interleave 4, 32 at interleave 1.
int WordCycles(const ArrayConfig& config);

struct TileTimes {
  int64_t load = 0;   // its first weight words enter row 0
  int64_t issue = 0;  // its first data bit is issued; kStartUp cycles later it is in cell (0, 0)
};

struct Schedule {
  std::vector<TileTimes> tiles;
  int64_t cycles = 0;  // of the whole step
};

// Whether tiles[index] adds to the sums of the tile before.
bool ContinuesSums(std::span<const Tile> tiles, size_t index);

// What the hardware's sequencer does: everything as early as its rules allow.
// REQUIRES: Check(config), pixels >= 1, at least one tile.
Schedule MakeSchedule(const ArrayConfig& config, int64_t pixels, std::span<const Tile> tiles);

// Follows each tile through the corner cells and the edges, and fails when a weight word
// is replaced before its last use or used before it is there, when two tiles' words meet,
// when a partial sum is read before it is written, or when the step ends before its last
// output is written. A schedule that waits longer than it must passes. INVALID_ARGUMENT
// names the tile.
absl::Status Verify(const ArrayConfig& config, int64_t pixels, std::span<const Tile> tiles, const Schedule& schedule);

// The parts of schedule.cycles, by tile: the step's fill is its first tile's, the drain
// its last's, a wait that of the tile that waits. They sum to schedule.cycles.
std::vector<Cycles> CyclesByTile(const ArrayConfig& config, int64_t pixels, std::span<const Tile> tiles,
                                 const Schedule& schedule);

}  // namespace colonnade::array
