// SPDX-License-Identifier: Apache-2.0
// What an image costs on the array, modelled: counts of what happens, times energies from a
// table of the literature. No device was measured. It is good for comparing programs on one
// array, and says only roughly what hardware would take.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/array/array_program.h"

namespace colonnade::compiler {

// Picojoules.
struct EnergyTable {
  std::string_view name;
  int version = 0;
  double multiply_add = 0;      // 8 x 8 bits into 32
  double register_bit = 0;      // clocked once
  double activation_byte = 0;   // read or written
  double weight_byte = 0;
  double accumulator_byte = 0;
};

// 45 nm, 0.9 V. Multiply-add (0.2 + 0.1 pJ), 32 KB memories for activations and weights (20 pJ
// per 8 bytes) and 8 KB for accumulators (10 pJ per 8 bytes): M. Horowitz, ISSCC 2014.
// Register bit (0.009 pJ, 40 nm): the Aladdin tables in Accelergy's component library.
inline constexpr EnergyTable kHorowitz45{"horowitz-2014-45nm", 1, 0.3, 0.009, 2.5, 2.5, 1.25};

// Picojoules of one image, by component.
struct Energy {
  double multiply_adds = 0;  // nonzero weights times pixels; a weight of zero changes no bit
  double registers = 0;      // all cells' register bits in every cycle, used or not
  double activations = 0;    // the members of each tile's groups per pixel; residuals; outputs
  double weights = 0;        // a byte and its lane per cell that is loaded
  double accumulators = 0;   // sums between column tiles, written and read

  double total() const { return multiply_adds + registers + activations + weights + accumulators; }
};

// Register bits of one cell (docs/array_manual.md, section 2).
int RegisterBits(const array::ArrayConfig& config);

Energy ModelEnergy(const array::ArrayProgram& program, const EnergyTable& table = kHorowitz45);

}  // namespace colonnade::compiler
