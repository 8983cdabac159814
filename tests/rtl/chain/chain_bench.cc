// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/chain/chain_bench.h"

#include <algorithm>

#include "tests/rtl/chain/chain_image.h"

namespace colonnade::rtl {
namespace {

constexpr int64_t kLongest = 20'000;

}  // namespace

ChainBench::ChainBench(const ChainShape& shape, int seed)
    : shape_(shape), device_(MakeChainDevice(shape, seed)), seed_(static_cast<uint64_t>(seed)) {
  device_->SetClock(false);
  device_->SetLoad(false, 0, 0, 0, MemoryWord(64));
  device_->SetStart(false);
  device_->SetRead(false, 0);
  device_->SetReset(true);
  device_->Evaluate();
  const int rows = std::max(shape.first.rows, shape.second.rows);
  const int columns = std::max(shape.first.columns, shape.second.columns);
  for (int i = 0; i < rows + columns + 32; ++i) Cycle();
  device_->SetReset(false);
}

void ChainBench::Cycle() {
  device_->SetClock(true);
  device_->Evaluate();
  device_->SetClock(false);
  device_->Evaluate();
}

void ChainBench::LoadMemory(int array, int memory, const std::vector<MemoryWord>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    device_->SetLoad(true, array, memory, static_cast<int>(i), words[i]);
    Cycle();
  }
  device_->SetLoad(false, array, memory, 0, MemoryWord(64));
}

void ChainBench::Load(const ChainPair& pair) {
  for (int array = 0; array < 2; ++array) {
    const ProgramImage image = EncodeLayer(pair, array, array == 0 ? shape_.first : shape_.second, ++seed_);
    for (const int memory : {1, 2, 3, 5}) LoadMemory(array, memory, image.memories[size_t(memory)]);
  }
}

std::vector<uint8_t> ChainBench::Read(int position) {
  device_->SetRead(true, position);
  Cycle();
  device_->SetRead(false, 0);
  Cycle();
  return device_->read_word();
}

// Runs to the end, and asks for a position of the output in every cycle.
void ChainBench::Start(int position, ChainRun& run) {
  words_.clear();
  device_->SetStart(true);
  Cycle();
  device_->SetStart(false);
  device_->SetRead(true, position);
  for (; device_->busy() && run.busy_cycles < kLongest; ++run.busy_cycles) {
    words_.push_back(device_->read_word());
    Cycle();
  }
  run.timed_out = run.busy_cycles == kLongest;
  for (int i = 0; i < 3; ++i) {
    words_.push_back(device_->read_word());
    Cycle();
  }
  for (int array = 0; array < 2; ++array) {
    run.first_word[size_t(array)] = device_->first_word(array);
    run.last_output[size_t(array)] = device_->last_output(array);
  }
}

ChainRun ChainBench::Run(const ChainPair& pair, const std::vector<uint8_t>& image) {
  const nn::Shape& shape = pair.tensor(2).shape;
  const int pixels = shape.height * shape.width;
  LoadMemory(0, 0, EncodePositions(pair, image, ++seed_));
  ChainRun run;
  Start(pixels - 1, run);
  const auto cycle = static_cast<size_t>(run.last_output[1]);
  if (run.timed_out || cycle + 2 >= words_.size()) return run;
  const std::vector<uint8_t>& last = words_[cycle + 2];
  run.was_there_before = std::equal(last.begin(), last.begin() + shape.channels, words_[cycle + 1].begin());
  run.output.resize(static_cast<size_t>(shape.size()));
  for (int pixel = 0; pixel < pixels; ++pixel) {
    const std::vector<uint8_t> word = pixel + 1 == pixels ? last : Read(pixel);
    for (int row = 0; row < shape.channels; ++row) run.output[size_t(row) * pixels + pixel] = word[size_t(row)];
  }
  return run;
}

}  // namespace colonnade::rtl
