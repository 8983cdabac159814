// SPDX-License-Identifier: Apache-2.0
// What a run of a program costs beside the array.
#pragma once

#include "server/machine/machine_program.h"

namespace colonnade::machine {

// From the words of the program's steps; `array` is what its matrix steps take.
RunCycles PredictRun(const MachineProgram& program, const array::Cycles& array);

}  // namespace colonnade::machine
