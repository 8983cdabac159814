// SPDX-License-Identifier: Apache-2.0
#include "server/machine/machine_cycles.h"

namespace colonnade::machine {
namespace {

constexpr int64_t kReadBlock = 17;  // 16 words, one per cycle, and the memory's cycle
constexpr int64_t kStartStep = 1;
constexpr int64_t kSeeEnd = 1;  // that the step has ended is seen in the cycle after

// From a position's last tap until its word is written: address, memory, lanes, result, write.
constexpr int64_t kFinish = 5;
constexpr int64_t kDivideBank = 35;  // load, 33 bits, store
constexpr int64_t kAddBank = 3;      // load, add, store

}  // namespace

int64_t HeaderControlCycles() { return kReadBlock; }

// Its tiles are copied to the array's table, one per cycle.
int64_t MatrixControlCycles(int64_t tiles) { return kReadBlock + tiles + kStartStep + kSeeEnd; }

int64_t VectorControlCycles() { return kReadBlock + kStartStep + kSeeEnd; }

int64_t MoveCycles(int64_t positions, int64_t taps) { return positions * taps + kFinish; }

int64_t MaximumCycles(int64_t positions, int64_t taps) { return MoveCycles(positions, taps); }

int64_t AverageCycles(int64_t positions, int64_t taps, int64_t banks) {
  return positions * (taps + kFinish + banks * kDivideBank);
}

int64_t AddCycles(int64_t positions, int64_t banks) { return positions * (1 + kFinish + banks * kAddBank); }

}  // namespace colonnade::machine
