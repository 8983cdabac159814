// SPDX-License-Identifier: Apache-2.0
// The compact machine of docs/compact_machine.md as a function of its memories: reads the program
// word by word, as the machine does, without time; counts words of 32 cycles. A twin of the RTL and of
// the lowering, and knows nothing of either.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace colonnade {

class CompactModel {
 public:
  static constexpr int kBankWords = 1 << 14;

  // REQUIRES: at most 2^15 words.
  explicit CompactModel(std::vector<uint16_t> program) : program_(std::move(program)) { program_.resize(1 << 15); }

  // Word `address` of activation bank 0 or 1.
  uint16_t& word(int bank, int address) { return banks_[size_t(bank)][size_t(address % kBankWords)]; }

  // Runs the program from its first word to the end of its last step.
  void Run();

  // Of the last run, in cycles.
  int64_t cycles() const { return 32 * words_; }

 private:
  static constexpr int kCells = 8;
  using Sums = std::array<uint32_t, kCells>;  // by row
  struct Tables;
  struct Step;

  uint16_t Next() { return program_[size_t(pc_++) % program_.size()]; }
  int PlaneBit(int bank, int position, int bit, int channel);

  Step ReadStep();
  Tables ReadTables();
  void ReadWeights();
  void RunRowTile(Step& step);
  void RunStrip(Step& step, const Tables& tables, int y);
  uint8_t Feed(const Step& step, int column, int select, int y, int x, int position);
  void Finish(Step& step, const Tables& tables, const Sums& sums);

  std::array<std::vector<uint16_t>, 2> banks_ = {std::vector<uint16_t>(kBankWords), std::vector<uint16_t>(kBankWords)};
  std::vector<uint16_t> program_;
  int pc_ = 0;
  int64_t words_ = 0;
  std::array<std::array<int, kCells>, kCells> weights_ = {};  // 11 bits: select, sign, magnitude
};

}  // namespace colonnade
