// SPDX-License-Identifier: Apache-2.0
#include "server/packing/prune_magnitude.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace colonnade::packing {

int64_t PruneMagnitude(double fraction, nn::FilterMatrix& matrix) {
  std::vector<size_t> nonzero;
  for (size_t i = 0; i < matrix.values.size(); ++i) {
    if (matrix.values[i] != 0) nonzero.push_back(i);
  }
  const auto count = static_cast<int64_t>(fraction * static_cast<double>(nonzero.size()));
  const auto smaller = [&](size_t a, size_t b) {
    const float magnitude_a = std::abs(matrix.values[a]), magnitude_b = std::abs(matrix.values[b]);
    return magnitude_a < magnitude_b || (magnitude_a == magnitude_b && a < b);
  };
  std::nth_element(nonzero.begin(), nonzero.begin() + count, nonzero.end(), smaller);
  for (int64_t i = 0; i < count; ++i) matrix.values[nonzero[i]] = 0;
  return count;
}

}  // namespace colonnade::packing
