// SPDX-License-Identifier: Apache-2.0
// Cycles of a run outside the array, in closed form: docs/machine_manual.md, section 5. Pure functions
// of plain numbers; the RTL counts the same, cycle by cycle.
#pragma once

#include <cstdint>

namespace colonnade::machine {

// `control` of a run: its header once, then per step. `tiles`: of the matrix step.
int64_t HeaderControlCycles();
int64_t MatrixControlCycles(int64_t tiles);
int64_t VectorControlCycles();

// `vector` of one step. `positions`: of the output. `banks`: of 8 bytes that the output lanes with data
// touch, from the first one's to the last one's.
int64_t MoveCycles(int64_t positions, int64_t taps);
int64_t MaximumCycles(int64_t positions, int64_t taps);
int64_t AverageCycles(int64_t positions, int64_t taps, int64_t banks);
int64_t AddCycles(int64_t positions, int64_t banks);

}  // namespace colonnade::machine
