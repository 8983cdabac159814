// SPDX-License-Identifier: Apache-2.0
// Where the kernels executor keeps tensors: all in one arena, pixel by pixel (the
// channels of a pixel side by side), with a border of zero points wide enough for every
// window that reads them, so that no kernel asks whether it is inside the image.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/array/array_program.h"

namespace colonnade::executors {

struct PixelLayout {
  nn::Shape shape;
  int64_t step = 0;    // bytes from a pixel to the next of its line
  int64_t line = 0;    // bytes from a line to the next
  int64_t origin = 0;  // of pixel (0, 0), from the arena's begin
  int64_t begin = 0, end = 0;  // what the tensor occupies of the arena, border included
  uint8_t zero_point = 0;

  int64_t At(int y, int x) const { return origin + y * line + x * step; }
};

struct ArenaLayout {
  std::vector<PixelLayout> tensors;  // by program tensor
  int64_t size = 0;                  // bytes, from a 64-byte boundary on
};

// Kernels write whole blocks of kChannelBlock channels and read up to kReach bytes from a
// pixel on, whatever the tensor's channels are.
inline constexpr int kChannelBlock = 16;
inline constexpr int kReach = 64;

// REQUIRES: array::Check(program).
ArenaLayout LayOut(const array::ArrayProgram& program);

// Channel-major bytes into the tensor's place, and back: as bytes, or as q = byte - zero point.
void Scatter(std::span<const uint8_t> bytes, const PixelLayout& layout, uint8_t* arena);
void Gather(const PixelLayout& layout, const uint8_t* arena, std::span<uint8_t> bytes);
void GatherValues(const PixelLayout& layout, const uint8_t* arena, std::span<int32_t> values);

}  // namespace colonnade::executors
