// SPDX-License-Identifier: Apache-2.0
#include "server/executors/simulator_body.h"

namespace colonnade::executors {

const SimulatorLoops kSimulatorPortable = {RunCells, Transpose, Spread};

}  // namespace colonnade::executors
