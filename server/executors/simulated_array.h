// SPDX-License-Identifier: Apache-2.0
// The whole array at work, register by register and cycle by cycle: sequencer, feeder,
// cells, and the memories at the left and right edge. docs/array_manual.md says what it
// has to do; this is the software that does exactly that, to check the cycle model and
// the hardware with.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "server/array/array_program.h"
#include "server/executors/simulator_cells.h"
#include "server/executors/simulator_feeder.h"
#include "server/executors/simulator_sequencer.h"
#include "server/executors/simulator_sums.h"

namespace colonnade::executors {

// One step's work. What it points to must outlive the run.
struct SimulatedStep {
  const array::PackedMatrix* matrix = nullptr;
  // In order. A tile continues the sums of the one before when it has the same rows.
  const std::vector<array::Tile>* tiles = nullptr;
  const Feeder* feeder = nullptr;
  const std::vector<int32_t>* initial = nullptr;  // [rows][pixels]: biases and residuals
  int64_t pixels = 0;
};

struct SimulatedRun {
  std::vector<int32_t> sums;          // [rows][pixels]
  std::vector<array::Cycles> cycles;  // by tile, counted
};

// Not thread-safe. Registers keep their values from one step to the next.
class SimulatedArray {
 public:
  // REQUIRES: array::Check(config), IsSupported(set).
  explicit SimulatedArray(const array::ArrayConfig& config, InstructionSet set = BestInstructionSet());

  SimulatedRun Run(const SimulatedStep& step);

  const SimulatorCells& cells() const { return cells_; }

 private:
  // A tile whose bits are in the array.
  struct Wave {
    const array::Tile* tile = nullptr;
    int64_t start = 0;  // its first bit in cell (0, 0), in cycles of the step
    int mac = 0;        // of its first word
    bool last_of_rows = false;
    std::shared_ptr<const TileSums> before;
    std::shared_ptr<TileSums> after;
  };

  void Begin(const SimulatedStep& step, const SequencedBlock::Start& start);
  void FillControl(const SimulatedStep& step, const SequencedBlock& block);
  void FillLanes(const SimulatedStep& step, const SequencedBlock& block);
  void FillSums(const SequencedBlock& block);
  void CollectSums(const SequencedBlock& block);
  void Retire(const SimulatedStep& step, int64_t now, std::vector<int32_t>& sums);
  void FillWeights(const SimulatedStep& step, const LoadedRow& loaded, WeightRow& row) const;
  int Mac(const Wave& wave, int turn) const { return (wave.mac + turn) % config_.interleave; }

  const array::ArrayConfig config_;
  const int word_cycles_;
  SimulatorCells cells_;
  CellInputs inputs_;
  std::vector<WeightRow> weights_;  // on the bus in the block
  std::deque<Wave> waves_;
  std::shared_ptr<const TileSums> last_sums_;  // of the tile that began last
};

}  // namespace colonnade::executors
