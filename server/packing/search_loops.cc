// SPDX-License-Identifier: Apache-2.0
#include "server/packing/search_loops.h"

namespace colonnade::packing {
namespace {

// Sixteen values as registers of `width` bytes. Wider ones than the processor's would be
// taken apart into single values.
template <int width>
struct Registers {
  using Floats [[gnu::vector_size(width), gnu::may_alias]] = float;
  using Ints [[gnu::vector_size(width), gnu::may_alias]] = int;
  static constexpr int kCount = kRowsTogether * int(sizeof(float)) / width;
};

using Eight [[gnu::vector_size(32), gnu::may_alias]] = float;
using Four [[gnu::vector_size(16), gnu::may_alias]] = float;

// Adds the upper half to the lower one, twice.
[[gnu::always_inline]] inline Four FoldSixteen(const void* sixteen) {
  const auto* halves = static_cast<const Eight*>(sixteen);
  const Eight eight = halves[0] + halves[1];
  const auto* quarters = reinterpret_cast<const Four*>(&eight);
  return quarters[0] + quarters[1];
}

[[gnu::always_inline]] inline float Sum(Four x) { return (x[0] + x[2]) + (x[1] + x[3]); }

// The same for four at once, as columns of the 4 x 4 transpose.
[[gnu::always_inline]] inline void SumEach(const Four* x, float* sums) {
  const Four low01 = __builtin_shufflevector(x[0], x[1], 0, 4, 1, 5);
  const Four low23 = __builtin_shufflevector(x[2], x[3], 0, 4, 1, 5);
  const Four high01 = __builtin_shufflevector(x[0], x[1], 2, 6, 3, 7);
  const Four high23 = __builtin_shufflevector(x[2], x[3], 2, 6, 3, 7);
  const Four even =
      __builtin_shufflevector(low01, low23, 0, 1, 4, 5) + __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
  const Four odd =
      __builtin_shufflevector(low01, low23, 2, 3, 6, 7) + __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
  const Four all = even + odd;
  for (int i = 0; i < 4; ++i) sums[i] = all[i];
}

// For `together` columns, which lie one after the other.
template <int width, int together>
[[gnu::always_inline]] inline void FoldedMaxima(const float* a, const float* b, int rows, Four* folded) {
  using Floats = typename Registers<width>::Floats;
  constexpr int kCount = Registers<width>::kCount;
  alignas(kSearchAlignment) Floats parts[together][kCount] = {};
  for (int row = 0; row < rows; row += kRowsTogether) {
    const auto* x = reinterpret_cast<const Floats*>(a + row);
    for (int i = 0; i < together; ++i) {
      const auto* y = reinterpret_cast<const Floats*>(b + static_cast<size_t>(i) * rows + row);
      for (int part = 0; part < kCount; ++part) parts[i][part] += x[part] > y[part] ? x[part] : y[part];
    }
  }
  for (int i = 0; i < together; ++i) folded[i] = FoldSixteen(parts[i]);
}

template <int width>
[[gnu::always_inline]] inline void SumsOfMaxima(const float* a, const float* b, int count, int rows, float* sums) {
  Four folded[4];
  int i = 0;
  for (; i + 4 <= count; i += 4, b += size_t{4} * rows) {
    FoldedMaxima<width, 4>(a, b, rows, folded);
    SumEach(folded, sums + i);
  }
  for (; i < count; ++i, b += rows) {
    FoldedMaxima<width, 1>(a, b, rows, folded);
    sums[i] = Sum(folded[0]);
  }
}

template <int width>
[[gnu::always_inline]] inline bool Relax(float by, float least, const float* steps, int from, int count, float* best,
                                         int* via) {
  using Floats = typename Registers<width>::Floats;
  using Ints = typename Registers<width>::Ints;
  Ints taken = {};
  for (int i = 0; i < count; i += width / int(sizeof(float))) {
    auto& value = *reinterpret_cast<Floats*>(best + i);
    auto& source = *reinterpret_cast<Ints*>(via + i);
    const Floats next = *reinterpret_cast<const Floats*>(steps + i) + by;
    const Ints better = next > value + least;
    value = better ? next : value;
    source = better ? from - Ints{} : source;
    taken |= better;
  }
  int any = 0;
  for (int i = 0; i < width / int(sizeof(int)); ++i) any |= taken[i];
  return any != 0;
}

void SumsOfMaximaPortable(const float* a, const float* b, int count, int rows, float* sums) {
  SumsOfMaxima<16>(a, b, count, rows, sums);
}

bool RelaxPortable(float by, float least, const float* steps, int from, int count, float* best, int* via) {
  return Relax<16>(by, least, steps, from, count, best, via);
}

constexpr SearchLoops kPortableLoops = {SumsOfMaximaPortable, RelaxPortable};

#if defined(__x86_64__)

[[gnu::target("avx2")]] void SumsOfMaximaAvx2(const float* a, const float* b, int count, int rows, float* sums) {
  SumsOfMaxima<32>(a, b, count, rows, sums);
}

[[gnu::target("avx2")]] bool RelaxAvx2(float by, float least, const float* steps, int from, int count, float* best,
                                       int* via) {
  return Relax<32>(by, least, steps, from, count, best, via);
}

[[gnu::target("avx512f")]] void SumsOfMaximaAvx512(const float* a, const float* b, int count, int rows, float* sums) {
  SumsOfMaxima<64>(a, b, count, rows, sums);
}

[[gnu::target("avx512f")]] bool RelaxAvx512(float by, float least, const float* steps, int from, int count, float* best,
                                            int* via) {
  return Relax<64>(by, least, steps, from, count, best, via);
}

constexpr SearchLoops kAvx2Loops = {SumsOfMaximaAvx2, RelaxAvx2};
constexpr SearchLoops kAvx512Loops = {SumsOfMaximaAvx512, RelaxAvx512};

#endif

}  // namespace

bool IsSupported(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx2) return __builtin_cpu_supports("avx2");
  if (set == InstructionSet::kAvx512) return __builtin_cpu_supports("avx512f");
#endif
  return set == InstructionSet::kPortable;
}

const SearchLoops& LoopsOf(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::kAvx512) return kAvx512Loops;
  if (set == InstructionSet::kAvx2) return kAvx2Loops;
#endif
  (void)set;
  return kPortableLoops;
}

const SearchLoops& BestLoops() {
  if (IsSupported(InstructionSet::kAvx512)) return LoopsOf(InstructionSet::kAvx512);
  if (IsSupported(InstructionSet::kAvx2)) return LoopsOf(InstructionSet::kAvx2);
  return LoopsOf(InstructionSet::kPortable);
}

}  // namespace colonnade::packing
