// SPDX-License-Identifier: Apache-2.0
// One number at a time, for processors without a faster set.
#include <algorithm>
#include <array>
#include <cstring>

#include "server/executors/kernel_body.h"

namespace colonnade::executors {
namespace {

struct Portable {
  static constexpr int kRows = 16;
  static constexpr bool kJoins = false;
  static constexpr int kEntries = 4;
  using Sums = std::array<int32_t, kRows>;
  using Window = const uint8_t*;
  using Vector = std::array<uint8_t, kRows * kEntries>;

  static Sums LoadSums(const int32_t* from) {
    Sums sums;
    std::copy_n(from, kRows, sums.begin());
    return sums;
  }
  static void StoreSums(const Sums& sums, int32_t* to) { std::copy_n(sums.begin(), kRows, to); }
  static Window LoadWindow(const uint8_t* from) { return from; }
  static Vector LoadVector(const uint8_t* from) {
    Vector vector;
    std::copy_n(from, vector.size(), vector.begin());
    return vector;
  }

  static void MultiplyAdd(Window window, const Vector& positions, const Vector& weights, Sums& sums) {
    for (size_t i = 0; i < positions.size(); ++i) {
      sums[i / kEntries] += window[positions[i]] * static_cast<int8_t>(weights[i]);
    }
  }

  static void AddShifted(const uint8_t* bytes, const Sums& shift, Sums& sums) {
    for (int r = 0; r < kRows; ++r) sums[r] += bytes[r] << shift[r];
  }

  static Sums ShiftRight(const Sums& sums, const Sums& shift, bool rounded) {
    Sums shifted;
    for (int r = 0; r < kRows; ++r) {
      shifted[r] = sums[r] >> shift[r];
      if (!rounded && shift[r] > 0) shifted[r] += (sums[r] >> (shift[r] - 1)) & 1;
    }
    return shifted;
  }

  template <int kPixels>
  static void StoreBytes(const Sums (&sums)[kPixels], const KernelTask& task, uint8_t* output) {
    for (int p = 0; p < kPixels; ++p) {
      for (int r = 0; r < kRows; ++r) {
        const int q = std::clamp<int32_t>(sums[p][r], task.low, task.high);
        output[p * task.output_strides.step + r] = static_cast<uint8_t>(q + task.zero_point);
      }
    }
  }
};

}  // namespace

void RunKernelPortable(const KernelTask& task) { RunAll<Portable>(task); }

}  // namespace colonnade::executors
