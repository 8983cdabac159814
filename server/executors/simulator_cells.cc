// SPDX-License-Identifier: Apache-2.0
#include "server/executors/simulator_cells.h"

#include <algorithm>

namespace colonnade::executors {
namespace {

int RoundUp(int value, int step) { return (value + step - 1) / step * step; }

// The low `count` bits in reverse order, 1 <= count <= 32.
uint32_t Reverse(uint32_t bits, int count) {
  bits = (bits >> 1 & 0x55555555) | (bits & 0x55555555) << 1;
  bits = (bits >> 2 & 0x33333333) | (bits & 0x33333333) << 2;
  bits = (bits >> 4 & 0x0f0f0f0f) | (bits & 0x0f0f0f0f) << 4;
  return __builtin_bswap32(bits) >> (32 - count);
}

int Bit(uint32_t word, int bit) { return static_cast<int>(word >> bit & 1); }

}  // namespace

uint32_t* SimulatorCells::History::Extend(int cycles) {
  if (at_ < cycles) {
    std::copy_backward(words_.begin() + at_, words_.begin() + at_ + depth_, words_.end());
    at_ = kRoom;
  }
  at_ -= cycles;
  return words_.data() + at_ + cycles - 1;
}

SimulatorCells::SimulatorCells(const array::ArrayConfig& config, InstructionSet set)
    : config_(config),
      loops_(SimulatorLoopsFor(set)),
      rows_(RoundUp(config.rows, kRowBlock)),
      strips_((config.columns + kStripColumns - 1) / kStripColumns),
      select_bits_(array::SelectBits(config)),
      control_(rows_ + strips_ * kStripColumns) {
  Strip strip;
  strip.lanes.assign(size_t{1} << select_bits_, History(rows_));
  strip.chain.assign(word_planes(), History(rows_));
  strip.weights.resize(size_t(kWordPlanes) * rows_);
  strip.registers.resize(size_t(config.interleave) * kMacPlanes * rows_);
  strips_of_cells_.assign(strips_, strip);
  sums_.assign(strips_ + 1, std::vector<uint32_t>(size_t(config.interleave) * rows_));
}

CellInputs SimulatorCells::MakeInputs() const {
  CellInputs inputs;
  inputs.lanes.resize(size_t(strips_) * kStripColumns * kMaxLanes);
  inputs.sums.resize(sums_[0].size());
  return inputs;
}

void SimulatorCells::Advance(const CellInputs& inputs) {
  cycles_ = inputs.cycles;
  TakeControl(inputs);
  TakeLanes(inputs);
  sums_[0] = inputs.sums;
  for (int s = 1; s <= strips_; ++s) std::fill(sums_[s].begin(), sums_[s].end(), 0);
  const bool swapping = Swapping();
  auto word = inputs.words.begin();
  int begin = 0;
  for (int i = 0; i < cycles_; ++i) {
    const bool load = Bit(inputs.load, i);
    const bool weights_change = load && (swapping || config_.weight_buffers == 1);
    if (weights_change || i + 1 == cycles_) {
      RunCells(begin, i + 1, swapping);
      begin = i + 1;
    }
    if (load) Load(**word++);
  }
}

void SimulatorCells::Spread(uint32_t bits, History& history) {
  const uint64_t line = uint64_t{*history.newest()} << cycles_ | Reverse(bits, cycles_);
  uint32_t* const oldest = history.Extend(cycles_);
  loops_.spread(line, cycles_, oldest - (cycles_ - 1));
}

void SimulatorCells::TakeControl(const CellInputs& inputs) {
  if (config_.weight_buffers == 2) Spread(inputs.swap, control_.swap);
  if (config_.interleave == 1) return Spread(inputs.first, control_.first[0]);
  for (int k = 0; k < config_.interleave; ++k) {
    const uint32_t turn = (k & 1 ? inputs.phase[0] : ~inputs.phase[0]) & (k & 2 ? inputs.phase[1] : ~inputs.phase[1]);
    Spread(turn, control_.turn[k]);
    Spread(inputs.first & turn, control_.first[k]);
  }
}

void SimulatorCells::TakeLanes(const CellInputs& inputs) {
  for (int s = 0; s < strips_; ++s) {
    TransposeTask task{cycles_, config_.alpha, inputs.lanes.data() + size_t(s) * kStripColumns * kMaxLanes, {}};
    std::vector<History>& lanes = strips_of_cells_[s].lanes;
    for (size_t a = 0; a < lanes.size(); ++a) task.words[a] = lanes[a].Extend(cycles_);
    loops_.transpose(task);
  }
}

// Whether `swap` is in any cell in any cycle of the block.
bool SimulatorCells::Swapping() const {
  if (config_.weight_buffers == 1) return false;
  const uint32_t* const newest = control_.swap.newest();
  const int oldest = cycles_ - 1 + config_.rows - 1 + (strips_ - 1) * kStripColumns;
  uint32_t any = 0;
  for (int i = 0; i <= oldest; ++i) any |= newest[i];
  return any != 0;
}

// The shadow words with two buffers, or the plane in which words are loaded.
const uint32_t* SimulatorCells::WordPlane(const Strip& strip, int plane, bool shadow) const {
  if (shadow || config_.weight_buffers == 1) return strip.chain[plane].newest();
  return strip.weights.data() + size_t(plane) * rows_;
}

CellTask SimulatorCells::MakeTask(int s, int begin, int end, bool swapping) {
  Strip& strip = strips_of_cells_[s];
  CellTask task;
  task.begin = begin;
  task.end = end;
  task.rows = rows_;
  task.interleave = config_.interleave;
  task.select_bits = select_bits_;
  task.last_bit = s + 1 < strips_ ? kStripColumns - 1 : (config_.columns - 1) % kStripColumns;
  for (size_t a = 0; a < strip.lanes.size(); ++a) task.lanes[a] = strip.lanes[a].newest() + cycles_ - 1;
  for (int plane = 0; plane < word_planes(); ++plane) {
    task.word[plane] = WordPlane(strip, plane, /*shadow=*/false);
    task.shadow[plane] = WordPlane(strip, plane, /*shadow=*/true);
  }
  const int entry = cycles_ - 1 + s * kStripColumns;
  if (swapping) task.swap = control_.swap.newest() + entry;
  for (int k = 0; k < config_.interleave; ++k) {
    task.first[k] = control_.first[k].newest() + entry;
    task.turn[k] = control_.turn[k].newest() + entry;
    task.registers[k] = strip.registers.data() + size_t(k) * kMacPlanes * rows_;
    task.sums_in[k] = sums_[s].data() + size_t(k) * rows_;
    task.sums_out[k] = sums_[s + 1].data() + size_t(k) * rows_;
  }
  return task;
}

void SimulatorCells::RunCells(int begin, int end, bool swapping) {
  for (int s = 0; s < strips_; ++s) loops_.run_cells(MakeTask(s, begin, end, swapping));
  if (swapping) Swap(begin, end);
}

// Where `swap` was in cycles [begin, end), the shadow word has become the weight word.
void SimulatorCells::Swap(int begin, int end) {
  std::vector<uint32_t> swapped(rows_);
  for (int s = 0; s < strips_; ++s) {
    std::fill(swapped.begin(), swapped.end(), 0);
    for (int i = begin; i < end; ++i) {
      const uint32_t* const swap = control_.swap.newest() + cycles_ - 1 - i + s * kStripColumns;
      for (int row = 0; row < rows_; ++row) swapped[row] |= swap[row];
    }
    for (int plane = 0; plane < word_planes(); ++plane) {
      const uint32_t* const shadow = strips_of_cells_[s].chain[plane].newest();
      uint32_t* const weight = strips_of_cells_[s].weights.data() + size_t(plane) * rows_;
      for (int row = 0; row < rows_; ++row) weight[row] ^= swapped[row] & (weight[row] ^ shadow[row]);
    }
  }
}

// The end of a cycle of `load`: all words move up by one row.
void SimulatorCells::Load(const WeightRow& row) {
  for (int s = 0; s < strips_; ++s) {
    for (int plane = 0; plane < word_planes(); ++plane) {
      *strips_of_cells_[s].chain[plane].Extend(1) = row[size_t(s) * kWordPlanes + plane];
    }
  }
}

CellRegisters SimulatorCells::Read(int row, int column) const {
  const Strip& strip = strips_of_cells_[column / kStripColumns];
  const int bit = column % kStripColumns;
  const auto read_word = [&](bool shadow) {
    const auto read = [&](int plane) { return Bit(WordPlane(strip, plane, shadow)[row], bit); };
    WeightWord word{read(kSignPlane) != 0, 0, 0};
    for (int j = 0; j < kMagnitudeBits; ++j) word.magnitude |= read(j) << j;
    for (int b = 0; b < select_bits_; ++b) word.select |= read(kSelectPlane + b) << b;
    return word;
  };
  CellRegisters cell;
  for (int a = 0; a < config_.alpha; ++a) cell.lanes |= uint32_t(Bit(strip.lanes[a].newest()[row], bit)) << a;
  cell.weight = read_word(false);
  if (config_.weight_buffers == 2) cell.shadow = read_word(true);
  for (int k = 0; k < config_.interleave; ++k) {
    const auto read = [&](int plane) {
      return Bit(strip.registers[(size_t(k) * kMacPlanes + plane) * rows_ + row], bit);
    };
    CellRegisters::Mac& mac = cell.macs[k];
    for (int j = 0; j < kMagnitudeBits - 1; ++j) mac.partial |= read(kPartialPlane + j) << j;
    for (int j = 0; j < kMagnitudeBits; ++j) mac.carries |= read(kCarryPlane + j) << j;
    mac.sum_carry = read(kSumCarryPlane) != 0;
    mac.result = read(kResultPlane) != 0;
    mac.negative = config_.interleave == 4 && read(kNegativePlane) != 0;
  }
  return cell;
}

const SimulatorLoops& SimulatorLoopsFor(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512) return kSimulatorAvx512;
  if (set == InstructionSet::kAvx2) return kSimulatorAvx2;
#endif
  return kSimulatorPortable;
}

}  // namespace colonnade::executors
