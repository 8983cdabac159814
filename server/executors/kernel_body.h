// SPDX-License-Identifier: Apache-2.0
// Sparse matrix times planes, vectorized over positions.
//
// For a block of 64 positions (then 32 or 16 at the end) and one filter, as many int32
// accumulators stay in vector registers while the filter's nonzero cells pass
// by: each loads 64 bytes of its column, widens them, multiplies them with the
// broadcast weight and adds. The packed matrix has at most one cell per group, so a
// filter costs as many multiply-accumulates as the array spends, not as the dense
// network has. Blocks are the outer loop: the bytes of all columns at 64 positions
// fit the first-level cache, whatever the layer's size.
//
// Written with GCC vector extensions and included once per instruction set, by
// kernel_<set>.cc, which is compiled with that set's options.
#pragma once

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "server/executors/kernel_loops.h"

namespace colonnade::executors {
namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif
using Bytes = uint8_t __attribute__((vector_size(kLanes)));
using Words = int32_t __attribute__((vector_size(4 * kLanes)));

#define COLONNADE_INLINE [[gnu::always_inline]] inline

// kLanes bytes from `from` on, widened. (GCC 12 converts wide vectors lane by lane, and
// warns wrongly about the form without a mask, GCC bug 105593.)
COLONNADE_INLINE void Load(const uint8_t* from, Words& to) {
#if defined(__AVX512F__)
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  to = reinterpret_cast<Words>(_mm512_maskz_cvtepu8_epi32(0xffff, bytes));
#elif defined(__AVX2__)
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
  to = reinterpret_cast<Words>(_mm256_cvtepu8_epi32(bytes));
#else
  for (int i = 0; i < kLanes; ++i) to[i] = from[i];
#endif
}

COLONNADE_INLINE void Broadcast(int32_t value, Words& to) { to = Words{} + value; }

COLONNADE_INLINE void AddResidual(const KernelTask& task, int row, int64_t position, Words& acc) {
  Words values;
  Load(task.residual + row * task.length + position, values);
  acc += (values - task.residual_zero_point) << (task.shift[row] + task.residual_exponent);
}

// As quant::Requantize: floor(acc / 2^s + 1/2) is (acc >> s) plus bit s - 1 of acc,
// which cannot overflow 32 bits.
COLONNADE_INLINE void Requantize(const KernelTask& task, int row, int64_t position, Words& acc) {
  if (const int shift = task.shift[row]; shift > 0) acc = (acc >> shift) + ((acc >> (shift - 1)) & 1);
  acc = acc < task.low ? Words{} + task.low : acc;
  acc = acc > task.high ? Words{} + task.high : acc;
  const Bytes bytes = __builtin_convertvector(acc + task.zero_point, Bytes);
  std::memcpy(task.bytes + row * task.length + position, &bytes, sizeof(bytes));
}

// Positions [position, position + kLanes * kVectors) of every row.
template <int kVectors>
COLONNADE_INLINE void RunBlock(const KernelTask& task, int64_t position) {
  const uint8_t* planes = task.planes + position;
  for (int row = 0; row < task.rows; ++row) {
    Words acc[kVectors];
    for (int v = 0; v < kVectors; ++v) Broadcast(task.bias[row], acc[v]);
    const KernelCell* const end = task.cells + task.row_begin[row + 1];
    for (const KernelCell* cell = task.cells + task.row_begin[row]; cell != end; ++cell) {
      for (int v = 0; v < kVectors; ++v) {
        Words values;
        Load(planes + cell->offset + v * kLanes, values);
        acc[v] += values * cell->weight;
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      const int64_t at = position + v * kLanes;
      if (task.residual != nullptr) AddResidual(task, row, at, acc[v]);
      if (task.bytes != nullptr) {
        Requantize(task, row, at, acc[v]);
      } else {
        std::memcpy(task.accumulators + row * task.length + at, &acc[v], sizeof(Words));
      }
    }
  }
}

COLONNADE_INLINE void RunAll(const KernelTask& task) {
  int64_t position = 0;
  if constexpr (kLanes > 4) {  // else there are too few registers
    for (; position + 64 <= task.length; position += 64) RunBlock<64 / kLanes>(task, position);
    for (; position + 32 <= task.length; position += 32) RunBlock<32 / kLanes>(task, position);
  }
  for (; position < task.length; position += 16) RunBlock<16 / kLanes>(task, position);
}

}  // namespace
}  // namespace colonnade::executors
