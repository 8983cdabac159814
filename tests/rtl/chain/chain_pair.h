// SPDX-License-Identifier: Apache-2.0
// Two convolutions, the second on the output of the first, that fit the two arrays of a chain whole.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "server/array/array_program.h"
#include "server/compiler/pipelining.h"
#include "tests/rtl/chain/chain_device.h"

namespace colonnade::rtl {

struct ChainPair {
  std::shared_ptr<const array::ArrayProgram> program;  // of two matrix steps with a tile each
  compiler::Pipelined predicted;                       // on the arrays of the shape
  bool fills_arrays = false;                           // packed matrices are as large as these

  const array::MatrixStep& step(int index) const {
    return std::get<array::MatrixStep>(program->steps[size_t(index)].operation);
  }
  const quant::Tensor& tensor(int index) const { return program->tensors[size_t(index)]; }
};

// 1x1 windows, padded 3x3 ones with stride 1 and 2, one tap per channel, and any others with
// dilation and uneven padding; signed and unsigned tensors, random groups, weights and shifts. The
// line buffer has `least` to `most` pixels. The same seed gives the same pair.
ChainPair RandomPair(const ChainShape& shape, uint64_t seed, int least = 0, int most = kBufferPositions);

// Random bytes for its image, channel by channel.
std::vector<uint8_t> RandomImage(const ChainPair& pair, uint64_t seed);

// What the second layer writes, channel by channel, by the reference executor.
std::vector<uint8_t> ReferenceOutput(const ChainPair& pair, const std::vector<uint8_t>& image);

}  // namespace colonnade::rtl
