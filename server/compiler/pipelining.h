// SPDX-License-Identifier: Apache-2.0
// Cross-layer pipelining (arXiv:1811.04770, section on cross-layer pipelining): every matrix
// layer has an array of its own, as large as its packed filter matrix, with its weights in
// place; pixels stream from one into the next. Predicts single-image latency, beside running
// one array layer by layer (ArrayProgram::cycles). A model: no such machine is built here.
//
// A layer issues pixel p, in raster order, as soon as the pixels that its window ends with
// are there, and a word time W after pixel p - 1. With C columns and R rows its output pixel
// can be read by the next layer
//   kStartUp + (C - 1) + (R - 1) + kSumBits + kRequantize + 1
// cycles later: feeder, the way through the array, the sum's bits, requantization, the write
// (docs/array_manual.md, sections 4 and 6). A 3x3 window waits for a line and a pixel of its
// input; lines are kept in line buffers. Steps beside the array are streams too and add no
// cycles of their own. The image is in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/array/array_program.h"

namespace colonnade::compiler {

// One matrix step's array. Cycles count from the image's first word.
struct PipelinedStep {
  std::string name;
  int rows = 0, columns = 0;
  int64_t first_word = 0;    // enters
  int64_t last_output = 0;   // can be read
  int64_t buffer_bytes = 0;  // line buffer: (kernel height - 1) * dilation lines of the input
};

struct Pipelined {
  std::vector<PipelinedStep> steps;
  int64_t latency = 0;   // cycles, one image
  int64_t interval = 0;  // cycles between two images: the slowest layer's words
  int64_t cells = 0;     // of all arrays
  int64_t buffer_bytes = 0;
};

// REQUIRES: array::Check(program). The program's interleave counts, its array's size does not.
Pipelined PredictPipelined(const array::ArrayProgram& program);

}  // namespace colonnade::compiler
