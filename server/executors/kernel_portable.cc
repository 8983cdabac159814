// SPDX-License-Identifier: Apache-2.0
#include "server/executors/kernel_body.h"

namespace colonnade::executors {

void RunKernelPortable(const KernelTask& task) { RunAll(task); }

}  // namespace colonnade::executors
