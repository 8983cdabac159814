// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/chain/chain_image.h"

#include <cstdlib>
#include <random>

#include "server/array/array_config.h"

namespace colonnade::rtl {
namespace {

class LayerEncoder {
 public:
  LayerEncoder(const ChainPair& pair, int index, const compiler::ArraySize& array, uint64_t seed)
      : step_(pair.step(index)),
        input_(pair.tensor(index)),
        output_(pair.tensor(index + 1)),
        config_(pair.program->config),
        array_(array),
        random_(seed) {}

  ProgramImage Encode() {
    for (int row = step_.matrix.rows - 1; row >= 0; --row) EncodeWeights(row);
    for (int column = 0; column < array_.columns; ++column) EncodeColumn(column);
    for (int row = 0; row < array_.rows; ++row) EncodeRow(row);
    EncodeStep();
    return std::move(image_);
  }

 private:
  MemoryWord& Append(int id, int bits) { return image_.memories[size_t(id)].emplace_back(bits); }
  int Junk() { return static_cast<int>(random_() % 256); }

  // The group in a column of the array; none beyond the tile.
  int GroupOf(int column) const {
    const std::vector<int>& groups = step_.tiles.front().groups;
    return column < static_cast<int>(groups.size()) ? groups[size_t(column)] : -1;
  }

  void EncodeWeights(int row) {
    const int bits = 8 + array::SelectBits(config_);
    MemoryWord& word = Append(1, array_.columns * bits);
    for (int column = 0; column < array_.columns; ++column) {
      if (GroupOf(column) < 0) continue;
      const size_t cell = size_t(row) * step_.matrix.groups + GroupOf(column);
      const int weight = step_.matrix.weights[cell];
      word.Put(column * bits, 7, static_cast<uint64_t>(std::abs(weight))).Put(column * bits + 7, 1, weight < 0);
      word.Put(column * bits + 8, bits - 8, step_.matrix.lanes[cell]);
    }
  }

  void EncodeColumn(int column) {
    MemoryWord& word = Append(2, 32 + 8 * config_.alpha);
    if (GroupOf(column) < 0) return;
    const std::vector<int>& members = step_.matrix.group_columns[size_t(GroupOf(column))];
    const nn::Column& first = step_.matrix.column_sites[size_t(members.front())];
    const int dy = first.dy * step_.window.dilation_h, dx = first.dx * step_.window.dilation_w;
    word.Put(0, 8, dy).Put(8, 8, dx).Put(16, 16, dy * input_.shape.width + dx);
    for (size_t lane = 0; lane < members.size(); ++lane) {
      word.Put(32 + 8 * int(lane), 8, step_.matrix.column_sites[size_t(members[lane])].channel);
    }
  }

  void EncodeRow(int row) {
    MemoryWord& word = Append(3, 64);
    word.Put(43, 8, row).Put(51, 8, Junk());
    if (row >= step_.matrix.rows) return;
    word.Put(0, 32, static_cast<uint32_t>(step_.bias[size_t(row)])).Put(32, 5, step_.shift[size_t(row)]).Put(42, 1, 1);
  }

  void EncodeStep() {
    for (int i = 0; i < 16; ++i) Append(5, 32).Put(0, 32, random_());
    auto& words = image_.memories[5];
    const nn::Window& window = step_.window;
    const int width = input_.shape.width;
    words[1].Put(16, 8, input_.zero_point());
    words[2].Put(0, 16, input_.shape.height).Put(16, 16, width);
    words[3].Put(0, 8, window.stride_h).Put(8, 8, window.stride_w);
    words[3].Put(16, 8, window.pad_top).Put(24, 8, window.pad_left);
    words[4].Put(0, 16, output_.shape.width);
    words[5].Put(0, 16, output_.shape.height * output_.shape.width - 1);
    words[10].Put(16, 8, output_.zero_point());
    words[11].Put(0, 9, static_cast<uint64_t>(step_.low)).Put(16, 9, static_cast<uint64_t>(step_.high));
    words[13].Put(0, 8, (window.kernel_h - 1) * window.dilation_h);
    words[13].Put(8, 8, (window.kernel_w - 1) * window.dilation_w);
    words[14].Put(0, 16, window.stride_h * width).Put(16, 16, window.pad_top * width);
  }

  const array::MatrixStep& step_;
  const quant::Tensor& input_;
  const quant::Tensor& output_;
  const array::ArrayConfig& config_;
  const compiler::ArraySize array_;
  std::mt19937_64 random_;
  ProgramImage image_;
};

}  // namespace

ProgramImage EncodeLayer(const ChainPair& pair, int index, const compiler::ArraySize& array, uint64_t seed) {
  return LayerEncoder(pair, index, array, seed).Encode();
}

std::vector<MemoryWord> EncodePositions(const ChainPair& pair, const std::vector<uint8_t>& image, uint64_t seed) {
  std::mt19937_64 random(seed);
  const nn::Shape& shape = pair.tensor(0).shape;
  const int positions = shape.height * shape.width;
  std::vector<MemoryWord> words;
  for (int position = 0; position < positions; ++position) {
    MemoryWord& word = words.emplace_back(8 * kImageChannels);
    for (int channel = 0; channel < kImageChannels; ++channel) {
      const bool used = channel < shape.channels;
      word.Put(8 * channel, 8, used ? image[size_t(channel) * positions + position] : random());
    }
  }
  return words;
}

}  // namespace colonnade::rtl
