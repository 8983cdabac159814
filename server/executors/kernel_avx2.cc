// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#include "server/executors/kernel_body.h"

namespace colonnade::executors {

void RunKernelAvx2(const KernelTask& task) { RunAll(task); }

}  // namespace colonnade::executors
#endif
