// SPDX-License-Identifier: Apache-2.0
#include "server/executors/simulator_feeder.h"

#include <algorithm>
#include <cstring>

namespace colonnade::executors {
namespace {

// What a filter-matrix column reads, by output pixel.
void ReadColumn(const nn::Column& site, const nn::Window& window, const quant::Tensor& tensor,
                std::span<const uint8_t> bytes, const nn::Shape& output, std::vector<uint8_t>& column) {
  const nn::Shape& shape = tensor.shape;
  column.assign(size_t(output.height) * output.width, static_cast<uint8_t>(tensor.zero_point()));
  const int left = site.dx * window.dilation_w - window.pad_left;
  const int begin = left < 0 ? (-left + window.stride_w - 1) / window.stride_w : 0;
  const int end = left < shape.width ? std::min(output.width, (shape.width - 1 - left) / window.stride_w + 1) : 0;
  for (int y = 0; y < output.height; ++y) {
    const int in_y = y * window.stride_h - window.pad_top + site.dy * window.dilation_h;
    if (in_y < 0 || in_y >= shape.height) continue;
    const uint8_t* const row = bytes.data() + (int64_t{site.channel} * shape.height + in_y) * shape.width;
    uint8_t* const to = column.data() + int64_t{y} * output.width;
    if (window.stride_w == 1) {
      std::copy(row + left + begin, row + left + std::max(begin, end), to + begin);
    } else {
      for (int x = begin; x < end; ++x) to[x] = row[left + x * window.stride_w];
    }
  }
}

// The bytes as words of kPixels bytes, `lanes` words apart.
template <int kPixels>
void Serialize(std::span<const uint8_t> column, int64_t lanes, uint32_t* to) {
  for (size_t pixel = 0; pixel < column.size(); pixel += kPixels, to += lanes) {
    uint32_t word = 0;
    for (int p = 0; p < kPixels; ++p) word |= uint32_t{column[pixel + p]} << (8 * p);
    *to = word;
  }
}

}  // namespace

Feeder::Feeder(const array::MatrixStep& step, const quant::Tensor& tensor, std::span<const uint8_t> bytes,
               const nn::Shape& output, const array::ArrayConfig& config)
    : lanes_((config.alpha + kQuad - 1) / kQuad * kQuad),
      words_((int64_t{output.height} * output.width + config.interleave - 1) / config.interleave),
      group_size_((words_ + 2) * lanes_),
      streams_(step.matrix.groups * group_size_) {
  std::vector<uint8_t> column;
  for (int group = 0; group < step.matrix.groups; ++group) {
    const std::vector<int>& members = step.matrix.group_columns[group];
    for (int lane = 0; lane < static_cast<int>(members.size()); ++lane) {
      ReadColumn(step.matrix.column_sites[members[lane]], step.window, tensor, bytes, output, column);
      column.resize(words_ * config.interleave);
      uint32_t* const to = streams_.data() + group * group_size_ + lanes_ + lane;
      config.interleave == 4 ? Serialize<4>(column, lanes_, to) : Serialize<1>(column, lanes_, to);
    }
  }
}

void Feeder::AddBits(int group, int64_t offset, uint32_t* lanes) const {
  const int64_t word = offset >> 5;
  const int shift = static_cast<int>(offset & 31), lane_count = lanes_;
  if (word < -1 || word >= words_) return;
  const uint32_t* const words = streams_.data() + group * group_size_ + (word + 1) * lane_count;
  for (int a = 0; a < lane_count; a += kQuad) {
    Quad low, high, sum;
    std::memcpy(&low, words + a, sizeof(low));
    std::memcpy(&high, words + lane_count + a, sizeof(high));
    std::memcpy(&sum, lanes + a, sizeof(sum));
    sum |= low >> shift | high << 1 << (31 - shift);
    std::memcpy(lanes + a, &sum, sizeof(sum));
  }
}

}  // namespace colonnade::executors
