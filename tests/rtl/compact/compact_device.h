// SPDX-License-Identifier: Apache-2.0
// The pins of the compact machine, whichever RTL is behind them.
#pragma once

#include <memory>

namespace colonnade {

struct CompactPins {
  bool clk = false;
  bool reset_n = false;
  bool serial_clock = false;
  bool serial_select_n = true;
  bool serial_in = false;
};

class CompactDevice {
 public:
  virtual ~CompactDevice() = default;
  virtual void Drive(const CompactPins& pins) = 0;
  virtual bool serial_out() const = 0;
  virtual bool busy() const = 0;
};

// Registers and memories begin with random bits.
std::unique_ptr<CompactDevice> MakeCompactDevice();

}  // namespace colonnade
