// SPDX-License-Identifier: Apache-2.0
// How many cycles of the array the bit-plane simulator computes in a second, on one
// thread: every register of 1,024 cells (32x32a8). Counter `cycles`, per second.
//
//   Array/interleave:4|1           whole steps, back to back: feeder, sequencer, cells, sums
//   Cells/interleave:4|1           the registers alone, all wires busy
//   ArrayPortable, ArrayAvx2       without the newer instructions
#include <benchmark/benchmark.h>

#include <random>

#include "server/executors/simulated_array.h"

namespace colonnade::executors {
namespace {

array::ArrayConfig Config(int interleave) {
  array::ArrayConfig config;
  config.rows = config.columns = 32;
  config.interleave = interleave;
  return config;
}

// A 3x3 convolution of 64 channels on 16x16 pixels, every group full: 2 x 3 tiles.
class Convolution {
 public:
  explicit Convolution(const array::ArrayConfig& config) : config_(config) {
    step_.window = {3, 3, 1, 1, 1, 1, 1, 1};
    FillMatrix();
    for (int row = 0; row < kFilters; row += config.rows) {
      for (int group = 0; group < step_.matrix.groups; group += config.columns) AddTile(row, group);
    }
    for (uint8_t& byte : bytes_) byte = static_cast<uint8_t>(random_());
  }

  int64_t Run(SimulatedArray& array) {
    const nn::Shape output{kFilters, kSize, kSize};
    const Feeder feeder(step_, {"image", {kFilters, kSize, kSize}, 1.0, false}, bytes_, output, config_);
    const SimulatedRun run = array.Run({&step_.matrix, &step_.tiles, &feeder, &initial_, kSize * kSize});
    int64_t cycles = 0;
    for (const array::Cycles& tile : run.cycles) cycles += tile.total();
    return cycles;
  }

 private:
  static constexpr int kFilters = 64, kSize = 16, kTaps = 9;

  void FillMatrix() {
    array::PackedMatrix& matrix = step_.matrix;
    matrix.rows = kFilters;
    for (int tap = 0; tap < kTaps; ++tap) {
      for (int channel = 0; channel < kFilters; ++channel) {
        if (channel % config_.alpha == 0) matrix.group_columns.emplace_back();
        matrix.group_columns.back().push_back(static_cast<int>(matrix.column_sites.size()));
        matrix.column_sites.push_back({channel, tap / 3, tap % 3});
      }
    }
    matrix.groups = static_cast<int>(matrix.group_columns.size());
    for (int cell = 0; cell < matrix.rows * matrix.groups; ++cell) {
      matrix.weights.push_back(static_cast<int8_t>(int(random_() % 255) - 127));
      matrix.lanes.push_back(static_cast<uint8_t>(random_() % config_.alpha));
    }
  }

  void AddTile(int row, int group) {
    array::Tile tile{row, row + config_.rows, {}, {}};
    const int end = std::min(group + config_.columns, step_.matrix.groups);
    for (; group < end; ++group) tile.groups.push_back(group);
    step_.tiles.push_back(std::move(tile));
  }

  const array::ArrayConfig config_;
  std::mt19937 random_{32};
  array::MatrixStep step_;
  std::vector<uint8_t> bytes_ = std::vector<uint8_t>(kFilters * kSize * kSize);
  const std::vector<int32_t> initial_ = std::vector<int32_t>(kFilters * kSize * kSize, 1000);
};

void RunArray(benchmark::State& state, InstructionSet set) {
  if (!IsSupported(set)) return state.SkipWithError("not supported by this processor");
  const array::ArrayConfig config = Config(static_cast<int>(state.range(0)));
  Convolution convolution(config);
  SimulatedArray array(config, set);
  int64_t cycles = 0;
  for (auto _ : state) cycles += convolution.Run(array);
  state.counters["cycles"] = benchmark::Counter(static_cast<double>(cycles), benchmark::Counter::kIsRate);
}

void Array(benchmark::State& state) { RunArray(state, BestInstructionSet()); }
BENCHMARK(Array)->ArgName("interleave")->Arg(4)->Arg(1)->Unit(benchmark::kMicrosecond);

void ArrayPortable(benchmark::State& state) { RunArray(state, InstructionSet::kPortable); }
BENCHMARK(ArrayPortable)->ArgName("interleave")->Arg(4)->Arg(1)->Unit(benchmark::kMicrosecond);

void ArrayAvx2(benchmark::State& state) { RunArray(state, InstructionSet::kAvx2); }
BENCHMARK(ArrayAvx2)->ArgName("interleave")->Arg(4)->Arg(1)->Unit(benchmark::kMicrosecond);

void Cells(benchmark::State& state) {
  SimulatorCells cells(Config(static_cast<int>(state.range(0))), BestInstructionSet());
  CellInputs inputs = cells.MakeInputs();
  std::mt19937 random(1);
  for (uint32_t& word : inputs.lanes) word = static_cast<uint32_t>(random());
  for (uint32_t& word : inputs.sums) word = static_cast<uint32_t>(random());
  inputs.first = state.range(0) == 4 ? 0x01010101 : 1;
  inputs.phase = {0xff00ff00, 0xffff0000};
  int64_t cycles = 0;
  for (auto _ : state) {
    cells.Advance(inputs);
    cycles += inputs.cycles;
  }
  state.counters["cycles"] = benchmark::Counter(static_cast<double>(cycles), benchmark::Counter::kIsRate);
}
BENCHMARK(Cells)->ArgName("interleave")->Arg(4)->Arg(1);

}  // namespace
}  // namespace colonnade::executors

BENCHMARK_MAIN();
