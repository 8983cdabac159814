// SPDX-License-Identifier: Apache-2.0
// From an ArrayProgram back to the integer network it computes.
#pragma once

#include "absl/status/statusor.h"
#include "server/array/array_program.h"
#include "server/quant/quantized_network.h"

namespace colonnade::array {

// The unpacked network: every packed weight at its row and column, biases without
// the correction for the byte form of signed inputs, each layer's source = its
// name. quant::RunQuantized of it gives what every executor of the program gives.
//
// Also the first half of Check(program): an error names the step whose packed
// matrix breaks a bound of array_program.h, so nothing has to be checked before.
// Tiles, cycles and host steps are not looked at.
absl::StatusOr<quant::QuantizedNetwork> Unpack(const ArrayProgram& program);

}  // namespace colonnade::array
