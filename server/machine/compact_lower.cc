// SPDX-License-Identifier: Apache-2.0
#include "server/machine/compact_lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "server/base/status.h"
#include "server/machine/compact_layer.h"
#include "server/machine/compact_storage.h"
#include "server/machine/refusals.h"
#include "server/quant/requantization.h"

namespace colonnade::machine {
namespace {

using array::MatrixStep;
using quant::AveragePoolLayer;

constexpr int kConstantShift = 8;  // of a row whose byte is always the same

class CompactLowering {
 public:
  explicit CompactLowering(const array::ArrayProgram& program) : program_(program) {}

  absl::StatusOr<CompactImage> Lower() {
    COLONNADE_ASSIGN_OR_RETURN(places_, PlaceCompact(program_));
    made_.input = place(0);
    for (size_t index = 0; index < program_.steps.size(); ++index) {
      if (IsView(program_.steps[index])) continue;
      step_ = static_cast<int>(index);
      if (const absl::Status status = LowerStep(); !status.ok()) {
        return Annotate(status, fmt::format("step '{}'", program_.steps[index].name));
      }
    }
    SetResult();
    COLONNADE_RETURN_IF_ERROR(CheckAtMost("program", static_cast<int64_t>(made_.program.size()), kCompactProgramWords,
                                          "pack more densely, or use a smaller network"));
    return std::move(made_);
  }

 private:
  const array::Step& step() const { return program_.steps[static_cast<size_t>(step_)]; }
  bool is_last() const { return step_ + 1 == static_cast<int>(program_.steps.size()); }
  const quant::Tensor& tensor(int index) const { return program_.tensors[static_cast<size_t>(index)]; }
  const CompactPlace& place(int tensor) const { return *places_[static_cast<size_t>(tensor)]; }

  void SetResult() {
    const int last = static_cast<int>(program_.tensors.size()) - 1;
    made_.result_bank = place(last).bank;
    made_.result_base = place(last).base;
    made_.results = tensor(last).shape.channels;
  }

  absl::Status LowerStep() {
    if (const auto* matrix = std::get_if<MatrixStep>(&step().operation)) return LowerMatrix(*matrix);
    const auto* average = std::get_if<AveragePoolLayer>(&std::get<quant::HostLayer>(step().operation));
    if (average == nullptr || is_last()) {
      return InvalidField("layer",
                          "of a kind that is not run; matrices, averages over the whole image, and "
                          "subsampling and padding of channels of residuals");
    }
    return LowerAverage(*average);
  }

  absl::Status Append(const CompactLayer& layer) {
    COLONNADE_RETURN_IF_ERROR(AppendCompactLayer(layer, made_.program));
    made_.cycles += CompactCycles(layer);
    return absl::OkStatus();
  }

  CompactLayer LayerOf(int input) const {
    CompactLayer layer;
    layer.input = place(input);
    layer.input_zero_point = tensor(input).zero_point();
    layer.output_base = place(step_ + 1).base;
    layer.output_height = tensor(step_ + 1).shape.height;
    layer.output_width = tensor(step_ + 1).shape.width;
    layer.is_last = is_last();
    return layer;
  }

  absl::Status LowerMatrix(const MatrixStep& matrix) {
    COLONNADE_RETURN_IF_ERROR(CheckMatrix(matrix));
    CompactLayer layer = LayerOf(matrix.input);
    layer.stride_h = matrix.window.stride_h;
    layer.stride_w = matrix.window.stride_w;
    layer.pad_top = matrix.window.pad_top;
    layer.pad_left = matrix.window.pad_left;
    layer.is_logits = matrix.is_logits;
    COLONNADE_RETURN_IF_ERROR(AddColumns(matrix, layer));
    AddCells(matrix, layer);
    COLONNADE_RETURN_IF_ERROR(AddRows(matrix, layer));
    return Append(layer);
  }

  absl::Status CheckMatrix(const MatrixStep& matrix) const {
    const nn::Shape& out = tensor(step_ + 1).shape;
    if (is_last() != matrix.is_logits)
      return InvalidField("layer", "gives no logits; the last one has to, and no other");
    if (matrix.is_logits && out.height * out.width != 1) return InvalidField("logits", "of several pixels; of one");
    if (!matrix.is_logits && (tensor(step_ + 1).is_signed || matrix.low != 0 || matrix.high != 255)) {
      return InvalidField("output", fmt::format("{} to {}; 0 to 255, unsigned", matrix.low, matrix.high));
    }
    return absl::OkStatus();
  }

  static absl::Status AddColumns(const MatrixStep& matrix, CompactLayer& layer) {
    for (const std::vector<int>& group : matrix.matrix.group_columns) {
      const nn::Column& first = matrix.matrix.column_sites[static_cast<size_t>(group[0])];
      for (const int column : group) {
        const nn::Column& site = matrix.matrix.column_sites[static_cast<size_t>(column)];
        if (site.dy == first.dy && site.dx == first.dx && site.channel / 8 == first.channel / 8) continue;
        return InvalidField("group", "of several positions or blocks of 8 channels; pack by channel_block");
      }
      layer.columns.push_back(
          {first.channel / 8, first.dy * matrix.window.dilation_h, first.dx * matrix.window.dilation_w});
    }
    return absl::OkStatus();
  }

  static void AddCells(const MatrixStep& matrix, CompactLayer& layer) {
    for (size_t cell = 0; cell < matrix.matrix.weights.size(); ++cell) {
      const std::vector<int>& group = matrix.matrix.group_columns[cell % static_cast<size_t>(matrix.matrix.groups)];
      const int column = group[matrix.matrix.lanes[cell]];
      layer.cells.push_back(
          {matrix.matrix.weights[cell], matrix.matrix.column_sites[static_cast<size_t>(column)].channel % 8});
    }
  }

  absl::Status AddRows(const MatrixStep& matrix, CompactLayer& layer) {
    CompactView view;
    if (matrix.residual) {
      COLONNADE_ASSIGN_OR_RETURN(view, ViewOf(program_, matrix.residual->tensor));
      if (view.before % 8 != 0) return InvalidField("residual", "moved by no multiple of 8 channels; pad by one");
      const CompactPlace& from = place(view.of);
      layer.residual = {from.base - view.before / 8 * from.plane(), view.stride, from.shape.width};
      if (from.shape.height % view.stride != 0) return InvalidField("residual", "of an odd height, subsampled; even");
    }
    for (int row = 0; row < matrix.matrix.rows; ++row) layer.rows.push_back(RowOf(matrix, view, row));
    for (int row = 0; row < matrix.matrix.rows && !matrix.is_logits; ++row) MakeConstant(row, layer);
    return absl::OkStatus();
  }

  CompactRow RowOf(const MatrixStep& matrix, const CompactView& view, int row) const {
    CompactRow made;
    made.bias = static_cast<uint32_t>(matrix.bias[static_cast<size_t>(row)]);
    made.shift = matrix.is_logits ? 0 : matrix.shift[static_cast<size_t>(row)];
    const int channel = row - view.before;
    if (!matrix.residual || channel < 0 || channel >= place(view.of).shape.channels) return made;
    made.has_residual = true;
    made.residual_shift = made.shift + matrix.residual->exponent;
    made.bias -= static_cast<uint32_t>(tensor(view.of).zero_point()) << made.residual_shift;
    return made;
  }

  // The least and the largest byte of a row, over all bytes that it may read.
  static std::pair<int, int> BytesOf(int index, const CompactLayer& layer) {
    const CompactRow& row = layer.rows[static_cast<size_t>(index)];
    int64_t low = static_cast<int32_t>(row.bias), high = low;
    for (size_t column = 0; column < layer.columns.size(); ++column) {
      const int weight = layer.cells[static_cast<size_t>(index) * layer.columns.size() + column].weight;
      low += std::min(0, 255 * weight);
      high += std::max(0, 255 * weight);
    }
    if (row.has_residual) high += int64_t{255} << row.residual_shift;
    return {quant::Requantize(low, row.shift, 0, 255), quant::Requantize(high, row.shift, 0, 255)};
  }

  // Filters that training or packing left empty have shifts that only suit their biases.
  static void MakeConstant(int index, CompactLayer& layer) {
    CompactRow& row = layer.rows[static_cast<size_t>(index)];
    const auto [low, high] = BytesOf(index, layer);
    if (row.shift <= kCompactMostShift || low != high) return;
    row = {static_cast<uint32_t>(low) << kConstantShift, kConstantShift, 0, false};
    const auto cells = layer.cells.begin() + int64_t{index} * static_cast<int64_t>(layer.columns.size());
    std::fill_n(cells, layer.columns.size(), CompactCell{});
  }

  // Blocks one below the other are an image of one block, over which the window moves by its own height.
  absl::Status LowerAverage(const AveragePoolLayer& average) {
    const nn::Shape& in = tensor(average.input).shape;
    const nn::Window whole{in.height, in.width, average.window.stride_h, average.window.stride_w};
    const auto count = static_cast<uint32_t>(in.height * in.width);
    if (!(average.window == whole)) return InvalidField("layer", "averages a part of the image; only the whole");
    if (tensor(average.input).is_signed) return InvalidField("output", "signed; 0 to 255, unsigned");
    const int shift = std::countr_zero(count) - average.left;
    if (!std::has_single_bit(count) || shift < 0) {
      return InvalidField("count",
                          fmt::format("{}, shifted left by {}; a power of two that is not less", count, average.left));
    }
    CompactLayer layer = LayerOf(average.input);
    layer.stride_h = in.height;
    layer.output_height = layer.input.blocks();
    layer.input.shape = {kCompactCells, layer.input.blocks() * in.height, in.width};
    AddDiagonal(in, shift, layer);
    return Append(layer);
  }

  static void AddDiagonal(const nn::Shape& window, int shift, CompactLayer& layer) {
    for (int tap = 0; tap < window.height * window.width; ++tap) {
      layer.columns.push_back({0, tap / window.width, tap % window.width});
    }
    for (int row = 0; row < kCompactCells; ++row) {
      layer.rows.push_back({0, shift, 0, false});
      layer.cells.insert(layer.cells.end(), layer.columns.size(), CompactCell{1, row});
    }
  }

  const array::ArrayProgram& program_;
  std::vector<std::optional<CompactPlace>> places_;
  CompactImage made_;
  int step_ = 0;
};

}  // namespace

absl::StatusOr<CompactImage> LowerCompact(const array::ArrayProgram& program) {
  const array::ArrayConfig& config = program.config;
  if (config.rows != kCompactCells || config.columns != kCompactCells || config.alpha != kCompactCells ||
      config.interleave != 1 || config.weight_buffers != 1) {
    return InvalidField("array", fmt::format("{}; 8x8a8-i1-w1", array::Name(config)));
  }
  return CompactLowering(program).Lower();
}

}  // namespace colonnade::machine
