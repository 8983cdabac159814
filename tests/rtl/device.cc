// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/device.h"

#include <array_models.h>

#include "tests/rtl/verilated_model.h"

namespace colonnade::rtl {

using array::ArrayConfig;

namespace {

template <typename Model>
class VerilatedDevice : public Device {
 public:
  explicit VerilatedDevice(int seed) : model_(RandomBits(context_, seed)), ports_(model_) {}
  ~VerilatedDevice() override { model_.final(); }
  void Evaluate() override { model_.eval(); }
  Ports& ports() override { return ports_; }

 private:
  VerilatedContext context_;
  Model model_;
  Ports ports_;
};

}  // namespace

std::vector<ArrayConfig> Configurations() {
#define CONFIGURATION(name, rows, columns, alpha, interleave, buffers) \
  ArrayConfig{rows, columns, alpha, interleave, buffers},
  return {ARRAY_MODELS(CONFIGURATION)};
#undef CONFIGURATION
}

std::unique_ptr<Device> MakeDevice(const ArrayConfig& config, int seed) {
#define MAKE(name, rows, columns, alpha, interleave, buffers)           \
  if (config == ArrayConfig{rows, columns, alpha, interleave, buffers}) \
    return std::make_unique<VerilatedDevice<name>>(seed);
  ARRAY_MODELS(MAKE)
#undef MAKE
  return nullptr;
}

}  // namespace colonnade::rtl
