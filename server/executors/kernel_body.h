// SPDX-License-Identifier: Apache-2.0
// Runs the codes of selection.h over pixels.
//
// For a few pixels side by side, the sums of a block of rows stay in registers while the
// block's windows pass by. A window is loaded once for up to two codes, a code once for all
// of the pixels. Where a line is no multiple of the pixels that are taken together, the
// last ones overlap those before: they are computed twice, to the same bytes.
//
// Isa is an instruction set: kRows, Sums (a block of rows), Window, Vector (half a code) and
// the operations on them. Included once per set, by kernel_<set>.cc, which is compiled with
// that set's options.
#pragma once

#include <cstdint>

#include "server/executors/kernel_loops.h"

#define COLONNADE_INLINE [[gnu::always_inline]] inline

namespace colonnade::executors {
namespace {

template <typename Isa>
struct Code {
  typename Isa::Vector positions, weights;
};

template <typename Isa>
COLONNADE_INLINE Code<Isa> LoadCode(const uint8_t* code) {
  return {Isa::LoadVector(code), Isa::LoadVector(code + sizeof(typename Isa::Vector))};
}

// What becomes of sums: bytes, bytes with a residual added before, or themselves.
enum class Mode { kBytes, kResidual, kSums };

// Where a pixel is.
struct Place {
  const uint8_t* input;
  const uint8_t* residual;
  uint8_t* output;
  int32_t* sums;

  COLONNADE_INLINE Place After(int64_t pixels, const KernelTask& task, int64_t rows) const {
    return {input + pixels * task.input_strides.step, residual + pixels * task.residual_strides.step,
            output + pixels * task.output_strides.step, sums + pixels * rows};
  }
  COLONNADE_INLINE Place NextLine(const KernelTask& task, int64_t rows) const {
    return {input + task.input_strides.line, residual + task.residual_strides.line, output + task.output_strides.line,
            sums + task.width * rows};
  }
};

template <typename Isa, int kPixels>
COLONNADE_INLINE void AccumulateJoined(int64_t count, const int64_t* window, const uint8_t* code, const uint8_t* input,
                                       int64_t step, typename Isa::Sums (&sums)[kPixels]) {
  constexpr int64_t kCode = 2 * sizeof(typename Isa::Vector);
  for (const int64_t* const end = window + 2 * count; window != end; window += 2, code += 3 * kCode) {
    const Code<Isa> first = LoadCode<Isa>(code), second = LoadCode<Isa>(code + kCode),
                    both = LoadCode<Isa>(code + 2 * kCode);
#pragma GCC unroll 16
    for (int p = 0; p < kPixels; ++p) {
      const typename Isa::Window a = Isa::LoadWindow(input + window[0] + p * step);
      const typename Isa::Window b = Isa::LoadWindow(input + window[1] + p * step);
      Isa::MultiplyAdd(a, first.positions, first.weights, sums[p]);
      Isa::MultiplyAdd(b, second.positions, second.weights, sums[p]);
      Isa::MultiplyAdd(a, b, both.positions, both.weights, sums[p]);
    }
  }
}

template <typename Isa, int kPixels>
COLONNADE_INLINE void Accumulate(const KernelTask& task, const KernelBlock& block, const uint8_t* input,
                                 typename Isa::Sums (&sums)[kPixels]) {
  constexpr int64_t kCode = 2 * sizeof(typename Isa::Vector);
  const int64_t step = task.input_strides.step;
  const uint8_t* code = block.codes;
  const int64_t* window = block.windows;
  for (const int64_t* const end = window + block.doubles; window != end; ++window, code += 2 * kCode) {
    const Code<Isa> first = LoadCode<Isa>(code), second = LoadCode<Isa>(code + kCode);
    const uint8_t* const from = input + *window;
#pragma GCC unroll 16
    for (int p = 0; p < kPixels; ++p) {
      const typename Isa::Window bytes = Isa::LoadWindow(from + p * step);
      Isa::MultiplyAdd(bytes, first.positions, first.weights, sums[p]);
      Isa::MultiplyAdd(bytes, second.positions, second.weights, sums[p]);
    }
  }
  for (const int64_t* const end = window + block.singles; window != end; ++window, code += kCode) {
    const Code<Isa> only = LoadCode<Isa>(code);
    const uint8_t* const from = input + *window;
#pragma GCC unroll 16
    for (int p = 0; p < kPixels; ++p) {
      Isa::MultiplyAdd(Isa::LoadWindow(from + p * step), only.positions, only.weights, sums[p]);
    }
  }
  if constexpr (Isa::kJoins) AccumulateJoined<Isa>(block.joined, window, code, input, step, sums);
}

template <typename Isa, int kPixels, Mode kMode>
COLONNADE_INLINE void RunTile(const KernelTask& task, const KernelBlock& block, const Place& place, int64_t rows) {
  typename Isa::Sums sums[kPixels];
  const typename Isa::Sums bias = Isa::LoadSums(block.bias);
#pragma GCC unroll 16
  for (int p = 0; p < kPixels; ++p) sums[p] = bias;
  if constexpr (kMode == Mode::kResidual) {
    const typename Isa::Sums shift = Isa::LoadSums(block.residual_shift);
#pragma GCC unroll 16
    for (int p = 0; p < kPixels; ++p) {
      Isa::AddShifted(place.residual + p * task.residual_strides.step, shift, sums[p]);
    }
  }
  Accumulate<Isa, kPixels>(task, block, place.input, sums);
  if constexpr (kMode == Mode::kSums) {
#pragma GCC unroll 16
    for (int p = 0; p < kPixels; ++p) Isa::StoreSums(sums[p], place.sums + p * rows);
  } else {
    const typename Isa::Sums shift = Isa::LoadSums(block.shift);
#pragma GCC unroll 16
    for (int p = 0; p < kPixels; ++p) sums[p] = Isa::ShiftRight(sums[p], shift, task.rounded);
    Isa::template StoreBytes<kPixels>(sums, task, place.output);
  }
}

// Task and block by value: bytes that are written could be theirs otherwise, and all would be
// loaded again for each tile.
template <typename Isa, int kPixels, Mode kMode>
void RunLines(const KernelTask task, const KernelBlock block, Place line) {
  const int64_t rows = int64_t(task.blocks.size()) * Isa::kRows;
  const int whole = task.width / kPixels * kPixels;
  for (int y = 0; y < task.height; ++y, line = line.NextLine(task, rows)) {
    Place place = line;
    for (int x = 0; x < whole; x += kPixels, place = place.After(kPixels, task, rows)) {
      RunTile<Isa, kPixels, kMode>(task, block, place, rows);
    }
    if (whole < task.width) {
      RunTile<Isa, kPixels, kMode>(task, block, line.After(task.width - kPixels, task, rows), rows);
    }
  }
}

template <typename Isa, Mode kMode>
COLONNADE_INLINE void RunBlock(const KernelTask& task, const KernelBlock& block, const Place& first) {
  if (task.width >= 16) return RunLines<Isa, 16, kMode>(task, block, first);
  if (task.width >= 8) return RunLines<Isa, 8, kMode>(task, block, first);
  if (task.width >= 4) return RunLines<Isa, 4, kMode>(task, block, first);
  RunLines<Isa, 1, kMode>(task, block, first);
}

template <typename Isa>
void RunAll(const KernelTask& task) {
  Place first{task.input, task.residual, task.output, task.sums};
  for (const KernelBlock& block : task.blocks) {
    if (task.output == nullptr) {
      RunBlock<Isa, Mode::kSums>(task, block, first);
    } else if (task.residual == nullptr) {
      RunBlock<Isa, Mode::kBytes>(task, block, first);
    } else {
      RunBlock<Isa, Mode::kResidual>(task, block, first);
    }
    first = {first.input, first.residual + Isa::kRows, first.output + Isa::kRows, first.sums + Isa::kRows};
  }
}

}  // namespace
}  // namespace colonnade::executors
