// SPDX-License-Identifier: Apache-2.0
//
// Words in the order in which the machine reads them: header, columns, then for each row tile its
// tables and the weights of its column tiles. Tables say bit by bit what the eight rows do, so that
// the machine has neither shifters nor comparators for a row's own shift.
#include "server/machine/compact_layer.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/base/status.h"
#include "server/machine/refusals.h"

namespace colonnade::machine {
namespace {

constexpr int kMostTiles = 16;  // of rows, and of columns
constexpr int kMostSide = 64;   // of an output
constexpr int kMostResidualShift = 23;
constexpr int kWordBits = 11;   // select, sign, magnitude
constexpr int kChainCells = 4;  // of a chain of weight words; two chains make a row
// Cycles of a step's parts, in words.
constexpr int kHeader = 1, kColumnWords = 32, kDrain = 2, kTables = 2, kWeights = 2;

uint16_t Position(int64_t value) { return static_cast<uint16_t>(value & (kCompactPositions - 1)); }

// Along one axis: where a tap is outside the image, at the first and at the last output.
struct Outside {
  bool first = false, last = false;
};

class Emitter {
 public:
  Emitter(const CompactLayer& layer, std::vector<uint16_t>& program) : layer_(layer), program_(program) {}

  absl::Status Emit() {
    COLONNADE_RETURN_IF_ERROR(CheckSizes());
    EmitHeader();
    COLONNADE_RETURN_IF_ERROR(EmitColumns());
    for (int tile = 0; tile < layer_.row_tiles(); ++tile) {
      EmitLeftTable(tile);
      EmitRightTable(tile);
      for (int column = 0; column < layer_.column_tiles(); ++column) EmitWeights(tile, column);
    }
    return absl::OkStatus();
  }

 private:
  absl::Status CheckSizes() const {
    COLONNADE_RETURN_IF_ERROR(CheckAtMost("height", layer_.output_height, kMostSide, "use smaller images"));
    COLONNADE_RETURN_IF_ERROR(CheckAtMost("width", layer_.output_width, kMostSide, "use smaller images"));
    COLONNADE_RETURN_IF_ERROR(CheckAtMost("rows", layer_.row_tiles(), kMostTiles, "use fewer filters"));
    COLONNADE_RETURN_IF_ERROR(CheckAtMost("columns", layer_.column_tiles(), kMostTiles, "pack more densely"));
    if (layer_.output_width > 1) {
      COLONNADE_RETURN_IF_ERROR(CheckAtMost("stride", layer_.stride_w, 2, "use strides of 1 or 2"));
    }
    for (const CompactRow& row : layer_.rows) {
      COLONNADE_RETURN_IF_ERROR(CheckAtMost("shift", row.shift, kCompactMostShift, "use larger scales"));
      COLONNADE_RETURN_IF_ERROR(CheckAtMost("residual", row.residual_shift, kMostResidualShift, "use larger scales"));
    }
    return absl::OkStatus();
  }

  void Put(int64_t word) { program_.push_back(static_cast<uint16_t>(word)); }

  // From the last pixel of a row to the first one of the next row.
  int RowStep(int width, int stride_h, int stride_w) const {
    return stride_h * width - (layer_.output_width - 1) * stride_w;
  }

  void EmitHeader() {
    const CompactResidual& residual = layer_.residual;
    Put(layer_.input.bank | layer_.is_logits << 1 | (layer_.input_zero_point != 0) << 2 | layer_.is_last << 3 |
        (layer_.row_tiles() - 1) << 4 | (layer_.column_tiles() - 1) << 8);
    Put((layer_.output_width - 1) | (layer_.strip_rows() - 1) << 6);
    Put(layer_.output_height - 1);
    Put(Position(layer_.input.base) | (layer_.stride_w == 2) << 12);
    Put(Position(RowStep(layer_.input.shape.width, layer_.stride_h, layer_.stride_w)));
    Put(Position(residual.base) | (residual.stride == 2) << 12);
    Put(Position(RowStep(residual.width, residual.stride, residual.stride)));
    Put(Position(layer_.output_base));
  }

  // Outputs between the first and the last must see only the image.
  static absl::StatusOr<Outside> OutsideOf(int outputs, int stride, int offset, int size) {
    const auto is_outside = [&](int output) {
      const int at = output * stride + offset;
      return at < 0 || at >= size;
    };
    for (int output = 1; output + 1 < outputs; ++output) {
      if (is_outside(output)) {
        return InvalidField("pad",
                            fmt::format("of which output {} sees some; only the first and last; pad less", output));
      }
    }
    return Outside{is_outside(0), is_outside(outputs - 1)};
  }

  absl::Status EmitColumns() {
    const nn::Shape& in = layer_.input.shape;
    for (const CompactColumn& column : layer_.columns) {
      const int dy = column.dy - layer_.pad_top, dx = column.dx - layer_.pad_left;
      COLONNADE_ASSIGN_OR_RETURN(const Outside y, OutsideOf(layer_.output_height, layer_.stride_h, dy, in.height));
      COLONNADE_ASSIGN_OR_RETURN(const Outside x, OutsideOf(layer_.output_width, layer_.stride_w, dx, in.width));
      Put(Position(int64_t{column.block} * in.height * in.width + dy * in.width + dx) | y.first << 12 | y.last << 13 |
          x.first << 14 | x.last << 15);
    }
    program_.resize(program_.size() + static_cast<size_t>(layer_.column_tiles() * kCompactCells) -
                    layer_.columns.size());
    return absl::OkStatus();
  }

  const CompactRow* RowAt(int tile, int row) const {
    const int index = tile * kCompactCells + row;
    return index < static_cast<int>(layer_.rows.size()) ? &layer_.rows[static_cast<size_t>(index)] : nullptr;
  }

  // A word for each bit of the sums: bit b of the biases, and which rows add a residual's bit to bit b + 1.
  void EmitLeftTable(int tile) {
    for (int bit = 0; bit < kCompactWord; ++bit) {
      int word = 0;
      for (int r = 0; r < kCompactCells; ++r) {
        const CompactRow* row = RowAt(tile, r);
        if (row == nullptr) continue;
        const int next = (bit + 1) % kCompactWord - row->residual_shift;
        const bool adds = row->has_residual && next >= 0 && next < 8;
        word |= static_cast<int>(row->bias >> bit & 1) << r | adds << (8 + r);
      }
      Put(word);
    }
  }

  // A word for bit b + 1: nothing below the rounding bit, 2 for it, 3 for the byte's bits, 1 above them.
  void EmitRightTable(int tile) {
    for (int bit = 0; bit < kCompactWord; ++bit) {
      int word = 0;
      for (int r = 0; r < kCompactCells; ++r) {
        const CompactRow* row = RowAt(tile, r);
        if (row == nullptr || layer_.is_logits) continue;
        const int next = (bit + 1) % kCompactWord - row->shift;
        const int state = next < -1 ? 0 : next < 0 ? 2 : next < 8 ? 3 : 1;
        word |= (state & 1) << r | (state >> 1) << (8 + r);
      }
      Put(word);
    }
  }

  int WeightWord(int tile, int r, int c) const {
    if (RowAt(tile, r) == nullptr || c >= static_cast<int>(layer_.columns.size())) return 0;
    const size_t row = static_cast<size_t>(tile * kCompactCells + r);
    const CompactCell& cell = layer_.cells[row * layer_.columns.size() + static_cast<size_t>(c)];
    return cell.weight == 0 ? 0 : cell.select << 8 | (cell.weight < 0) << 7 | std::abs(cell.weight);
  }

  // Bit 2 r + h of every word goes into the chain of cells 4 h to 4 h + 3 of row r; what enters first ends
  // in the chain's last cell, in its highest bit.
  void EmitWeights(int tile, int column_tile) {
    for (int place = kCompactWeightWords - 1; place >= 0; --place) {
      int word = 0;
      for (int chain = 0; chain < 2 * kCompactCells; ++chain) {
        const int cell = chain % 2 * kChainCells + place / kWordBits;
        const int bits = WeightWord(tile, chain / 2, column_tile * kCompactCells + cell);
        word |= (bits >> place % kWordBits & 1) << chain;
      }
      Put(word);
    }
  }

  const CompactLayer& layer_;
  std::vector<uint16_t>& program_;
};

}  // namespace

int CompactLayer::strip_rows() const { return std::clamp(kCompactPixels / output_width, 1, output_height); }

absl::Status AppendCompactLayer(const CompactLayer& layer, std::vector<uint16_t>& program) {
  return Emitter(layer, program).Emit();
}

int64_t CompactCycles(const CompactLayer& layer) {
  const int strips = (layer.output_height + layer.strip_rows() - 1) / layer.strip_rows();
  const int64_t pixels = int64_t{layer.output_height} * layer.output_width;
  const int64_t tiles = layer.column_tiles() * (strips * kWeights + pixels);
  const int columns = (layer.column_tiles() * kCompactCells + kColumnWords - 1) / kColumnWords;
  return kCompactWord * (kHeader + columns + layer.row_tiles() * (kTables + tiles + kDrain));
}

}  // namespace colonnade::machine
