// SPDX-License-Identifier: Apache-2.0
// vpermb picks 64 bytes of a window of 64, vpdpbusd multiplies them and adds fours.
#if defined(__x86_64__)
#include <immintrin.h>

#include "server/executors/kernel_body.h"

namespace colonnade::executors {
namespace {

struct Avx512 {
  static constexpr int kRows = 16;
  static constexpr bool kJoins = true;
  using Sums = __m512i;
  using Window = __m512i;
  using Vector = __m512i;

  COLONNADE_INLINE static Sums LoadSums(const int32_t* from) { return _mm512_loadu_si512(from); }
  COLONNADE_INLINE static void StoreSums(Sums sums, int32_t* to) { _mm512_storeu_si512(to, sums); }
  // Kept in a register: loaded again for each code, windows across cache lines take longer than all the rest.
  COLONNADE_INLINE static Window LoadWindow(const uint8_t* from) {
    Window window = _mm512_loadu_si512(from);
    asm("" : "+v"(window));
    return window;
  }
  COLONNADE_INLINE static Vector LoadVector(const uint8_t* from) { return _mm512_load_si512(from); }

  COLONNADE_INLINE static void MultiplyAdd(Window window, Vector positions, Vector weights, Sums& sums) {
    AddProducts(_mm512_permutexvar_epi8(positions, window), weights, sums);
  }

  COLONNADE_INLINE static void MultiplyAdd(Window first, Window second, Vector positions, Vector weights, Sums& sums) {
    AddProducts(_mm512_permutex2var_epi8(first, positions, second), weights, sums);
  }

  // With the intrinsic GCC 12 moves sums about.
  COLONNADE_INLINE static void AddProducts(__m512i selected, Vector weights, Sums& sums) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(selected), "v"(weights));
  }

  COLONNADE_INLINE static void AddShifted(const uint8_t* bytes, Sums shift, Sums& sums) {
    const __m512i values = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
    sums = _mm512_add_epi32(sums, _mm512_sllv_epi32(values, shift));
  }

  // With `rounded` halves are in the sums; else bit shift - 1 is what rounding up adds, and
  // cannot overflow.
  COLONNADE_INLINE static Sums ShiftRight(Sums sums, Sums shift, bool rounded) {
    const __m512i shifted = _mm512_srav_epi32(sums, shift);
    if (rounded) return shifted;
    const __m512i one = _mm512_set1_epi32(1);
    const __m512i last = _mm512_srav_epi32(sums, _mm512_sub_epi32(shift, one));
    const __mmask16 shifts = _mm512_cmpgt_epi32_mask(shift, _mm512_setzero_si512());
    return _mm512_mask_add_epi32(shifted, shifts, shifted, _mm512_and_si512(last, one));
  }

  COLONNADE_INLINE static __m512i Limit(__m512i words, const KernelTask& task) {
    if (task.low == 0 && task.high == 255) return words;  // packing saturates to that
    words = _mm512_max_epi16(words, _mm512_set1_epi16(task.low));
    words = _mm512_min_epi16(words, _mm512_set1_epi16(task.high));
    return _mm512_add_epi16(words, _mm512_set1_epi16(task.zero_point));
  }

  // Packing works within 128-bit lanes: afterwards lane i has rows 4i to 4i + 3 of each of four pixels.
  COLONNADE_INLINE static __m512i Pack(const Sums* sums, const KernelTask& task) {
    const __m512i low = Limit(_mm512_packs_epi32(sums[0], sums[1]), task);
    const __m512i high = Limit(_mm512_packs_epi32(sums[2], sums[3]), task);
    const __m512i by_pixel = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return _mm512_permutexvar_epi32(by_pixel, _mm512_packus_epi16(low, high));
  }

  template <int kPixels>
  COLONNADE_INLINE static void StoreBytes(const Sums (&sums)[kPixels], const KernelTask& task, uint8_t* output) {
    const int64_t step = task.output_strides.step;
    if constexpr (kPixels == 1) {
      const Sums same[4] = {sums[0], sums[0], sums[0], sums[0]};
      _mm_storeu_si128(reinterpret_cast<__m128i*>(output), _mm512_castsi512_si128(Pack(same, task)));
      return;
    }
    for (int p = 0; p + 4 <= kPixels; p += 4) {
      const __m512i bytes = Pack(sums + p, task);
      uint8_t* const to = output + p * step;
      if (step == kRows) {
        _mm512_storeu_si512(to, bytes);
        continue;
      }
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_castsi512_si128(bytes));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + step), _mm512_extracti32x4_epi32(bytes, 1));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 2 * step), _mm512_extracti32x4_epi32(bytes, 2));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 3 * step), _mm512_extracti32x4_epi32(bytes, 3));
    }
  }
};

}  // namespace

void RunKernelAvx512(const KernelTask& task) { RunAll<Avx512>(task); }

}  // namespace colonnade::executors
#endif
