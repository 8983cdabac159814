// SPDX-License-Identifier: Apache-2.0
// vpshufb picks bytes within 16 only, and its exact multiply-add takes 16-bit numbers: a
// window of 16 bytes, two entries for each of eight rows.
#if defined(__x86_64__)
#include <immintrin.h>

#include "server/executors/kernel_body.h"

namespace colonnade::executors {
namespace {

struct Avx2 {
  static constexpr int kRows = 8;
  static constexpr bool kJoins = false;
  using Sums = __m256i;
  using Window = __m256i;
  using Vector = __m256i;

  COLONNADE_INLINE static Sums LoadSums(const int32_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  COLONNADE_INLINE static void StoreSums(Sums sums, int32_t* to) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), sums);
  }
  COLONNADE_INLINE static Window LoadWindow(const uint8_t* from) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  COLONNADE_INLINE static Vector LoadVector(const uint8_t* from) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
  }

  COLONNADE_INLINE static void MultiplyAdd(Window window, Vector positions, Vector weights, Sums& sums) {
    sums = _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_shuffle_epi8(window, positions), weights));
  }

  COLONNADE_INLINE static void AddShifted(const uint8_t* bytes, Sums shift, Sums& sums) {
    const __m256i values = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes)));
    sums = _mm256_add_epi32(sums, _mm256_sllv_epi32(values, shift));
  }

  // As for AVX-512; a shift by more than 31 gives zero.
  COLONNADE_INLINE static Sums ShiftRight(Sums sums, Sums shift, bool rounded) {
    const __m256i shifted = _mm256_srav_epi32(sums, shift);
    if (rounded) return shifted;
    const __m256i one = _mm256_set1_epi32(1);
    const __m256i last = _mm256_srlv_epi32(sums, _mm256_sub_epi32(shift, one));
    return _mm256_add_epi32(shifted, _mm256_and_si256(last, one));
  }

  template <int kPixels>
  COLONNADE_INLINE static void StoreBytes(const Sums (&sums)[kPixels], const KernelTask& task, uint8_t* output) {
    const __m128i low = _mm_set1_epi16(task.low), high = _mm_set1_epi16(task.high);
    for (int p = 0; p < kPixels; ++p) {
      __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(sums[p]), _mm256_extracti128_si256(sums[p], 1));
      words = _mm_min_epi16(_mm_max_epi16(words, low), high);
      words = _mm_add_epi16(words, _mm_set1_epi16(task.zero_point));
      _mm_storel_epi64(reinterpret_cast<__m128i*>(output + p * task.output_strides.step),
                       _mm_packus_epi16(words, words));
    }
  }
};

}  // namespace

void RunKernelAvx2(const KernelTask& task) { RunAll<Avx2>(task); }

}  // namespace colonnade::executors
#endif
