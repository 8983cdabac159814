// SPDX-License-Identifier: Apache-2.0
// The registers of a whole array, and what they hold in every cycle, as bit planes.
// The array manual (docs/array_manual.md, section 2) says what each register is.
//
// A cell picks a data bit in one cycle and adds it in the next. Here a cycle is that of
// adding, and what belongs to the bit that is added comes with it: its lanes, the select
// and sign it was picked by, its control. So the register between the two holds nothing
// that has to be kept.
//
// A block is 1 to 32 cycles of everything that comes in at the array's edges; Advance()
// computes them and gives what leaves at the right. Any input is allowed: words that
// come too early, swaps in the middle of a word. Whether they make sense is decided by
// who makes the inputs (simulated_array.h).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "server/array/array_config.h"
#include "server/executors/simulator_loops.h"

namespace colonnade::executors {

// The weight words of one row, by strip and bit plane.
using WeightRow = std::vector<uint32_t>;  // [strips][kWordPlanes]

// What is on the edges' wires in up to 32 cycles; bit i of a word is cycle i's. All zero
// but `cycles` when nothing happens.
struct CellInputs {
  int cycles = kBlockCycles;
  uint32_t first = 0, swap = 0;        // of cell (0, 0)
  std::array<uint32_t, 2> phase = {};  // its two bits; interleave 4 only
  uint32_t load = 0;
  std::vector<const WeightRow*> words;  // on the weight bus, one per cycle of `load`
  std::vector<uint32_t> lanes;          // [columns padded to strips][kMaxLanes], of row 0
  std::vector<uint32_t> sums;           // [interleave][padded rows], on the left wires
};

// One weight word of a cell.
struct WeightWord {
  bool negative = false;
  int magnitude = 0;
  int select = 0;

  friend bool operator==(const WeightWord&, const WeightWord&) = default;
};

// All registers of one cell. Those that a configuration lacks are 0.
struct CellRegisters {
  uint32_t lanes = 0;  // bit a is lane a's
  WeightWord weight, shadow;
  struct Mac {
    int partial = 0;  // bit i is t[i + 1]
    int carries = 0;
    bool sum_carry = false, result = false, negative = false;
    friend bool operator==(const Mac&, const Mac&) = default;
  };
  std::array<Mac, kMaxMacs> macs;

  friend bool operator==(const CellRegisters&, const CellRegisters&) = default;
};

// Not thread-safe. Starts with every register 0.
class SimulatorCells {
 public:
  // REQUIRES: array::Check(config), IsSupported(set).
  SimulatorCells(const array::ArrayConfig& config, InstructionSet set);

  int strips() const { return strips_; }
  int padded_rows() const { return rows_; }

  // Of the right size, all zero.
  CellInputs MakeInputs() const;

  // A row of zero weights.
  WeightRow MakeWeightRow() const { return WeightRow(size_t(strips_) * kWordPlanes); }

  // After it sums_out() holds, [interleave][padded rows], what was on the right wires.
  void Advance(const CellInputs& inputs);
  const std::vector<uint32_t>& sums_out() const { return sums_[strips_]; }

  // The registers of the cell in a row and column, after the last cycle.
  CellRegisters Read(int row, int column) const;

 private:
  // Words that entered in the last cycles, newest first, in one piece.
  class History {
   public:
    explicit History(int depth, uint32_t word = 0) : depth_(depth), at_(kRoom), words_(depth + kRoom, word) {}

    // Makes room for the words of further cycles; the first of them belongs at the returned
    // place, each following one place before.
    uint32_t* Extend(int cycles);

    const uint32_t* newest() const { return words_.data() + at_; }

   private:
    static constexpr int kRoom = 256;
    int depth_, at_;
    std::vector<uint32_t> words_;
  };

  struct Strip {
    std::vector<History> lanes;       // [2^select bits]
    std::vector<History> chain;       // [word planes]: the shadow words, or the only ones
    std::vector<uint32_t> weights;    // [kWordPlanes][rows]: the weight words, with two buffers
    std::vector<uint32_t> registers;  // [interleave][kMacPlanes][rows]
  };

  // Control by diagonal: bit c of a word that entered in cycle t is stage c in cycle t.
  struct Control {
    explicit Control(int depth) : first(kMaxMacs, History(depth)), turn(kMaxMacs, History(depth)), swap(depth) {
      turn[0] = History(depth, ~uint32_t{0});  // phase 0
    }
    std::vector<History> first, turn;
    History swap;
  };

  int word_planes() const { return kSelectPlane + select_bits_; }
  void TakeControl(const CellInputs& inputs);
  void TakeLanes(const CellInputs& inputs);
  void Spread(uint32_t bits, History& history);
  bool Swapping() const;
  void RunCells(int begin, int end, bool swapping);
  CellTask MakeTask(int strip, int begin, int end, bool swapping);
  void Swap(int begin, int end);
  void Load(const WeightRow& row);
  const uint32_t* WordPlane(const Strip& strip, int plane, bool shadow) const;

  const array::ArrayConfig config_;
  const SimulatorLoops& loops_;
  const int rows_, strips_, select_bits_;
  Control control_;
  std::vector<Strip> strips_of_cells_;
  std::vector<std::vector<uint32_t>> sums_;  // [strips + 1]: on the wires left of each strip, and at the right
  int cycles_ = 0;                           // of the block
};

}  // namespace colonnade::executors
