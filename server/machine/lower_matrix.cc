// SPDX-License-Identifier: Apache-2.0
//
// A tile's columns are written as they stand: column c of the array is the tile's group c. Which
// byte of the word a lane carries follows from the channel; which lane a cell chooses is that of
// the packed matrix under same_tap and, under channel_block, where a column carries a whole block
// of bytes, the byte's number in its block.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "server/array/schedule.h"
#include "server/base/status.h"
#include "server/machine/bit_fields.h"
#include "server/machine/lowering.h"
#include "server/machine/refusals.h"

namespace colonnade::machine {
namespace {

using array::MatrixStep;
using array::Tile;

constexpr int kMostTap = 255;
constexpr int kMostNumbers = 1 << 16;

// What a filter-matrix column reads: a byte of the word at a tap.
struct Site {
  int byte = 0;
  Tap tap;
};

// The input as the feeder walks over it: a flattened image is one window as large as the image.
struct Input {
  TensorPlace place;
  nn::Window window;
  bool is_flattened = false;

  Site SiteOf(const nn::Column& column) const {
    if (!is_flattened) {
      return {place.lane + column.channel, {column.dy * window.dilation_h, column.dx * window.dilation_w}};
    }
    const int pixel = column.channel % place.positions();
    return {place.lane + column.channel / place.positions(), {pixel / place.shape.width, pixel % place.shape.width}};
  }
};

absl::StatusOr<Input> InputOf(const MatrixStep& matrix, const Lowering& lowering) {
  const TensorPlace& place = lowering.place(matrix.input);
  if (place.shape == lowering.tensor(matrix.input).shape) return Input{place, matrix.window, false};
  nn::Window plain;
  plain.stride_h = matrix.window.stride_h;
  plain.stride_w = matrix.window.stride_w;
  if (matrix.window == plain) return Input{place, {}, true};
  return lowering.PlaceAsIs(matrix.input).status();
}

class MatrixLowering {
 public:
  MatrixLowering(const MatrixStep& matrix, int output, Lowering& lowering)
      : matrix_(matrix), output_(output), lowering_(lowering) {}

  absl::Status Lower() {
    COLONNADE_RETURN_IF_ERROR(Check());
    COLONNADE_ASSIGN_OR_RETURN(input_, InputOf(matrix_, lowering_));
    StepWords step(StepKind::kMatrix);
    COLONNADE_RETURN_IF_ERROR(SetWords(step));
    COLONNADE_RETURN_IF_ERROR(CheckGroups());
    for (size_t tile = 0; tile < matrix_.tiles.size(); ++tile) AppendTile(tile);
    lowering_.AppendStep(step);
    lowering_.CountMatrixStep(pixels(), static_cast<int64_t>(matrix_.tiles.size()));
    return absl::OkStatus();
  }

 private:
  int64_t pixels() const { return int64_t{out().height} * out().width; }
  const nn::Shape& out() const { return lowering_.tensor(output_).shape; }
  bool carries_blocks() const { return lowering_.config().feed_rule == nn::FeedRule::kChannelBlock; }
  int alpha() const { return lowering_.config().alpha; }

  absl::Status Check() const {
    const DeviceLimits& limits = lowering_.limits();
    COLONNADE_RETURN_IF_ERROR(CheckAtMost("pixels", pixels(), std::min(limits.pixels, kMostNumbers),
                                          "use smaller images, or a device with more PIXELS"));
    COLONNADE_RETURN_IF_ERROR(CheckAtMost("step_tiles", static_cast<int64_t>(matrix_.tiles.size()),
                                          std::min(limits.tiles, kMostNumbers),
                                          "pack the layer more densely, or use a device with more TILES"));
    const int64_t tiles = int64_t{lowering_.count(MemoryId::kTiles)} + static_cast<int64_t>(matrix_.tiles.size());
    COLONNADE_RETURN_IF_ERROR(CheckAtMost("tiles", tiles, std::min(limits.tile_words, kMostNumbers),
                                          "use a device with a deeper memory, or a smaller network"));
    COLONNADE_RETURN_IF_ERROR(CheckRowBlocks());
    return matrix_.is_logits ? CheckLogits() : absl::OkStatus();
  }

  // Whole row blocks: results have the numbers of their filters, and no two rows that write in the
  // same cycle share a bank.
  absl::Status CheckRowBlocks() const {
    const int rows = lowering_.config().rows;
    for (const Tile& tile : matrix_.tiles) {
      if (tile.row_begin % rows == 0) continue;
      return InvalidField(
          "row_block",
          fmt::format("begins with row {}; with a multiple of {}; compile the network again", tile.row_begin, rows));
    }
    return absl::OkStatus();
  }

  absl::Status CheckLogits() const {
    if (pixels() != 1) {
      return InvalidField("logits", fmt::format("of {} pixels; of 1; pool the image before", pixels()));
    }
    return CheckAtMost("results", matrix_.matrix.rows, lowering_.limits().result_words,
                       "use a device with more results, or fewer classes");
  }

  absl::Status SetWords(StepWords& step) const {
    const quant::Tensor& in = lowering_.tensor(matrix_.input);
    COLONNADE_RETURN_IF_ERROR(SetWindow(input_.place, in.zero_point(), input_.window, out(), step));
    step.Set(6, 0, 16, matrix_.tiles.size() - 1);
    step.Set(6, 16, 16, lowering_.count(MemoryId::kTiles));
    step.Set(7, 0, 32, lowering_.count(MemoryId::kWeights));
    step.Set(8, 0, 32, lowering_.count(MemoryId::kColumns));
    step.Set(9, 0, 32, lowering_.count(MemoryId::kRows));
    if (matrix_.is_logits) {
      step.Set(0, 5, 1, 1);
      return absl::OkStatus();
    }
    SetOutput(lowering_.place(output_), lowering_.tensor(output_).zero_point(), matrix_.low, matrix_.high, step);
    return matrix_.residual ? SetResidual(step) : absl::OkStatus();
  }

  absl::Status SetResidual(StepWords& step) const {
    COLONNADE_ASSIGN_OR_RETURN(const TensorPlace residual, lowering_.PlaceAsIs(matrix_.residual->tensor));
    step.Set(0, 4, 1, 1);
    step.Set(12, 0, 16, residual.base);
    return absl::OkStatus();
  }

  Site SiteOf(int group, size_t lane) const {
    return input_.SiteOf(matrix_.matrix.column_sites[matrix_.matrix.group_columns[group][lane]]);
  }

  absl::Status CheckGroups() const {
    for (int group = 0; group < matrix_.matrix.groups; ++group) {
      const Site first = SiteOf(group, 0);
      COLONNADE_RETURN_IF_ERROR(
          CheckAtMost("tap", std::max(first.tap.first, first.tap.second), kMostTap, "use smaller windows"));
      for (size_t lane = 1; lane < matrix_.matrix.group_columns[group].size(); ++lane) {
        COLONNADE_RETURN_IF_ERROR(CheckSharing(group, first, SiteOf(group, lane)));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckSharing(int group, const Site& a, const Site& b) const {
    if (a.tap != b.tap) {
      return InvalidField("group", fmt::format("{} reads taps ({}, {}) and ({}, {}); one position at a time; pack the "
                                               "layer by feed rule same_tap, or unpacked",
                                               group, a.tap.first, a.tap.second, b.tap.first, b.tap.second));
    }
    if (!carries_blocks() || a.byte / alpha() == b.byte / alpha()) return absl::OkStatus();
    return InvalidField("group",
                        fmt::format("{} reads bytes {} and {} of a word; one block of {}; permute channels, or "
                                    "use a device with feed rule same_tap",
                                    group, a.byte, b.byte, alpha()));
  }

  void AppendTile(size_t index) {
    const Tile& tile = matrix_.tiles[index];
    const bool continues = array::ContinuesSums(matrix_.tiles, index);
    const bool ends = index + 1 == matrix_.tiles.size() || !array::ContinuesSums(matrix_.tiles, index + 1);
    if (!continues) AppendRows(tile);
    const std::span<uint64_t> word = lowering_.AppendWord(MemoryId::kTiles);
    SetBits(word, 0, 8, tile.row_end - tile.row_begin - 1);
    SetBits(word, 8, 1, continues);
    SetBits(word, 9, 1, ends);
    for (int row = tile.row_end - 1; row >= tile.row_begin; --row) AppendWeights(tile, row);
    for (int column = 0; column < lowering_.config().columns; ++column) AppendColumn(tile, column);
  }

  void AppendWeights(const Tile& tile, int row) {
    const std::span<uint64_t> word = lowering_.AppendWord(MemoryId::kWeights);
    const int width = 8 + array::SelectBits(lowering_.config());
    for (size_t column = 0; column < tile.groups.size(); ++column) {
      const int group = tile.groups[column];
      const size_t cell = size_t(row) * matrix_.matrix.groups + group;
      const int weight = matrix_.matrix.weights[cell];
      if (weight == 0) continue;
      const int lane = matrix_.matrix.lanes[cell];
      const int select = carries_blocks() ? SiteOf(group, lane).byte % alpha() : lane;
      SetBits(word, static_cast<int>(column) * width, width, select << 8 | (weight < 0) << 7 | std::abs(weight));
    }
  }

  void AppendColumn(const Tile& tile, int column) {
    const std::span<uint64_t> word = lowering_.AppendWord(MemoryId::kColumns);
    if (column >= static_cast<int>(tile.groups.size())) return;
    const int group = tile.groups[column];
    const Site first = SiteOf(group, 0);
    const auto [dy, dx] = first.tap;
    SetBits(word, 0, 8, dy);
    SetBits(word, 8, 8, dx);
    SetBits(word, 16, 16, TwosComplement(int64_t{dy} * input_.place.shape.width + dx, 16));
    if (carries_blocks()) {
      SetBits(word, 32, 8, first.byte / alpha());
      return;
    }
    for (size_t lane = 0; lane < matrix_.matrix.group_columns[group].size(); ++lane) {
      SetBits(word, 32 + 8 * static_cast<int>(lane), 8, SiteOf(group, lane).byte);
    }
  }

  void AppendRows(const Tile& tile) {
    for (int row = 0; row < lowering_.config().rows; ++row) {
      const std::span<uint64_t> word = lowering_.AppendWord(MemoryId::kRows);
      if (tile.row_begin + row < tile.row_end) SetRow(tile.row_begin + row, word);
    }
  }

  void SetRow(int filter, std::span<uint64_t> word) {
    auto bias = static_cast<uint32_t>(matrix_.bias[filter]);
    if (matrix_.residual) {
      const int shift = matrix_.shift[filter] + matrix_.residual->exponent;
      bias -= static_cast<uint32_t>(lowering_.tensor(matrix_.residual->tensor).zero_point()) << shift;
      SetBits(word, 37, 5, shift);
      SetBits(word, 51, 8, lowering_.place(matrix_.residual->tensor).lane + filter);
    }
    SetBits(word, 0, 32, bias);
    SetBits(word, 32, 5, matrix_.shift[filter]);
    SetBits(word, 42, 1, 1);
    if (!matrix_.is_logits) SetBits(word, 43, 8, lowering_.place(output_).lane + filter);
  }

  const MatrixStep& matrix_;
  const int output_;
  Lowering& lowering_;
  Input input_;
};

}  // namespace

absl::Status LowerMatrix(const MatrixStep& matrix, int output, Lowering& lowering) {
  return MatrixLowering(matrix, output, lowering).Lower();
}

}  // namespace colonnade::machine
