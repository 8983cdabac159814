// SPDX-License-Identifier: Apache-2.0
// The array's sequencer for one step, cycle by cycle (docs/array_manual.md, sections 3, 4,
// 7 and 8): when weights shift, when a tile's bits are issued, and which part each cycle
// is counted as.
//
// It knows no formula for these times. Every decision waits for something that it sees
// happen: words shifted in, a swap in the last cell, a sum on a result wire. What it has
// issued, it follows through the delay line that is the array's control.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "server/array/array_config.h"
#include "server/array/array_program.h"
#include "server/array/schedule.h"

namespace colonnade::executors {

// What the sequencer has to know of a tile.
struct TileShape {
  int rows = 0;            // whose weights are loaded
  bool continues = false;  // begins with the sums of the tile before
};

// A row of weights that is shifted in.
struct LoadedRow {
  int tile = 0;
  int row = 0;  // of the tile
};

// What the sequencer did in up to 32 cycles; bit i of a word is the block's cycle i.
struct SequencedBlock {
  int64_t begin = 0;  // of the block, in cycles of the step
  int cycles = 0;
  uint32_t first = 0, swap = 0;        // at cell (0, 0)
  std::array<uint32_t, 2> phase = {};  // likewise
  uint32_t load = 0;
  std::vector<LoadedRow> rows;  // one per cycle of `load`

  // A tile of which the first bit was issued: it is in cell (0, 0) in cycle `start` of the
  // step, and its first word is multiply-accumulate `mac`'s.
  struct Start {
    int tile = 0;
    int64_t start = 0;
    int mac = 0;
  };
  std::vector<Start> starts;
};

class Sequencer {
 public:
  // REQUIRES: at least one tile; pixels >= 1.
  Sequencer(const array::ArrayConfig& config, int64_t pixels, std::vector<TileShape> tiles);

  // The last output has been written.
  bool done() const { return done_; }

  // The next cycles: `most` of them, 1 to 32, or those up to the last. REQUIRES: !done().
  SequencedBlock Run(int most);

  // Once done: by tile. Fill is the first tile's, drain the last one's.
  std::vector<array::Cycles> cycles() const;

 private:
  static constexpr int kSwapStages = array::kStartUp - 1;  // from the issue of a bit until its swap is in cell (0, 0)

  // What enters the control line in a cycle, and which word of its tile begins with it.
  enum Entry : uint16_t { kFirst = 1, kSwap = 2, kFirstWord = 4, kLastWord = 8, kLastTile = 16 };

  enum Part : uint8_t { kFill, kStream, kWeightLoad, kStall, kDrain, kParts };
  struct Activity {
    Part part = kFill;
    int tile = 0;
  };

  void RunCycle(SequencedBlock& block);
  void Enter(SequencedBlock& block);
  void Observe();
  Activity Issue();
  void IssueBit();
  void Load(SequencedBlock& block);
  void Count(Activity activity);

  // What is `stages` behind cell (0, 0) on the control line.
  uint16_t& At(int64_t stages) { return line_[(now_ - stages) & (kLine - 1)]; }

  static constexpr int kLine = 1024;  // more than any distance that is looked back

  const array::ArrayConfig config_;
  const int64_t tile_cycles_;
  const int word_cycles_, last_stage_;
  const std::vector<TileShape> tiles_;
  std::vector<uint16_t> line_;                       // entries, by cycle at cell (0, 0), modulo kLine
  std::vector<Activity> activities_;                 // by cycle, modulo kLine
  std::vector<std::array<int64_t, kParts>> counts_;  // by tile
  int64_t now_ = 0;
  bool done_ = false;

  int started_ = 0;      // tiles whose first bit has been in cell (0, 0)
  int64_t words_ = 0;    // whose first bit has
  uint32_t phase_ = 0;   // there
  int issuing_ = 0;      // tile of the next bit
  int64_t issued_ = 0;   // its bits so far
  int loading_ = 0;      // tile of the next row of weights
  int rows_loaded_ = 0;  // of it

  // Tiles of which something has been seen.
  int swapped_ = 0;   // `swap` in the last cell
  int finished_ = 0;  // their last bit on the last result wire
  int returned_ = 0;  // their first sum on row 0's result wire, but for its last bit
};

}  // namespace colonnade::executors
