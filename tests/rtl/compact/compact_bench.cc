// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/compact/compact_bench.h"

#include <algorithm>

#include "tests/support/require.h"

namespace colonnade {
namespace {

constexpr int kIsWrite = 1, kStart = 8;    // of a command
constexpr int kWriting = 2, kReading = 8;  // clock cycles of half a serial cycle, the least that the manual allows
constexpr int kMiddle = 16000;             // a program from here on lies in both memories of the program

int TargetOf(int bank) { return bank << 2; }

}  // namespace

CompactBench::CompactBench() { Reset(); }

void CompactBench::Reset() {
  for (int i = 0; i < 20; ++i) {
    pins_.reset_n = i >= 10;
    Tick();
  }
}

void CompactBench::Tick() {
  for (const bool clk : {false, true}) {
    pins_.clk = clk;
    device_->Drive(pins_);
  }
  ++cycles_;
  busy_cycles_ += device_->busy();
}

uint16_t CompactBench::Transfer(uint16_t word, int half_period) {
  uint16_t read = 0;
  for (int bit = 15; bit >= 0; --bit) {
    pins_.serial_in = word >> bit & 1;
    for (int i = 0; i < half_period; ++i) Tick();
    read = static_cast<uint16_t>(read << 1 | device_->serial_out());
    pins_.serial_clock = true;
    for (int i = 0; i < half_period; ++i) Tick();
    pins_.serial_clock = false;
  }
  return read;
}

void CompactBench::Select(bool selected) {
  for (int i = 0; i < 4; ++i) Tick();
  pins_.serial_select_n = !selected;
  for (int i = 0; i < 4; ++i) Tick();
}

void CompactBench::Begin(int command, int address, int half_period) {
  Select(true);
  Transfer(static_cast<uint16_t>(command), half_period);
  Transfer(static_cast<uint16_t>(address), half_period);
}

void CompactBench::Write(int target, int address, std::span<const uint16_t> words) {
  Begin(target | kIsWrite, address, kWriting);
  for (const uint16_t word : words) Transfer(word, kWriting);
  Select(false);
}

std::vector<uint16_t> CompactBench::Read(int target, int address, int words) {
  std::vector<uint16_t> read;
  Begin(target, address, kReading);
  while (static_cast<int>(read.size()) < words) read.push_back(Transfer(0, kReading));
  Select(false);
  return read;
}

void CompactBench::Start() {
  busy_cycles_ = 0;
  Begin(kStart, program_, kWriting);
  Select(false);
  for (int i = 0; i < machine::kCompactWord; ++i) Tick();  // it begins with a word time
}

void CompactBench::Disturb() {
  const std::vector<uint16_t> words(20, 0xffff);
  for (const int target : {kBank0, kBank1, kProgram}) {
    Write(target, target == kProgram ? program_ : 0, words);
    Read(target, 0, 2);
  }
  Begin(kStart, 0, kWriting);
  Select(false);
}

void CompactBench::LoadProgram(const machine::CompactImage& compact) {
  program_ = std::min(kMiddle, machine::kCompactProgramWords - static_cast<int>(compact.program.size()));
  Write(kProgram, program_, compact.program);
}

void CompactBench::WriteImage(const machine::CompactImage& compact, std::span<const uint8_t> image) {
  const std::vector<uint16_t> input = Require(CompactInput(compact, image));
  Write(TargetOf(compact.input.bank), compact.input.base * machine::kCompactPositionWords, input);
}

void CompactBench::StartAndReset(const machine::CompactImage& compact, std::span<const uint8_t> image, int64_t cycles) {
  WriteImage(compact, image);
  Start();
  for (int64_t i = 0; i < cycles; ++i) Tick();
  Reset();
}

std::vector<int32_t> CompactBench::Run(const machine::CompactImage& compact, std::span<const uint8_t> image,
                                       bool disturbed) {
  const int64_t begin = cycles_;
  WriteImage(compact, image);
  const int64_t written = cycles_;
  Start();
  if (disturbed) Disturb();
  while (device_->busy() && busy_cycles_ < 2 * compact.cycles) Tick();
  const int64_t ended = cycles_;
  const std::vector<uint16_t> words = Read(
      TargetOf(compact.result_bank), compact.result_base * machine::kCompactPositionWords, CompactResultWords(compact));
  port_cycles_ = written - begin + cycles_ - ended;
  return Require(CompactResults(compact, words));
}

}  // namespace colonnade
