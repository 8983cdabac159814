// SPDX-License-Identifier: Apache-2.0
// A step of the compact machine before it becomes words: everything that it runs is a sliding
// window whose columns are blocks of eight channels at one tap. Private to server/machine.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "server/machine/compact_image.h"

namespace colonnade::machine {

inline constexpr int kCompactMostShift = 24;  // of a row: eight bits are left above it

struct CompactColumn {
  int block = 0;
  int dy = 0, dx = 0;  // input pixels from the window's corner
};

struct CompactCell {
  int weight = 0;  // -127..127
  int select = 0;  // channel of the block
};

struct CompactRow {
  uint32_t bias = 0;
  int shift = 0;
  int residual_shift = 0;
  bool has_residual = false;  // some rows of a step have none: those of padded channels
};

// Where the residual of the first block's first pixel would be; -1 for rows that have none in front.
struct CompactResidual {
  int base = 0;  // modulo kCompactPositions
  int stride = 1;
  int width = 0;  // of the tensor that is read
};

struct CompactLayer {
  CompactPlace input;
  int input_zero_point = 0;
  int stride_h = 1, stride_w = 1, pad_top = 0, pad_left = 0;
  int output_base = 0;  // in the other bank
  int output_height = 1, output_width = 1;
  bool is_logits = false, is_last = false;
  CompactResidual residual;
  std::vector<CompactColumn> columns;
  std::vector<CompactRow> rows;
  std::vector<CompactCell> cells;  // [rows][columns]

  int row_tiles() const { return (static_cast<int>(rows.size()) + kCompactCells - 1) / kCompactCells; }
  int column_tiles() const { return (static_cast<int>(columns.size()) + kCompactCells - 1) / kCompactCells; }
  int strip_rows() const;  // output rows of a strip
};

// Appends the step's words. Refused, as InvalidField: stride, pad, width, height, rows, columns,
// shift, residual.
absl::Status AppendCompactLayer(const CompactLayer& layer, std::vector<uint16_t>& program);

// Of one image.
int64_t CompactCycles(const CompactLayer& layer);

}  // namespace colonnade::machine
