// SPDX-License-Identifier: Apache-2.0
// The cells, bit-sliced: one vector holds one register of 4 to 16 rows of 32 columns.
//
// A multiply-accumulate talks to its neighbours by two things only: lanes from below,
// which are known for the whole block of cycles before it starts, and sums from the left,
// which stay within a row and hence within a vector. So its 16 registers and its weight
// word stay in vector registers for up to 32 cycles, instead of passing through memory in
// each; every cycle's values are computed all the same. A cycle of one
// multiply-accumulate is 33 vector operations: full adders are two three-input functions,
// and nothing is skipped when it is idle. The lane selection, which the four share, is
// done before and kept for the block.
//
// Written with GCC vector extensions and included once per instruction set, by
// simulator_<set>.cc, which is compiled with that set's options.
#pragma once

#include <cstring>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#include "server/executors/simulator_loops.h"

namespace colonnade::executors {
namespace {

#if defined(__AVX512F__)
constexpr int kWords = 16;
#elif defined(__AVX2__)
constexpr int kWords = 8;
#else
constexpr int kWords = 4;
#endif
using Plane = uint32_t __attribute__((vector_size(4 * kWords)));
static_assert(kRowBlock % kWords == 0 && kMaxLanes % kWords == 0);

#define COLONNADE_INLINE [[gnu::always_inline]] inline

COLONNADE_INLINE Plane Load(const uint32_t* from) {
  Plane plane;
  std::memcpy(&plane, from, sizeof(plane));
  return plane;
}

COLONNADE_INLINE void Store(Plane plane, uint32_t* to) { std::memcpy(to, &plane, sizeof(plane)); }

#if defined(__AVX512F__)
// Bit 4a + 2b + c of the table is the function's value.
template <int kTable>
COLONNADE_INLINE Plane Logic(Plane a, Plane b, Plane c) {
  return reinterpret_cast<Plane>(_mm512_ternarylogic_epi32(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b),
                                                           reinterpret_cast<__m512i>(c), kTable));
}
COLONNADE_INLINE Plane Sum(Plane a, Plane b, Plane c) { return Logic<0x96>(a, b, c); }
COLONNADE_INLINE Plane Carry(Plane a, Plane b, Plane c) { return Logic<0xe8>(a, b, c); }
COLONNADE_INLINE Plane Select(Plane which, Plane a, Plane b) { return Logic<0xca>(which, a, b); }
#else
COLONNADE_INLINE Plane Sum(Plane a, Plane b, Plane c) { return a ^ b ^ c; }
COLONNADE_INLINE Plane Carry(Plane a, Plane b, Plane c) { return (a & b) | ((a | b) & c); }
COLONNADE_INLINE Plane Select(Plane which, Plane a, Plane b) { return b ^ (which & (a ^ b)); }
#endif

// lanes[base + select], by the low kBits select planes.
template <int kBits>
COLONNADE_INLINE Plane SelectLane(const CellTask& task, const Plane* select, int base, int at) {
  if constexpr (kBits == 0) {
    return Load(task.lanes[base] + at);
  } else {
    const Plane low = SelectLane<kBits - 1>(task, select, base, at);
    const Plane high = SelectLane<kBits - 1>(task, select, base + (1 << (kBits - 1)), at);
    return Select(select[kBits - 1], high, low);
  }
}

// The end of a cycle: where `swap` is, weight words become shadow words.
COLONNADE_INLINE void SwapPlanes(const CellTask& task, int row, int cycle, int first_plane, int count, Plane* planes) {
  const Plane swap = Load(task.swap + row - cycle);
  for (int j = 0; j < count; ++j) planes[j] = Select(swap, Load(task.shadow[first_plane + j] + row), planes[j]);
}

// The data bits of rows [row, row + kWords), by cycle.
template <int kBits>
COLONNADE_INLINE void SelectLanes(const CellTask& task, int row, Plane* data) {
  Plane select[kBits + 1];
  for (int b = 0; b < kBits; ++b) select[b] = Load(task.word[kSelectPlane + b] + row);
  if (task.swap == nullptr) {
    for (int i = task.begin; i < task.end; ++i) data[i] = SelectLane<kBits>(task, select, 0, row - i);
    return;
  }
  for (int i = task.begin; i < task.end; ++i) {
    data[i] = SelectLane<kBits>(task, select, 0, row - i);
    SwapPlanes(task, row, i, kSelectPlane, kBits, select);
  }
}

COLONNADE_INLINE void SelectLanes(const CellTask& task, int row, Plane* data) {
  switch (task.select_bits) {
    case 0: return SelectLanes<0>(task, row, data);
    case 1: return SelectLanes<1>(task, row, data);
    case 2: return SelectLanes<2>(task, row, data);
    case 3: return SelectLanes<3>(task, row, data);
    default: return SelectLanes<4>(task, row, data);
  }
}

// The carry-save multiplier: t[1..6] and the carries. Takes a data bit, gives a product bit.
struct Multiplier {
  Plane partial[kMagnitudeBits - 1], carry[kMagnitudeBits];

  COLONNADE_INLINE Plane Step(Plane data, const Plane* magnitude) {
    const Plane bit = magnitude[0] & data;
    const Plane product = Sum(bit, partial[0], carry[0]);
    carry[0] = Carry(bit, partial[0], carry[0]);
    for (int j = 1; j < kMagnitudeBits - 1; ++j) {
      const Plane term = magnitude[j] & data;
      partial[j - 1] = Sum(term, partial[j], carry[j]);
      carry[j] = Carry(term, partial[j], carry[j]);
    }
    const Plane top = magnitude[kMagnitudeBits - 1] & data;
    partial[kMagnitudeBits - 2] = top ^ carry[kMagnitudeBits - 1];
    carry[kMagnitudeBits - 1] &= top;
    return product;
  }
};

// The serial adder between a row's left and right wires.
struct Adder {
  Plane sum_carry, result, negative;

  template <bool kInterleaved>
  COLONNADE_INLINE void Step(Plane product, Plane first, Plane sign, Plane sum_in) {
    negative = kInterleaved ? Select(first, sign, negative) : sign;
    const Plane carry_in = sum_carry & ~first;
    result = Sum(sum_in, product, carry_in);
    sum_carry = Carry(sum_in ^ negative, product, carry_in);
  }
};

// Multiply-accumulate k of rows [row, row + kWords).
template <bool kInterleaved, bool kSwaps>
COLONNADE_INLINE void RunMac(const CellTask& task, int k, int row, const Plane* data) {
  uint32_t* const registers = task.registers[k] + row;
  const auto at = [&](int plane) { return registers + int64_t{plane} * task.rows; };
  Plane weight[kSignPlane + 1];  // magnitude and sign
  for (int j = 0; j <= kSignPlane; ++j) weight[j] = Load(task.word[j] + row);
  Multiplier multiplier;
  for (int j = 0; j < kMagnitudeBits - 1; ++j) multiplier.partial[j] = Load(at(kPartialPlane + j));
  for (int j = 0; j < kMagnitudeBits; ++j) multiplier.carry[j] = Load(at(kCarryPlane + j));
  Adder adder{Load(at(kSumCarryPlane)), Load(at(kResultPlane)), Load(at(kNegativePlane))};
  Plane left = Load(task.sums_in[k] + row) >> task.begin, right = {};
  const Plane low_bit = Plane{} + 1, high_bit = Plane{} + 0x80000000u;
  const int to_high_bit = kStripColumns - 1 - task.last_bit;
  for (int i = task.begin; i < task.end; ++i) {
    const Plane first = Load(task.first[k] + row - i);
    Plane bit = data[i];
    if constexpr (kInterleaved) bit &= Load(task.turn[k] + row - i);
    right = Select(high_bit, adder.result << to_high_bit, right >> 1);
    const Plane sum_in = Select(low_bit, left, adder.result << 1);
    left >>= 1;
    adder.Step<kInterleaved>(multiplier.Step(bit, weight), first, weight[kSignPlane], sum_in);
    if constexpr (kSwaps) SwapPlanes(task, row, i, 0, kSignPlane + 1, weight);
  }
  for (int j = 0; j < kMagnitudeBits - 1; ++j) Store(multiplier.partial[j], at(kPartialPlane + j));
  for (int j = 0; j < kMagnitudeBits; ++j) Store(multiplier.carry[j], at(kCarryPlane + j));
  Store(adder.sum_carry, at(kSumCarryPlane));
  Store(adder.result, at(kResultPlane));
  Store(adder.negative, at(kNegativePlane));
  const Plane bits = (right >> (kBlockCycles - (task.end - task.begin))) << task.begin;
  Store(Load(task.sums_out[k] + row) | bits, task.sums_out[k] + row);
}

template <bool kInterleaved>
COLONNADE_INLINE void RunMacs(const CellTask& task, int row, const Plane* data) {
  for (int k = 0; k < (kInterleaved ? kMaxMacs : 1); ++k) {
    if (task.swap == nullptr) {
      RunMac<kInterleaved, false>(task, k, row, data);
    } else {
      RunMac<kInterleaved, true>(task, k, row, data);
    }
  }
}

inline void RunCells(const CellTask& task) {
  Plane data[kBlockCycles];
  for (int row = 0; row < task.rows; row += kWords) {
    SelectLanes(task, row, data);
    if (task.interleave == 1) {
      RunMacs<false>(task, row, data);
    } else {
      RunMacs<true>(task, row, data);
    }
  }
}

// Swaps bit j + d of word i with bit j of word i + d, for all i and j without bit d.
template <int kDistance>
COLONNADE_INLINE void SwapQuarters(uint32_t low_half, Plane* words) {
#pragma GCC unroll 32
  for (int n = 0; n < 16; ++n) {
    const int i = (n & ~(kDistance - 1)) * 2 + (n & (kDistance - 1));
    const Plane change = ((words[i] >> kDistance) ^ words[i + kDistance]) & low_half;
    words[i] ^= change << kDistance;
    words[i + kDistance] ^= change;
  }
}

inline void Transpose(const TransposeTask& task) {
  const int cycles = task.cycles;
  for (int lane = 0; lane < task.lanes; lane += kWords) {
    Plane words[kBlockCycles];
#pragma GCC unroll 32
    for (int c = 0; c < kStripColumns; ++c) words[c] = Load(task.streams + c * kMaxLanes + lane);
    SwapQuarters<16>(0x0000ffff, words);
    SwapQuarters<8>(0x00ff00ff, words);
    SwapQuarters<4>(0x0f0f0f0f, words);
    SwapQuarters<2>(0x33333333, words);
    SwapQuarters<1>(0x55555555, words);
    const int count = task.lanes - lane < kWords ? task.lanes - lane : kWords;
    for (int a = 0; a < count; ++a) {
      uint32_t* const to = task.words[lane + a];
#pragma GCC unroll 8
      for (int i = 0; i < cycles; ++i) to[-i] = words[i][a];
    }
  }
}

inline void Spread(uint64_t line, int cycles, uint32_t* words) {
  for (int j = 0; j < cycles; ++j) words[j] = static_cast<uint32_t>(line >> j);
}

}  // namespace
}  // namespace colonnade::executors
