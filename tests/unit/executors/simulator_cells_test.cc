// SPDX-License-Identifier: Apache-2.0
// Every register of every cell, against the same array computed cell by cell. The inputs
// are random bits, so that words, swaps and loads also come when no sequencer would let
// them come.
#include "server/executors/simulator_cells.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/support/scalar_cells.h"

namespace colonnade::executors {
namespace {

constexpr const char* kArrays[] = {"1x1a1",   "1x1a1-i1-w1", "3x5a2-i1",   "4x4a4",         "8x8a8-w1",
                                   "16x18a8", "32x32a8",     "32x32a8-i1", "17x33a9-i1-w1", "5x70a16",
                                   "40x31a3", "2x64a5-w1",   "70x3a1-i1",  "33x97a6",       "49x2a12-i1"};

class RandomInputs {
 public:
  RandomInputs(const array::ArrayConfig& config, uint64_t seed) : config_(config), random_(seed) {}

  uint32_t Word() { return static_cast<uint32_t>(random_()); }
  uint32_t Rare() { return Word() & Word() & Word() & Word(); }

  void Fill(CellInputs& inputs, std::vector<WeightRow>& rows) {
    inputs.cycles = 1 + int(random_() % kBlockCycles);
    inputs.first = Rare();
    inputs.swap = random_() % 3 == 0 ? Rare() : 0;
    inputs.phase = {Word(), Word()};
    inputs.load = random_() % 2 == 0 ? Word() : 0;
    inputs.words.clear();
    for (int i = 0; i < inputs.cycles; ++i) {
      if ((inputs.load >> i & 1) == 0) continue;
      WeightRow& row = rows[inputs.words.size()];
      for (uint32_t& word : row) word = Word();
      inputs.words.push_back(&row);
    }
    for (uint32_t& word : inputs.sums) word = Word();
    for (int c = 0; c < config_.columns; ++c) {
      for (int a = 0; a < config_.alpha; ++a) inputs.lanes[c * kMaxLanes + a] = Word();
    }
  }

 private:
  const array::ArrayConfig config_;
  std::mt19937_64 random_;
};

void ExpectSameRegisters(const array::ArrayConfig& config, const SimulatorCells& planes, const ScalarCells& scalar,
                         int block) {
  for (int row = 0; row < config.rows; ++row) {
    for (int column = 0; column < config.columns; ++column) {
      ASSERT_TRUE(planes.Read(row, column) == scalar.Read(row, column))
          << array::Name(config) << ", block " << block << ", cell (" << row << ", " << column << ")";
    }
  }
}

void ExpectSameWires(const array::ArrayConfig& config, const SimulatorCells& planes, const std::vector<uint32_t>& sums,
                     int block) {
  for (int k = 0; k < config.interleave; ++k) {
    for (int row = 0; row < config.rows; ++row) {
      const int at = k * planes.padded_rows() + row;
      ASSERT_EQ(planes.sums_out()[at], sums[at]) << array::Name(config) << ", block " << block << ", row " << row;
    }
  }
}

class CellsOfEachSet : public testing::TestWithParam<InstructionSet> {};

INSTANTIATE_TEST_SUITE_P(SimulatorCells, CellsOfEachSet,
                         testing::Values(InstructionSet::kPortable, InstructionSet::kAvx2, InstructionSet::kAvx512),
                         [](const auto& info) { return std::string(ToString(info.param)); });

TEST_P(CellsOfEachSet, EveryRegisterEqualsThePlainModel) {
  if (!IsSupported(GetParam())) GTEST_SKIP() << "this processor has no " << ToString(GetParam());
  for (const char* name : kArrays) {
    const array::ArrayConfig config = *array::ParseArrayConfig(name);
    SimulatorCells planes(config, GetParam());
    ScalarCells scalar(config, planes.padded_rows());
    RandomInputs random(config, 7);
    CellInputs inputs = planes.MakeInputs();
    std::vector<WeightRow> rows(kBlockCycles, planes.MakeWeightRow());
    for (int block = 0; block < 40; ++block) {
      random.Fill(inputs, rows);
      planes.Advance(inputs);
      const std::vector<uint32_t> sums = scalar.Advance(inputs);
      ASSERT_NO_FATAL_FAILURE(ExpectSameRegisters(config, planes, scalar, block));
      ASSERT_NO_FATAL_FAILURE(ExpectSameWires(config, planes, sums, block));
    }
  }
}

}  // namespace
}  // namespace colonnade::executors
