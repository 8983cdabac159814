// SPDX-License-Identifier: Apache-2.0
// Cross-layer pipelining (arXiv:1811.04770, section on cross-layer pipelining): every matrix
// layer has an array of its own, with its weights in place; pixels stream from one into the
// next. Predicts single-image latency, beside running one array layer by layer
// (ArrayProgram::cycles). Two layers in a row are built, server/rtl/chained_arrays.sv, and
// equal this model cycle by cycle (tests/rtl/chain); longer chains, residuals and steps beside
// the array are predicted.
//
// A layer issues pixel p, in raster order, as soon as the pixels that its window ends with
// are there, and a word time W after pixel p - 1. With C columns and R rows its output pixel
// can be read by the next layer
//   kStartUp + (C - 1) + (R - 1) + kSumBits + kRequantize + 1
// cycles later: feeder, the way through the array, the sum's bits, requantization, the write
// (docs/array_manual.md, sections 4 and 6). "Can be read" is said of the cycle in which a word
// that needs the pixel may be issued; its byte is then read one cycle later or more.
//
// A 3x3 window waits for a line and a pixel of its input. Of the input the line buffer keeps
// two lines, and beyond them what the window's own line and the pixels that arrive until the
// last column has read take. Steps beside the array are streams too and add no cycles of
// their own; their buffers, and those in which residuals wait, are not counted. The image is in
// memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "server/array/array_program.h"

namespace colonnade::compiler {

struct ArraySize {
  int rows = 0, columns = 0;

  friend bool operator==(const ArraySize&, const ArraySize&) = default;
};

// One matrix step's array. Cycles count from the image's first word.
struct PipelinedStep {
  std::string name;
  int rows = 0, columns = 0;
  int64_t first_word = 0;   // enters
  int64_t last_output = 0;  // can be read
  // Line buffer: the most pixels of the input from the first that is still to be read to the
  // last that is written. None for a step that reads the image.
  int64_t buffer_pixels = 0;
  int64_t buffer_bytes = 0;
};

struct Pipelined {
  std::vector<PipelinedStep> steps;
  int64_t latency = 0;   // cycles, one image
  int64_t interval = 0;  // cycles between two images: the longest that a layer issues words of one
  int64_t cells = 0;     // of all arrays
  int64_t buffer_bytes = 0;
};

// REQUIRES: array::Check(program). The program's interleave counts, its array's size does not:
// every array is as large as its packed filter matrix.
Pipelined PredictPipelined(const array::ArrayProgram& program);

// The same with these arrays. REQUIRES: one for each matrix step, in their order, each at least
// as large as the packed matrix. A sum passes all columns, used or not, and a pixel is there
// when the highest row has written.
Pipelined PredictPipelined(const array::ArrayProgram& program, std::span<const ArraySize> arrays);

}  // namespace colonnade::compiler
