// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/machine/random_program.h"

#include <algorithm>

#include "server/array/schedule.h"
#include "server/compiler/cycle_model.h"
#include "server/compiler/tile.h"
#include "server/machine/machine_cycles.h"
#include "server/quant/requantization.h"

namespace colonnade::rtl {

struct RandomProgram::MatrixStep {
  struct Group {
    int dy = 0, dx = 0;
    int block = 0;           // with the feed rule channel_block
    std::vector<int> bytes;  // of the word, by lane
  };
  struct Row {
    int32_t bias = 0;
    int shift = 0, residual_shift = 0;
  };
  Place input, output, residual;
  WindowShape window;
  bool has_residual = false, is_logits = false;
  int input_zero = 0, residual_zero = 0, output_zero = 0, low = 0, high = 255;
  array::PackedMatrix matrix;
  std::vector<Group> groups;
  std::vector<Row> rows;
  std::vector<array::Tile> tiles;
};

RandomProgram::RandomProgram(const MachineShape& shape, uint64_t seed) : shape_(shape), random_(seed) {
  input_.resize(size_t(shape.positions) * shape.channels);
  for (uint8_t& byte : input_) byte = static_cast<uint8_t>(random_() % 8 == 0 ? 255 : random_());
  memory_ = input_;
  for (int i = 0; i < 16; ++i) Append(5);
  control_cycles_ = machine::HeaderControlCycles();
}

MemoryWord& RandomProgram::Append(int id) {
  return image_.memories[id].emplace_back(MemoryBits(shape_, id));
}

std::vector<MemoryWord*> RandomProgram::AppendStep() {
  ++steps_;
  const size_t first = image_.memories[5].size();
  for (int i = 0; i < 16; ++i) Append(5);
  std::vector<MemoryWord*> words;
  for (int i = 0; i < 16; ++i) words.push_back(&image_.memories[5][first + i]);
  return words;
}

// Somewhere in the first half of the positions; outputs are in the second.
Place RandomProgram::RandomInput() {
  Place place;
  place.height = Random(1, 5);
  place.width = Random(1, 6);
  place.base = Random(0, shape_.positions / 2 - place.height * place.width);
  place.lane = 8 * Random(0, shape_.banks() - 1);
  place.channels = Random(1, shape_.channels - place.lane);
  return place;
}

WindowShape RandomProgram::RandomWindow(const Place& input, int largest) {
  WindowShape window;
  window.stride_down = Random(1, 3);
  window.stride_right = Random(1, 3);
  window.pad_top = Random(0, 2);
  window.pad_left = Random(0, 2);
  window.output_height = Random(1, std::min(largest, input.height + 1));
  window.output_width = Random(1, std::min(largest, input.width + 1));
  return window;
}

void RandomProgram::ChooseGroups(MatrixStep& step) {
  const int alpha = shape_.config.alpha;
  for (MatrixStep::Group& group : step.groups) {
    group.dy = Random(0, 3);
    group.dx = Random(0, 3);
    group.block = Random(0, shape_.channels / alpha - 1);
    for (int lane = 0; lane < alpha; ++lane) {
      group.bytes.push_back(shape_.channel_block() ? group.block * alpha + lane : Random(0, shape_.channels - 1));
    }
  }
}

void RandomProgram::ChooseRows(MatrixStep& step) {
  for (int cell = 0; cell < step.matrix.rows * step.matrix.groups; ++cell) {
    const int weight = Random(0, 3) == 0 ? 0 : Random(-127, 127);
    step.matrix.weights.push_back(static_cast<int8_t>(weight));
    step.matrix.lanes.push_back(weight == 0 ? 0 : static_cast<uint8_t>(Random(0, shape_.config.alpha - 1)));
  }
  for (MatrixStep::Row& row : step.rows) {
    row.bias = static_cast<int32_t>(random_()) >> Random(0, 31);
    row.shift = Random(0, 31) % Random(1, 32);
    row.residual_shift = Random(0, 31) % Random(1, 32);
  }
}

void RandomProgram::AddMatrixStep(bool has_residual, bool is_logits) {
  MatrixStep step;
  step.has_residual = has_residual;
  step.is_logits = is_logits;
  step.input = RandomInput();
  step.window = RandomWindow(step.input, is_logits ? 1 : 5);
  step.input_zero = Random(0, 1) * 128;
  step.residual_zero = Random(0, 1) * 128;
  step.output_zero = Random(0, 1) * 128;
  step.low = step.output_zero == 128 ? Random(-128, 0) : Random(0, 3);
  step.high = step.output_zero == 128 ? 127 : Random(200, 255);
  const int lane = is_logits ? 0 : 8 * Random(0, shape_.banks() - 1);
  const int most = std::min(2 * shape_.config.rows + 1, is_logits ? kResultWords : shape_.channels - lane);
  step.output = {Random(shape_.positions / 2, shape_.positions - step.window.pixels()), lane, Random(1, most),
                 step.window.output_height, step.window.output_width};
  step.residual = step.output;
  if (Random(0, 1) == 0) step.residual.base = Random(0, shape_.positions / 2 - step.window.pixels());
  step.matrix.rows = step.output.channels;
  step.matrix.groups = Random(1, 2 * shape_.config.columns + 1);
  step.groups.resize(step.matrix.groups);
  step.rows.resize(step.matrix.rows);
  ChooseGroups(step);
  ChooseRows(step);
  step.tiles = compiler::CutIntoTiles(step.matrix, shape_.config);
  array_cycles_ += compiler::PredictCycles(shape_.config, step.window.pixels(), step.tiles);
  control_cycles_ += machine::MatrixControlCycles(static_cast<int64_t>(step.tiles.size()));
  gives_logits_ = is_logits;
  EncodeMatrixStep(step);
  Compute(step);
}

void RandomProgram::EncodeWeights(const MatrixStep& step, const array::Tile& tile) {
  const int bits = shape_.word_bits();
  for (int row = tile.row_end - 1; row >= tile.row_begin; --row) {
    MemoryWord& word = Append(1);
    for (size_t column = 0; column < tile.groups.size(); ++column) {
      const size_t cell = size_t(row) * step.matrix.groups + tile.groups[column];
      const int weight = step.matrix.weights[cell];
      const int at = static_cast<int>(column) * bits;
      word.Put(at, 7, static_cast<uint64_t>(std::abs(weight))).Put(at + 7, 1, weight < 0);
      word.Put(at + 8, bits - 8, step.matrix.lanes[cell]);
    }
  }
}

void RandomProgram::EncodeColumns(const MatrixStep& step, const array::Tile& tile) {
  for (int column = 0; column < shape_.config.columns; ++column) {
    MemoryWord& word = Append(2);
    if (column >= static_cast<int>(tile.groups.size())) continue;
    const MatrixStep::Group& group = step.groups[tile.groups[column]];
    word.Put(0, 8, group.dy).Put(8, 8, group.dx).Put(16, 16, group.dy * step.input.width + group.dx);
    for (int lane = 0; lane < shape_.config.alpha; ++lane) {
      if (!shape_.channel_block()) word.Put(32 + 8 * lane, 8, group.bytes[lane]);
    }
    if (shape_.channel_block()) word.Put(32, 8, group.block);
  }
}

void RandomProgram::EncodeRowBlock(const MatrixStep& step, const array::Tile& tile) {
  for (int r = 0; r < shape_.config.rows; ++r) {
    MemoryWord& word = Append(3);
    const int filter = tile.row_begin + r;
    if (filter >= tile.row_end) {
      word.Put(43, 8, Random(0, 255)).Put(51, 8, Random(0, 255));
      continue;
    }
    const MatrixStep::Row& row = step.rows[filter];
    auto bias = static_cast<uint32_t>(row.bias);
    if (step.has_residual) bias -= static_cast<uint32_t>(step.residual_zero) << row.residual_shift;
    word.Put(0, 32, bias).Put(32, 5, row.shift).Put(37, 5, row.residual_shift).Put(42, 1, 1);
    word.Put(43, 8, step.output.lane + filter).Put(51, 8, step.residual.lane + filter);
  }
}

void RandomProgram::EncodeTiles(const MatrixStep& step) {
  for (size_t i = 0; i < step.tiles.size(); ++i) {
    const array::Tile& tile = step.tiles[i];
    const bool continues = array::ContinuesSums(step.tiles, i);
    const bool final = i + 1 == step.tiles.size() || !array::ContinuesSums(step.tiles, i + 1);
    Append(4).Put(0, 8, tile.row_end - tile.row_begin - 1).Put(8, 1, continues).Put(9, 1, final);
    EncodeWeights(step, tile);
    EncodeColumns(step, tile);
    if (!continues) EncodeRowBlock(step, tile);
  }
}

void RandomProgram::PutWindow(MemoryWord** words, const Place& input, int zero_point, const WindowShape& window) {
  words[1]->Put(0, 16, input.base).Put(16, 8, zero_point);
  words[2]->Put(0, 16, input.height).Put(16, 16, input.width);
  words[3]->Put(0, 8, window.stride_down).Put(8, 8, window.stride_right);
  words[3]->Put(16, 8, window.pad_top).Put(24, 8, window.pad_left);
  words[4]->Put(0, 16, window.output_width);
  words[5]->Put(0, 16, window.pixels() - 1);
}

void RandomProgram::EncodeMatrixStep(const MatrixStep& step) {
  auto words = AppendStep();
  words[0]->Put(4, 1, step.has_residual).Put(5, 1, step.is_logits);
  PutWindow(words.data(), step.input, step.input_zero, step.window);
  words[6]->Put(0, 16, step.tiles.size() - 1).Put(16, 16, image_.memories[4].size());
  for (int id = 1; id <= 3; ++id) words[6 + id]->Put(0, 32, image_.memories[id].size());
  words[10]->Put(0, 16, step.output.base).Put(16, 8, step.output_zero);
  words[11]->Put(0, 9, static_cast<uint64_t>(step.low)).Put(16, 9, static_cast<uint64_t>(step.high));
  words[12]->Put(0, 16, step.residual.base);
  EncodeTiles(step);
}

void RandomProgram::Compute(const MatrixStep& step) {
  const auto byte_at = [&](const MatrixStep::Group& group, int lane, int pixel) -> int {
    const int y = pixel / step.window.output_width * step.window.stride_down - step.window.pad_top + group.dy;
    const int x = pixel % step.window.output_width * step.window.stride_right - step.window.pad_left + group.dx;
    if (y < 0 || x < 0 || y >= step.input.height || x >= step.input.width) return step.input_zero;
    return Byte(step.input.base + y * step.input.width + x, group.bytes[lane]);
  };
  if (step.is_logits) logits_.clear();
  for (int row = 0; row < step.matrix.rows; ++row) {
    const MatrixStep::Row& filter = step.rows[row];
    for (int pixel = 0; pixel < step.window.pixels(); ++pixel) {
      auto sum = static_cast<uint32_t>(filter.bias);
      for (int g = 0; g < step.matrix.groups; ++g) {
        const size_t cell = size_t(row) * step.matrix.groups + g;
        sum += static_cast<uint32_t>(step.matrix.weights[cell] * byte_at(step.groups[g], step.matrix.lanes[cell], pixel));
      }
      if (step.has_residual) {
        const int q = Byte(step.residual.base + pixel, step.residual.lane + row) - step.residual_zero;
        sum += static_cast<uint32_t>(q) << filter.residual_shift;
      }
      const auto accumulator = static_cast<int32_t>(sum);
      if (step.is_logits) {
        logits_.push_back(accumulator);
      } else {
        const int q = quant::Requantize(accumulator, filter.shift, step.low, step.high);
        Byte(step.output.base + pixel, step.output.lane + row) = static_cast<uint8_t>(q + step.output_zero);
      }
    }
  }
}

void RandomProgram::Finish() {
  auto* header = image_.memories[5].data();
  header[0].Put(0, 16, steps_);
  header[1].Put(0, 16, 0).Put(16, 8, 0).Put(24, 8, shape_.banks());
  header[2].Put(0, 17, shape_.positions);
  header[3].Put(0, 1, gives_logits_).Put(8, 8, 0).Put(16, 8, shape_.banks());
  header[5].Put(0, 17, gives_logits_ ? logits_.size() : shape_.positions);
}

}  // namespace colonnade::rtl
