// SPDX-License-Identifier: Apache-2.0
#include "server/executors/kernel_loops.h"

namespace colonnade::executors {

std::string_view ToString(InstructionSet set) {
  switch (set) {
    case InstructionSet::kPortable:
      return "portable";
    case InstructionSet::kAvx2:
      return "avx2";
    case InstructionSet::kAvx512:
      return "avx512";
  }
  return "invalid";
}

bool IsSupported(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx2) return __builtin_cpu_supports("avx2");
  if (set == InstructionSet::kAvx512) {
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") &&
           __builtin_cpu_supports("avx512vnni");
  }
#endif
  return set == InstructionSet::kPortable;
}

InstructionSet BestInstructionSet() {
  if (IsSupported(InstructionSet::kAvx512)) return InstructionSet::kAvx512;
  if (IsSupported(InstructionSet::kAvx2)) return InstructionSet::kAvx2;
  return InstructionSet::kPortable;
}

SelectionShape ShapeFor(InstructionSet set) {
  if (set == InstructionSet::kAvx2) return {.rows = 8, .window = 16, .entries = 2, .bytes = 2, .joins = false};
  return {.rows = 16, .window = 64, .entries = 4, .bytes = 1, .joins = set == InstructionSet::kAvx512};
}

void RunKernel(InstructionSet set, const KernelTask& task) {
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512) return RunKernelAvx512(task);
  if (set == InstructionSet::kAvx2) return RunKernelAvx2(task);
#endif
  RunKernelPortable(task);
}

}  // namespace colonnade::executors
