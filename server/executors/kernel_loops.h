// SPDX-License-Identifier: Apache-2.0
// The inner loops of the kernels executor, once per instruction set.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "server/executors/selection.h"

namespace colonnade::executors {

// From the oldest to the newest; kPortable runs anywhere. kAvx512 needs VBMI and VNNI.
enum class InstructionSet { kPortable, kAvx2, kAvx512 };

std::string_view ToString(InstructionSet set);  // "portable", "avx2", "avx512"

// Whether this processor has it, and the newest one it has.
bool IsSupported(InstructionSet set);
InstructionSet BestInstructionSet();

// What Select() must be asked for.
SelectionShape ShapeFor(InstructionSet set);

// One SelectionBlock, ready to run. Codes are on a 64-byte boundary.
struct KernelBlock {
  const int64_t* windows = nullptr;
  int64_t doubles = 0, singles = 0, joined = 0;  // windows with two codes and with one, and pairs with three
  const uint8_t* codes = nullptr;
  const int32_t* bias = nullptr;  // [rows of a block], as the next two
  const int32_t* shift = nullptr;
  const int32_t* residual_shift = nullptr;
};

// Bytes from a pixel to the next, and from a line to the next.
struct Strides {
  int64_t step = 0, line = 0;
};

// One matrix step on one image. Pointers are to what belongs to output pixel (0, 0): the
// input pixel under the window's corner, the residual's and the output's pixel.
struct KernelTask {
  std::span<const KernelBlock> blocks;
  int height = 0, width = 0;  // of the output
  const uint8_t* input = nullptr;
  Strides input_strides;
  const uint8_t* residual = nullptr;  // or none
  Strides residual_strides;
  uint8_t* output = nullptr;  // or none: then `sums`, [height][width][blocks * rows of a block]
  Strides output_strides;
  int32_t* sums = nullptr;
  int16_t low = 0, high = 255, zero_point = 0;  // of the output's q, and its byte's
  bool rounded = true;  // halves are in the biases already
};

// REQUIRES: IsSupported(set), and blocks made with ShapeFor(set).
void RunKernel(InstructionSet set, const KernelTask& task);

// The same for one set each; kernel_<set>.cc.
void RunKernelPortable(const KernelTask& task);
void RunKernelAvx2(const KernelTask& task);
void RunKernelAvx512(const KernelTask& task);

}  // namespace colonnade::executors
