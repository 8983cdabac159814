// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/chain/chain_device.h"

#include <chain_models.h>

#include "tests/rtl/verilated_model.h"

namespace colonnade::rtl {
namespace {

template <typename Model>
class VerilatedChain : public ChainDevice {
 public:
  explicit VerilatedChain(int seed) : model_(RandomBits(context_, seed)) {}
  ~VerilatedChain() override { model_.final(); }
  void Evaluate() override { model_.eval(); }
  void SetClock(bool high) override { model_.clk = high; }
  void SetReset(bool on) override { model_.reset = on; }
  void SetLoad(bool on, int array, int memory, int address, const MemoryWord& word) override {
    model_.load = on;
    model_.load_array = array != 0;
    model_.load_memory = static_cast<uint8_t>(memory);
    model_.load_address = static_cast<uint16_t>(address);
    SetPort(model_.load_word, word.beats());
  }
  void SetStart(bool on) override { model_.start = on; }
  bool busy() override { return model_.busy; }
  int64_t first_word(int array) override { return static_cast<uint32_t>(model_.first_word >> 32 * array); }
  int64_t last_output(int array) override { return static_cast<uint32_t>(model_.last_output >> 32 * array); }
  void SetRead(bool on, int position) override {
    model_.read = on;
    model_.read_position = static_cast<uint8_t>(position);
  }
  std::vector<uint8_t> read_word() override {
    std::vector<uint8_t> bytes(sizeof model_.read_word);
    std::memcpy(bytes.data(), &model_.read_word, bytes.size());
    return bytes;
  }

 private:
  VerilatedContext context_;
  Model model_;
};

}  // namespace

std::vector<ChainShape> ChainShapes() {
#define SHAPE(name, rows, columns, second_rows, second_columns, alpha, interleave) \
  {{rows, columns}, {second_rows, second_columns}, alpha, interleave},
  return {CHAIN_MODELS(SHAPE)};
#undef SHAPE
}

std::unique_ptr<ChainDevice> MakeChainDevice(const ChainShape& shape, int seed) {
#define MAKE(name, rows, columns, second_rows, second_columns, alpha, interleave)             \
  if (shape == ChainShape{{rows, columns}, {second_rows, second_columns}, alpha, interleave}) \
    return std::make_unique<VerilatedChain<name>>(seed);
  CHAIN_MODELS(MAKE)
#undef MAKE
  return nullptr;
}

}  // namespace colonnade::rtl
