// SPDX-License-Identifier: Apache-2.0
// The inner loops of the kernels executor, once per instruction set.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace colonnade::executors {

// From the oldest to the newest; kPortable runs anywhere.
enum class InstructionSet { kPortable, kAvx2, kAvx512 };

std::string_view ToString(InstructionSet set);  // "portable", "avx2", "avx512"

// Whether this processor has it, and the newest one it has.
bool IsSupported(InstructionSet set);
InstructionSet BestInstructionSet();

// One nonzero cell: where its column's byte of position 0 lies in the planes.
struct KernelCell {
  int64_t offset = 0;
  int32_t weight = 0;
};

// One matrix step on one image; all arrays are [rows] or [rows][length] and at
// positions of a PlaneLayout, `length` of them, a multiple of 16. Exactly one of
// `bytes` and `accumulators` is written.
struct KernelTask {
  int rows = 0;
  int64_t length = 0;
  const uint8_t* planes = nullptr;
  const KernelCell* cells = nullptr;   // row after row
  const int64_t* row_begin = nullptr;  // [rows + 1], indices into cells
  const int32_t* bias = nullptr;
  const uint8_t* shift = nullptr;
  const uint8_t* residual = nullptr;  // bytes, or none
  int residual_zero_point = 0;
  int residual_exponent = 0;
  int low = 0, high = 0;
  int zero_point = 0;  // of the output
  uint8_t* bytes = nullptr;
  int32_t* accumulators = nullptr;
};

// REQUIRES: IsSupported(set).
void RunKernel(InstructionSet set, const KernelTask& task);

// The same for one set each; kernel_<set>.cc.
void RunKernelPortable(const KernelTask& task);
void RunKernelAvx2(const KernelTask& task);
void RunKernelAvx512(const KernelTask& task);

}  // namespace colonnade::executors
