// SPDX-License-Identifier: Apache-2.0
#include "server/machine/machine_cycles.h"

namespace colonnade::machine {
namespace {

constexpr int64_t kReadBlock = 17;  // 16 words, one per cycle, and the memory's cycle
constexpr int64_t kStartStep = 1;
constexpr int64_t kSeeEnd = 1;  // that the step has ended is seen in the cycle after

}  // namespace

int64_t HeaderControlCycles() { return kReadBlock; }

// Its tiles are copied to the array's table, one per cycle.
int64_t MatrixControlCycles(int64_t tiles) { return kReadBlock + tiles + kStartStep + kSeeEnd; }

int64_t VectorControlCycles() { return kReadBlock + kStartStep + kSeeEnd; }

}  // namespace colonnade::machine
