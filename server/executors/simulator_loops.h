// SPDX-License-Identifier: Apache-2.0
// The inner loops of the bit-plane simulator, once per instruction set.
//
// A strip is up to 32 columns of the array, and its row is one 32-bit word: bit c is
// column c's. A plane is one register of every cell of a strip: words by row, padded to
// a multiple of kRowBlock rows.
//
// What moves up, one row per cycle, is not moved: its words are kept newest first, and
// row r's word in cycle i is the one that entered the strip in cycle i - r. So a plane of
// it lies at `entry + r - i`, where `entry` is the word that entered in cycle 0.
#pragma once

#include <cstdint>

#include "server/executors/kernel_loops.h"

namespace colonnade::executors {

inline constexpr int kStripColumns = 32;
inline constexpr int kBlockCycles = 32;  // most cycles that are simulated at once
inline constexpr int kRowBlock = 16;
inline constexpr int kMaxLanes = 16;
inline constexpr int kMaxMacs = 4;

// Bit planes of a weight word: magnitude, sign, then the select bits.
inline constexpr int kMagnitudeBits = 7;
inline constexpr int kSignPlane = kMagnitudeBits;
inline constexpr int kSelectPlane = kSignPlane + 1;
inline constexpr int kWordPlanes = kSelectPlane + 4;

// Register planes of one multiply-accumulate: partial sums t[1..6], carries [0..6], then
// one each. `negative` is a register at interleave 4 only.
inline constexpr int kPartialPlane = 0;
inline constexpr int kCarryPlane = kPartialPlane + kMagnitudeBits - 1;
inline constexpr int kSumCarryPlane = kCarryPlane + kMagnitudeBits;
inline constexpr int kResultPlane = kSumCarryPlane + 1;
inline constexpr int kNegativePlane = kResultPlane + 1;
inline constexpr int kMacPlanes = kNegativePlane + 1;

// One strip in cycles [begin, end) of a block, during which no weight is loaded. With `swap`,
// weight words become shadow words on the way; the task leaves the planes of `word` as they are.
struct CellTask {
  int begin = 0, end = 0;
  int rows = 0;                              // padded
  int interleave = 0;                        // multiply-accumulates
  int select_bits = 0;                       // 0..4
  int last_bit = 0;                          // of the strip's last column
  const uint32_t* lanes[kMaxLanes] = {};     // [2^select_bits] entries
  const uint32_t* first[kMaxMacs] = {};      // entries: `first` for this multiply-accumulate
  const uint32_t* turn[kMaxMacs] = {};       // entries: the data bit is its own; interleave 4 only
  const uint32_t* word[kWordPlanes] = {};    // planes, in cycle `begin`
  const uint32_t* swap = nullptr;            // entries, or none when nothing is swapped
  const uint32_t* shadow[kWordPlanes] = {};  // planes
  uint32_t* registers[kMaxMacs] = {};        // [kMacPlanes][rows]
  const uint32_t* sums_in[kMaxMacs] = {};    // [rows]: bit i is on the row's left wire in cycle i
  uint32_t* sums_out[kMaxMacs] = {};         // [rows]: the right wire's; bits begin..end-1 are set
};

// Lane streams by column -> words by cycle.
struct TransposeTask {
  int cycles = 0;
  int lanes = 0;
  const uint32_t* streams = nullptr;  // [kStripColumns][kMaxLanes]: bit i enters in cycle i
  uint32_t* words[kMaxLanes] = {};    // per lane, the entry of cycle 0; cycle i's lies i before
};

struct SimulatorLoops {
  void (*run_cells)(const CellTask& task);
  void (*transpose)(const TransposeTask& task);
  // words[j] = the low half of line >> j, for j = 0 to cycles - 1.
  void (*spread)(uint64_t line, int cycles, uint32_t* words);
};

// REQUIRES: IsSupported(set).
const SimulatorLoops& SimulatorLoopsFor(InstructionSet set);

// One set each; simulator_<set>.cc.
extern const SimulatorLoops kSimulatorPortable;
extern const SimulatorLoops kSimulatorAvx2;
extern const SimulatorLoops kSimulatorAvx512;

}  // namespace colonnade::executors
