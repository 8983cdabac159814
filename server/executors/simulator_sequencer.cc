// SPDX-License-Identifier: Apache-2.0
#include "server/executors/simulator_sequencer.h"

#include <utility>

namespace colonnade::executors {

Sequencer::Sequencer(const array::ArrayConfig& config, int64_t pixels, std::vector<TileShape> tiles)
    : config_(config),
      tile_cycles_(pixels * array::WordCycles(config)),
      word_cycles_(array::WordCycles(config)),
      last_stage_(config.rows + config.columns - 2),
      tiles_(std::move(tiles)),
      line_(kLine),
      activities_(kLine),
      counts_(tiles_.size()) {}

SequencedBlock Sequencer::Run(int most) {
  SequencedBlock block;
  block.begin = now_;
  while (block.cycles < most && !done_) RunCycle(block);
  return block;
}

void Sequencer::RunCycle(SequencedBlock& block) {
  At(-array::kStartUp) = 0;
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
  if (const uint16_t entry = At(0); entry != 0) {
    if (entry & kFirst) phase_ = static_cast<uint32_t>(words_++ % config_.interleave);
    if (entry & kFirstWord) block.starts.push_back({started_++, now_, static_cast<int>(phase_)});
    block.first |= uint32_t{(entry & kFirst) != 0} << block.cycles;
    block.swap |= uint32_t{(entry & kSwap) != 0} << block.cycles;
  }
  block.phase[0] |= (phase_ & 1) << block.cycles;
  block.phase[1] |= (phase_ >> 1) << block.cycles;
}

// A word's first bit is on a result wire one cycle after it was in the row's last cell.
void Sequencer::Observe() {
  const uint16_t swap = At(last_stage_ + 1);
  const uint16_t last_wire = At(last_stage_ + 1 + array::kSumBits);
  const uint16_t first_wire = At(config_.columns - 1 + 1 + (array::kSumBits - 2));
  const uint16_t output = At(last_stage_ + 1 + (array::kSumBits - 1) + array::kRequantize);
  if ((swap | last_wire | first_wire | output) == 0) return;
  swapped_ += (swap & kSwap) != 0;
  finished_ += (last_wire & kLastWord) != 0;
  returned_ += (first_wire & kFirstWord) != 0;
  done_ = (output & kLastWord) != 0 && (output & kLastTile) != 0;
}

Sequencer::Activity Sequencer::Issue() {
  const auto tiles = static_cast<int>(tiles_.size());
  if (issuing_ == tiles) return {kDrain, tiles - 1};
  if (issued_ == 0) {
    if (loading_ <= issuing_) return {kWeightLoad, issuing_};
    if (tiles_[issuing_].continues && returned_ < issuing_) return {kStall, issuing_};
  }
  const Activity activity{kStream, issuing_};
  IssueBit();
  return activity;
}

void Sequencer::IssueBit() {
  if ((issued_ & (word_cycles_ - 1)) == 0) {
    if (issued_ == 0 && config_.weight_buffers == 2) At(-kSwapStages) |= kSwap;
    uint16_t& entry = At(-array::kStartUp);
    entry |= kFirst;
    if (issued_ == 0) entry |= kFirstWord;
    if (issued_ == tile_cycles_ - word_cycles_) entry |= kLastWord;
    if (issuing_ + 1 == static_cast<int>(tiles_.size())) entry |= kLastTile;
  }
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

// A cycle is counted as what was decided C + 3 cycles ago and is in cell (0, C - 1) now.
void Sequencer::Count(Activity activity) {
  const auto slot = [&](int64_t cycle) -> Activity& { return activities_[cycle & (kLine - 1)]; };
  slot(now_) = activity;
  const Activity counted = slot(now_ - (array::kStartUp + config_.columns - 1));
  ++counts_[counted.tile][counted.part];
}

std::vector<array::Cycles> Sequencer::cycles() const {
  std::vector<array::Cycles> cycles;
  for (const std::array<int64_t, kParts>& count : counts_) {
    cycles.push_back({count[kFill], count[kStream], count[kDrain], count[kWeightLoad], count[kStall]});
  }
  return cycles;
}

}  // namespace colonnade::executors
