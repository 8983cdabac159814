// SPDX-License-Identifier: Apache-2.0
#include <core_models.h>

#include "tests/rtl/machine/core_bench.h"
#include "tests/rtl/verilated_model.h"

namespace colonnade::rtl {
namespace {

template <typename Model>
class VerilatedCore : public CoreDevice {
 public:
  explicit VerilatedCore(int seed) : model_(RandomBits(context_, seed)) {}
  ~VerilatedCore() override { model_.final(); }
  void Evaluate() override { model_.eval(); }
  void SetClock(bool high) override { model_.clk = high; }
  void SetReset(bool on) override { model_.reset = on; }
  void SetClear(bool on) override { model_.clear = on; }
  bool clearing() override { return model_.clearing; }
  void SetLoad(bool on, int memory, int address, const std::vector<uint64_t>& beats) override {
    model_.load = on;
    model_.load_memory = static_cast<uint8_t>(memory);
    model_.load_address = static_cast<uint16_t>(address);
    SetPort(model_.load_word, beats);
  }
  void SetStart(bool on) override { model_.start = on; }
  bool busy() override { return model_.busy; }
  bool wants_input() override { return model_.wants_input; }
  uint32_t input_words() override { return model_.input_words; }
  uint32_t output_words() override { return model_.output_words; }
  void SetInput(bool valid, uint64_t word) override {
    model_.input_valid = valid;
    model_.input_word = word;
  }
  bool output_valid() override { return model_.output_valid; }
  uint64_t output_word() override { return model_.output_word; }
  void SetOutputTaken(bool taken) override { model_.output_taken = taken; }
  uint32_t cycles(int counter) override { return model_.cycles[counter]; }

 private:
  VerilatedContext context_;
  Model model_;
};

}  // namespace

std::vector<MachineShape> MachineShapes() {
#define SHAPE(name, rows, columns, alpha, interleave, buffers, rule, channels, positions) \
  {{rows, columns, alpha, interleave, buffers, nn::FeedRule{rule}}, channels, positions},
  return {CORE_MODELS(SHAPE)};
#undef SHAPE
}

std::unique_ptr<CoreDevice> MakeCoreDevice(const MachineShape& shape, int seed) {
#define MAKE(name, rows, columns, alpha, interleave, buffers, rule, k, n)                                  \
  if (shape.config == array::ArrayConfig{rows, columns, alpha, interleave, buffers, nn::FeedRule{rule}} && \
      shape.channels == k && shape.positions == n)                                                         \
    return std::make_unique<VerilatedCore<name>>(seed);
  CORE_MODELS(MAKE)
#undef MAKE
  return nullptr;
}

}  // namespace colonnade::rtl
