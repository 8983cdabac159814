// SPDX-License-Identifier: Apache-2.0
//
// The simulation goes in blocks of up to 32 cycles. First the sequencer decides what
// happens in them, which does not depend on data; then the words that enter at the edges
// are serialized, the cells computed, and what leaves at the right is collected. A bit
// that leaves and comes back, in the sum that the next column tile goes on with, takes
// 34 cycles at the least: it never does both in one block.
#include "server/executors/simulated_array.h"

#include <algorithm>
#include <utility>

#include "server/array/schedule.h"

namespace colonnade::executors {
namespace {

std::vector<TileShape> Shapes(const std::vector<array::Tile>& tiles) {
  std::vector<TileShape> shapes;
  for (size_t j = 0; j < tiles.size(); ++j) {
    shapes.push_back({tiles[j].row_end - tiles[j].row_begin, array::ContinuesSums(tiles, j)});
  }
  return shapes;
}

}  // namespace

SimulatedArray::SimulatedArray(const array::ArrayConfig& config, InstructionSet set)
    : config_(config),
      word_cycles_(array::WordCycles(config)),
      cells_(config, set),
      inputs_(cells_.MakeInputs()),
      weights_(kBlockCycles, cells_.MakeWeightRow()) {}

SimulatedRun SimulatedArray::Run(const SimulatedStep& step) {
  SimulatedRun run{std::vector<int32_t>(step.matrix->rows * step.pixels), {}};
  Sequencer sequencer(config_, step.pixels, Shapes(*step.tiles));
  while (!sequencer.done()) {
    const SequencedBlock block = sequencer.Run(kBlockCycles);
    for (const SequencedBlock::Start& start : block.starts) Begin(step, start);
    FillControl(step, block);
    FillLanes(step, block);
    FillSums(block);
    cells_.Advance(inputs_);
    CollectSums(block);
    Retire(step, block.begin + block.cycles, run.sums);
  }
  run.cycles = sequencer.cycles();
  return run;
}

// The words that begin a tile's sums: those that the tile before leaves, or the initial ones.
void SimulatedArray::Begin(const SimulatedStep& step, const SequencedBlock::Start& start) {
  const std::vector<array::Tile>& tiles = *step.tiles;
  const array::Tile& tile = tiles[start.tile];
  const size_t next = size_t(start.tile) + 1;
  Wave wave{&tile, start.start, start.mac, next == tiles.size() || !array::ContinuesSums(tiles, next), {}, {}};
  const int rows = tile.row_end - tile.row_begin;
  if (array::ContinuesSums(tiles, size_t(start.tile))) {
    wave.before = last_sums_;
  } else {
    auto initial = std::make_shared<TileSums>(rows, step.pixels, config_.interleave);
    for (int row = 0; row < rows; ++row) {
      const int32_t* const words = step.initial->data() + (tile.row_begin + row) * step.pixels;
      for (int64_t p = 0; p < step.pixels; ++p) initial->Set(row, p, words[p]);
    }
    wave.before = std::move(initial);
  }
  wave.after = std::make_shared<TileSums>(rows, step.pixels, config_.interleave);
  last_sums_ = wave.after;
  waves_.push_back(std::move(wave));
}

void SimulatedArray::FillControl(const SimulatedStep& step, const SequencedBlock& block) {
  inputs_.cycles = block.cycles;
  inputs_.first = block.first;
  inputs_.swap = block.swap;
  inputs_.phase = block.phase;
  inputs_.load = block.load;
  inputs_.words.clear();
  for (size_t i = 0; i < block.rows.size(); ++i) {
    FillWeights(step, block.rows[i], weights_[i]);
    inputs_.words.push_back(&weights_[i]);
  }
}

void SimulatedArray::FillWeights(const SimulatedStep& step, const LoadedRow& loaded, WeightRow& row) const {
  std::fill(row.begin(), row.end(), 0);
  const array::Tile& tile = (*step.tiles)[loaded.tile];
  const size_t cells = size_t(tile.row_begin + loaded.row) * step.matrix->groups;
  for (size_t column = 0; column < tile.groups.size(); ++column) {
    const int weight = step.matrix->weights[cells + tile.groups[column]];
    if (weight == 0) continue;
    const uint32_t word = (weight < 0) << kSignPlane | (weight < 0 ? -weight : weight) |
                          step.matrix->lanes[cells + tile.groups[column]] << kSelectPlane;
    uint32_t* const planes = row.data() + column / kStripColumns * kWordPlanes;
    for (int b = 0; b < kWordPlanes; ++b) planes[b] |= (word >> b & 1) << (column % kStripColumns);
  }
}

void SimulatedArray::FillLanes(const SimulatedStep& step, const SequencedBlock& block) {
  std::fill(inputs_.lanes.begin(), inputs_.lanes.end(), 0);
  for (const Wave& wave : waves_) {
    const std::vector<int>& groups = wave.tile->groups;
    for (int column = 0; column < static_cast<int>(groups.size()); ++column) {
      step.feeder->AddBits(groups[column], block.begin - wave.start - column,
                           inputs_.lanes.data() + size_t(column) * kMaxLanes);
    }
  }
}

void SimulatedArray::FillSums(const SequencedBlock& block) {
  std::fill(inputs_.sums.begin(), inputs_.sums.end(), 0);
  for (const Wave& wave : waves_) {
    for (int turn = 0; turn < config_.interleave; ++turn) {
      uint32_t* const wires = inputs_.sums.data() + size_t(Mac(wave, turn)) * cells_.padded_rows();
      wave.before->Serialize(turn, block.begin - wave.start - turn * word_cycles_, wires);
    }
  }
}

void SimulatedArray::CollectSums(const SequencedBlock& block) {
  for (Wave& wave : waves_) {
    for (int turn = 0; turn < config_.interleave; ++turn) {
      const uint32_t* const wires = cells_.sums_out().data() + size_t(Mac(wave, turn)) * cells_.padded_rows();
      const int64_t offset = block.begin - wave.start - turn * word_cycles_ - config_.columns;
      wave.after->Collect(turn, offset, wires, block.cycles);
    }
  }
}

// Tiles whose last sum has left are done.
void SimulatedArray::Retire(const SimulatedStep& step, int64_t now, std::vector<int32_t>& sums) {
  const int64_t cycles = word_cycles_ * (step.pixels - 1) + config_.rows - 1 + config_.columns + array::kSumBits;
  while (!waves_.empty() && waves_.front().start + cycles <= now) {
    const Wave& wave = waves_.front();
    for (int row = 0; wave.last_of_rows && row < wave.after->rows(); ++row) {
      int32_t* const words = sums.data() + (wave.tile->row_begin + row) * step.pixels;
      for (int64_t p = 0; p < step.pixels; ++p) words[p] = wave.after->Get(row, p);
    }
    waves_.pop_front();
  }
}

}  // namespace colonnade::executors
