// SPDX-License-Identifier: Apache-2.0
// How many cycles of the Verilated array core a second takes, on one thread: cells, edges,
// sequencer and loader, whole steps of 8 tiles of 256 pixels, one after the other. All data
// that the core asks for are random. Counter `cycles`, per second.
#include <Model_16x18a8i4w2.h>
#include <Model_32x32a8i1w2.h>
#include <Model_32x32a8i4w2.h>
#include <benchmark/benchmark.h>

#include <array>
#include <cstring>
#include <random>

namespace colonnade::rtl {
namespace {

constexpr int kTiles = 8, kPixels = 256;

// Bytes for ports of any width; a port's next value begins some bytes after its last.
class RandomBytes {
 public:
  RandomBytes() {
    std::mt19937 random(1);
    for (uint8_t& byte : bytes_) byte = static_cast<uint8_t>(random());
  }

  template <typename Port>
  void Fill(Port& port) {
    static_assert(sizeof(Port) <= kLongest);
    position_ = (position_ + 67) % (bytes_.size() - kLongest);
    std::memcpy(static_cast<void*>(&port), &bytes_[position_], sizeof(port));
  }

 private:
  static constexpr size_t kLongest = 1024;
  std::array<uint8_t, 16 * kLongest> bytes_;
  size_t position_ = 0;
};

template <typename Model>
class Core {
 public:
  explicit Core(int rows) : model_(&context_) {
    model_.reset = 1;
    for (int i = 0; i < 100; ++i) Cycle();
    model_.reset = 0;
    WriteTable(rows);
    model_.last_tile = kTiles - 1;
    model_.last_pixel = kPixels - 1;
    model_.high = 255;
  }
  ~Core() { model_.final(); }

  // Returns the cycles it took.
  int64_t RunStep() {
    model_.start = 1;
    Cycle();
    model_.start = 0;
    int64_t cycles = 1;
    for (; model_.busy; ++cycles) {
      random_.Fill(model_.lanes);
      random_.Fill(model_.words);
      random_.Fill(model_.initial_words);
      random_.Fill(model_.shifts);
      Cycle();
    }
    return cycles;
  }

 private:
  void Cycle() {
    model_.clk = 1;
    model_.eval();
    model_.clk = 0;
    model_.eval();
  }

  // Every second tile continues the sums of the one before.
  void WriteTable(int rows) {
    model_.table_write = 1;
    model_.table_last_row = static_cast<uint8_t>(rows - 1);
    for (int tile = 0; tile < kTiles; ++tile) {
      model_.table_tile = static_cast<uint8_t>(tile);
      model_.table_continues = tile % 2 == 1;
      model_.table_final = tile % 2 == 1;
      Cycle();
    }
    model_.table_write = 0;
  }

  VerilatedContext context_;
  Model model_;
  RandomBytes random_;
};

template <typename Model, int kRows>
void Steps(benchmark::State& state) {
  Core<Model> core(kRows);
  int64_t cycles = 0;
  for (auto _ : state) cycles += core.RunStep();
  state.counters["cycles"] = benchmark::Counter(static_cast<double>(cycles), benchmark::Counter::kIsRate);
}
BENCHMARK_TEMPLATE(Steps, Model_32x32a8i4w2, 32)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(Steps, Model_32x32a8i1w2, 32)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(Steps, Model_16x18a8i4w2, 16)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace colonnade::rtl

BENCHMARK_MAIN();
