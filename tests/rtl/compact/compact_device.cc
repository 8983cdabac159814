// SPDX-License-Identifier: Apache-2.0
// A library of its own, so that tests run on other RTL with another library.
#include "tests/rtl/compact/compact_device.h"

// Defines COMPACT_MODELS(MODEL), the only model.
#include <compact_models.h>

#include "tests/rtl/verilated_model.h"

namespace colonnade {
namespace {

template <typename Model>
class Device final : public CompactDevice {
 public:
  Device() : model_(rtl::RandomBits(context_, /*seed=*/1)) {}
  ~Device() override { model_.final(); }

  void Drive(const CompactPins& pins) override {
    model_.clk = pins.clk;
    model_.reset_n = pins.reset_n;
    model_.serial_clock = pins.serial_clock;
    model_.serial_select_n = pins.serial_select_n;
    model_.serial_in = pins.serial_in;
    model_.eval();
  }

  bool serial_out() const override { return model_.serial_out; }
  bool busy() const override { return model_.busy; }

 private:
  VerilatedContext context_;
  Model model_;
};

}  // namespace

#define COMPACT_DEVICE(model, ...) return std::make_unique<Device<model>>();
std::unique_ptr<CompactDevice> MakeCompactDevice() { COMPACT_MODELS(COMPACT_DEVICE) }

}  // namespace colonnade
