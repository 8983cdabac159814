// SPDX-License-Identifier: Apache-2.0
// What every executor runs: a QuantizedNetwork whose matrix layers are packed
// for one ArrayConfig and cut into tiles, with the cycles they will take.
//
// Plain data, immutable once compiled; share freely between threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "server/array/array_config.h"
#include "server/quant/quantized_network.h"

namespace colonnade::array {

// Cycles of the array clock, by what they are spent on (docs/array_manual.md, section
// 8). The parts sum to the total: each cycle is in one of them.
struct Cycles {
  int64_t fill = 0;         // until the step's first word reaches the last column
  int64_t stream = 0;       // words: 8 cycles per pixel and tile at interleave 4, else 32
  int64_t drain = 0;        // after the step's last word, until the last output is written
  int64_t weight_load = 0;  // waiting for a tile's weights
  int64_t stall = 0;        // waiting for the sums of the column tile before

  int64_t total() const { return fill + stream + drain + weight_load + stall; }
  Cycles& operator+=(const Cycles& other);
  friend bool operator==(const Cycles&, const Cycles&) = default;
};

// rows = filters; columns = groups. Cell (r, g) multiplies the weight with the
// activation of column group_columns[g][lane]. An empty cell has weight 0, lane 0.
// A column is in at most one group, and in none when it is zero everywhere; a
// matrix of zeros keeps one group of its first column.
struct PackedMatrix {
  int rows = 0;
  int groups = 0;
  std::vector<int8_t> weights;                  // [rows][groups], -127..127
  std::vector<uint8_t> lanes;                   // [rows][groups], < group_columns[g].size()
  std::vector<std::vector<int>> group_columns;  // [groups], indices into column_sites, at most alpha each
  std::vector<nn::Column> column_sites;         // the layer's filter-matrix columns

  int64_t nonzero_cells() const;
};

// The part of a packed matrix that is in the array at once. Groups without a
// nonzero weight in these rows are left out; rows without any weight, which are
// their biases only, still pass through the array in a tile of a single group. The
// tiles of a step are in the order in which they run; those of the same rows follow
// one another and add up.
struct Tile {
  int row_begin = 0, row_end = 0;  // half open, at most config.rows
  std::vector<int> groups;         // ascending, 1..config.columns of them
  Cycles cycles;
};

// As quant::MatrixLayer, packed. `bias` is corrected for the byte form of a
// signed input: bias - 128 * sum of the row's weights. Then
//   acc[r][p] = bias[r] + sum over g of weight[r][g] * byte(lane of g, p) + residual
// with byte = the input's zero point outside the image.
struct MatrixStep {
  int input = 0;
  nn::Window window;
  PackedMatrix matrix;
  std::vector<int32_t> bias;
  std::vector<uint8_t> shift;
  std::optional<quant::Residual> residual;
  int low = 0, high = 255;
  bool is_logits = false;
  std::vector<Tile> tiles;
  Cycles cycles;              // sum over tiles
  int64_t dense_columns = 0;  // nonempty columns of the unpacked filter matrix
};

struct Step {
  std::string name;
  std::variant<MatrixStep, quant::HostLayer> operation;
};

// Step i writes tensors[i + 1], as in QuantizedNetwork.
struct ArrayProgram {
  ArrayConfig config;
  std::string input_name, output_name;
  std::vector<quant::Tensor> tensors;
  std::vector<Step> steps;
  double logit_scale = 1.0;
  bool softmax = false;
  Cycles cycles;  // one image; n images take n times as many
};

// Totals over the matrix steps, for reports.
struct ProgramSize {
  int64_t columns = 0;  // array columns: groups over all matrix steps
  int64_t tiles = 0;
  int64_t cells = 0;       // rows * groups over all matrix steps
  int64_t tile_cells = 0;  // array cells over all tiles: with tile rounding
  int64_t nonzero_cells = 0;
  // One byte per cell, plus its lane index: ceil(log2(largest group)) bits, rounded
  // up to bytes per row of a packed matrix.
  int64_t weight_bytes = 0;
};
ProgramSize SizeOf(const ArrayProgram& program);

// Everything stated above; that tiles cover each nonzero cell exactly once, no cell
// twice and each row at least once; that cycles are those of the schedule (schedule.h)
// and add up; and quant::Check of the
// unpacked network, so that shapes fit and no accumulator can overflow. A program
// from an untrusted file that passes is safe to run: every index is in range, and
// memory is bounded by the limits below. An error names the step.
absl::Status Check(const ArrayProgram& program);

inline constexpr int64_t kMaxWeights = int64_t{1} << 28;      // unpacked, over all steps
inline constexpr int64_t kMaxActivations = int64_t{1} << 28;  // over all tensors
inline constexpr int64_t kMaxPaddedInput = int64_t{1} << 27;  // of one matrix step

}  // namespace colonnade::array
