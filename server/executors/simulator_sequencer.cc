// SPDX-License-Identifier: Apache-2.0
#include "server/executors/simulator_sequencer.h"

#include <utility>

namespace colonnade::executors {

Sequencer::Sequencer(const array::ArrayConfig& config, int64_t pixels, std::vector<TileShape> tiles)
    : config_(config),
      tile_cycles_(pixels * (config.interleave == 4 ? kDataBits : kSumBits)),
      word_cycles_(config.interleave == 4 ? kDataBits : kSumBits),
      last_stage_(config.rows + config.columns - 2),
      tiles_(std::move(tiles)),
      line_(kLine),
      activities_(kLine),
      cycles_(tiles_.size()) {}

SequencedBlock Sequencer::Run(int most) {
  SequencedBlock block;
  block.begin = now_;
  while (block.cycles < most && !done_) {
    const bool reads_sums = At(0).first_word && tiles_[started_].continues;
    if (reads_sums && block.cycles > 0) break;
    RunCycle(block);
  }
  return block;
}

void Sequencer::RunCycle(SequencedBlock& block) {
  At(-kFeederStages) = {};
  Enter(block);
  Observe();
  const Activity activity = Issue();
  Load(block);
  Count(activity);
  ++block.cycles;
  ++now_;
}

// What is in cell (0, 0) now.
void Sequencer::Enter(SequencedBlock& block) {
  const Entry entry = At(0);
  if (entry.first) phase_ = static_cast<int>(words_++ % config_.interleave);
  if (entry.first_word) block.starts.push_back({started_++, now_, phase_});
  block.first |= uint32_t{entry.first} << block.cycles;
  block.swap |= uint32_t{entry.swap} << block.cycles;
  block.phase[0] |= uint32_t(phase_ & 1) << block.cycles;
  block.phase[1] |= uint32_t(phase_ >> 1) << block.cycles;
}

// A word's first bit is on a result wire one cycle after it was in the row's last cell.
void Sequencer::Observe() {
  swapped_ += At(last_stage_ + 1).swap;
  finished_ += At(last_stage_ + 1 + kSumBits).last_word;
  returned_ += At(config_.columns - 1 + 1 + (kSumBits - 2)).first_word;
  const Entry& oldest = At(last_stage_ + 1 + (kSumBits - 1) + kOutputStages);
  done_ = oldest.last_word && oldest.last_tile;
}

Sequencer::Activity Sequencer::Issue() {
  const auto tiles = static_cast<int>(tiles_.size());
  if (issuing_ == tiles) return {Part::kDrain, tiles - 1};
  if (issued_ == 0) {
    if (loading_ <= issuing_) return {Part::kWeightLoad, issuing_};
    if (tiles_[issuing_].continues && returned_ < issuing_) return {Part::kStall, issuing_};
  }
  const Activity activity{Part::kStream, issuing_};
  IssueBit();
  return activity;
}

void Sequencer::IssueBit() {
  if (issued_ == 0 && config_.weight_buffers == 2) At(-kSwapStages).swap = true;
  Entry& entry = At(-kFeederStages);
  entry.first = (issued_ & (word_cycles_ - 1)) == 0;
  entry.first_word = issued_ == 0;
  entry.last_word = issued_ == tile_cycles_ - word_cycles_;
  entry.last_tile = issuing_ + 1 == static_cast<int>(tiles_.size());
  if (++issued_ == tile_cycles_) {
    issued_ = 0;
    ++issuing_;
  }
}

// The rows of a tile, the last one first, once nothing needs the words that they replace.
void Sequencer::Load(SequencedBlock& block) {
  if (loading_ == static_cast<int>(tiles_.size())) return;
  const int free = config_.weight_buffers == 2 ? swapped_ : finished_;
  if (free < loading_) return;
  block.load |= uint32_t{1} << block.cycles;
  block.rows.push_back({loading_, tiles_[loading_].rows - 1 - rows_loaded_});
  if (++rows_loaded_ == tiles_[loading_].rows) {
    rows_loaded_ = 0;
    ++loading_;
  }
}

// As what is counted is what the decision of C + 3 cycles ago has brought to cell (0, C - 1).
void Sequencer::Count(Activity activity) {
  const auto slot = [&](int64_t cycle) -> Activity& { return activities_[cycle & (kLine - 1)]; };
  slot(now_) = activity;
  const Activity counted = slot(now_ - (kFeederStages + config_.columns - 1));
  array::Cycles& cycles = cycles_[counted.tile];
  switch (counted.part) {
    case Part::kNothing: ++cycles.fill; break;
    case Part::kStream: ++cycles.stream; break;
    case Part::kWeightLoad: ++cycles.weight_load; break;
    case Part::kStall: ++cycles.stall; break;
    case Part::kDrain: ++cycles.drain; break;
  }
}

}  // namespace colonnade::executors
