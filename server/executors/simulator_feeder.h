// SPDX-License-Identifier: Apache-2.0
// What the array's feeder sends up the columns in one step: for every column group the
// bits of its lanes, pixel after pixel (docs/array_manual.md, section 4).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/array/array_program.h"
#include "server/executors/simulator_loops.h"

namespace colonnade::executors {

class Feeder {
 public:
  // Serializes what the step reads of its input: `bytes`, channel-major, of `tensor`. Memory:
  // groups x alpha x pixels bytes, four times that at interleave 1.
  Feeder(const array::MatrixStep& step, const quant::Tensor& tensor, std::span<const uint8_t> bytes,
         const nn::Shape& output, const array::ArrayConfig& config);

  // Adds to `lanes` (kMaxLanes words) what the group's lanes carry in 32 cycles, the first
  // of which is `offset` cycles after pixel 0's first bit; zeros before and after the pixels.
  void AddBits(int group, int64_t offset, uint32_t* lanes) const;

 private:
  // Lanes are padded to a multiple of this.
  static constexpr int kQuad = 4;
  using Quad = uint32_t __attribute__((vector_size(4 * kQuad)));

  const int lanes_;
  const int64_t words_;            // of 32 cycles, per lane
  const int64_t group_size_;       // with a zero word before and after
  std::vector<uint32_t> streams_;  // [groups][words][lanes]
};

}  // namespace colonnade::executors
