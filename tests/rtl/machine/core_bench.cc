// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/machine/core_bench.h"

#include <cstring>

namespace colonnade::rtl {

CoreBench::CoreBench(const MachineShape& shape, int seed)
    : shape_(shape), device_(MakeCoreDevice(shape, seed)), junk_(static_cast<uint64_t>(seed)) {
  device_->SetClock(false);
  device_->SetClear(false);
  device_->SetLoad(false, 0, 0, {});
  device_->SetStart(false);
  device_->SetInput(false, 0);
  device_->SetOutputTaken(false);
  device_->SetReset(true);
  device_->Evaluate();
  for (int i = 0; i < shape.config.rows + shape.config.columns + 32; ++i) Cycle();
  device_->SetReset(false);
}

void CoreBench::Cycle() {
  device_->SetClock(true);
  device_->Evaluate();
  device_->SetClock(false);
  device_->Evaluate();
}

void CoreBench::Clear() {
  device_->SetClear(true);
  Cycle();
  device_->SetClear(false);
  while (device_->clearing()) Cycle();
}

void CoreBench::Load(const ProgramImage& image) {
  for (int id = 1; id < 7; ++id) {
    const auto& words = image.memories[id];
    for (size_t i = 0; i < words.size(); ++i) {
      device_->SetLoad(true, id, static_cast<int>(i), words[i].beats());
      Cycle();
    }
  }
  device_->SetLoad(false, 0, 0, {});
}

bool CoreBench::Stalls(int stalls) {
  junk_ = junk_ * 6364136223846793005 + 1442695040888963407;
  return static_cast<int>(junk_ >> 61) < stalls;
}

void CoreBench::DriveStreams(const std::vector<uint8_t>& input, size_t& sent, int stalls, CoreRun& run) {
  uint64_t word = junk_;
  const bool offers = device_->wants_input() && sent < input.size() && !Stalls(stalls);
  if (offers) std::memcpy(&word, input.data() + sent, 8), sent += 8;
  device_->SetInput(offers, word);
  const bool takes = device_->output_valid() && !Stalls(stalls);
  device_->SetOutputTaken(takes);
  if (takes) run.output.push_back(device_->output_word());
  if (device_->wants_input()) run.input_words = device_->input_words(), run.output_words = device_->output_words();
}

CoreRun CoreBench::Run(const std::vector<uint8_t>& input, int stalls, int64_t longest) {
  CoreRun run;
  size_t sent = 0;
  device_->SetStart(true);
  Cycle();
  device_->SetStart(false);
  for (; device_->busy() && run.total_cycles < longest; ++run.total_cycles) {
    DriveStreams(input, sent, stalls, run);
    device_->Evaluate();
    Cycle();
  }
  run.timed_out = run.total_cycles == longest;
  for (int i = 0; i < 9; ++i) run.cycles[i] = device_->cycles(i);
  return run;
}

}  // namespace colonnade::rtl
