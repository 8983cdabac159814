// SPDX-License-Identifier: Apache-2.0
// The integer arithmetic between layers: THE specification of every rounding,
// shift and saturation after quantization (docs/numerics.md explains it, the
// hardware mirrors it). All executors call or reproduce these functions bit for
// bit. Header-only so that kernels inline it.
//
// Vocabulary: q is a tensor's quantized value (unsigned tensor 0..255, signed
// tensor -128..127; real value = scale * q). A byte is q + zero point (0 or 128):
// the form in which activations are stored and enter the array, always 0..255.
#pragma once

#include <algorithm>
#include <cstdint>

namespace colonnade::quant {

inline constexpr int kSignedZeroPoint = 128;
inline constexpr int kMaxShift = 31;   // of a requantization, inclusive
inline constexpr int kMaxWeight = 127; // weights are symmetric: -127..127

// floor(accumulator / 2^shift + 1/2): a rounding right shift, halves up.
// 0 <= shift <= kMaxShift. The sum is taken in 64 bits and cannot overflow.
inline int64_t RoundingShift(int64_t accumulator, int shift) {
  return shift == 0 ? accumulator : (accumulator + (int64_t{1} << (shift - 1))) >> shift;
}

// One rounding, one saturation: q = min(max(RoundingShift(acc, shift), low), high).
inline int Requantize(int64_t accumulator, int shift, int low, int high) {
  return static_cast<int>(std::clamp<int64_t>(RoundingShift(accumulator, shift), low, high));
}

// floor(sum / count + 1/2) for count >= 1: averages round halves up too.
inline int64_t RoundingDivide(int64_t sum, int64_t count) {
  const int64_t numerator = 2 * sum + count;
  const int64_t denominator = 2 * count;
  const int64_t quotient = numerator / denominator;
  return quotient - ((numerator % denominator) < 0 ? 1 : 0);
}

}  // namespace colonnade::quant
