// SPDX-License-Identifier: Apache-2.0
// Runs images through the Verilated chain, and records what its counters and its memory say.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "tests/rtl/chain/chain_device.h"
#include "tests/rtl/chain/chain_pair.h"

namespace colonnade::rtl {

struct ChainRun {
  bool timed_out = false;
  int64_t busy_cycles = 0;
  std::array<int64_t, 2> first_word = {}, last_output = {};  // the chain's counters
  // Channel by channel; the last pixel as it is read in the cycle that the second counter says.
  std::vector<uint8_t> output;
  bool was_there_before = false;  // the last pixel, a cycle earlier
};

class ChainBench {
 public:
  ChainBench(const ChainShape& shape, int seed);

  // Puts both layers in place. They stay for any number of images.
  void Load(const ChainPair& pair);
  ChainRun Run(const ChainPair& pair, const std::vector<uint8_t>& image);

 private:
  void Cycle();
  void LoadMemory(int array, int memory, const std::vector<MemoryWord>& words);
  void Start(int position, ChainRun& run);
  std::vector<uint8_t> Read(int position);

  ChainShape shape_;
  std::unique_ptr<ChainDevice> device_;
  uint64_t seed_;
  std::vector<std::vector<uint8_t>> words_;  // by cycle of the run: of the same position, asked for two cycles ago
};

}  // namespace colonnade::rtl
