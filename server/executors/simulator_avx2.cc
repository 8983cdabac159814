// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#include "server/executors/simulator_body.h"

namespace colonnade::executors {

const SimulatorLoops kSimulatorAvx2 = {RunCells, Transpose, Spread};

}  // namespace colonnade::executors
#endif
