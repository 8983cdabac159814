// SPDX-License-Identifier: Apache-2.0
#include "server/executors/simulator_feeder.h"

#include <algorithm>

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
    for (int x = begin; x < end; ++x) to[x] = row[left + x * window.stride_w];
  }
}

}  // namespace

Feeder::Feeder(const array::MatrixStep& step, const quant::Tensor& tensor, std::span<const uint8_t> bytes,
               const nn::Shape& output, const array::ArrayConfig& config)
    : lanes_((config.alpha + kQuad - 1) / kQuad * kQuad),
      pixels_in_word_(config.interleave),
      words_((int64_t{output.height} * output.width + pixels_in_word_ - 1) / pixels_in_word_),
      group_size_((words_ + 2) * lanes_),
      streams_(step.matrix.groups * group_size_) {
  std::vector<uint8_t> column;
  for (int group = 0; group < step.matrix.groups; ++group) {
    const std::vector<int>& members = step.matrix.group_columns[group];
    for (int lane = 0; lane < static_cast<int>(members.size()); ++lane) {
      ReadColumn(step.matrix.column_sites[members[lane]], step.window, tensor, bytes, output, column);
      column.resize(words_ * pixels_in_word_);
      Serialize(group, lane, column);
    }
  }
}

void Feeder::Serialize(int group, int lane, std::span<const uint8_t> column) {
  uint32_t* to = streams_.data() + group * group_size_ + lanes_ + lane;
  for (auto from = column.begin(); from != column.end(); to += lanes_) {
    for (int p = 0; p < pixels_in_word_; ++p) *to |= uint32_t{*from++} << (8 * p);
  }
}

void Feeder::AddBits(int group, int64_t offset, uint32_t* lanes) const {
  const int64_t word = offset >> 5;
  const int shift = static_cast<int>(offset & 31);
  if (word < -1 || word >= words_) return;
  const uint32_t* const low = streams_.data() + group * group_size_ + (word + 1) * lanes_;
  const uint32_t* const high = low + lanes_;
  for (int quad = 0; quad < lanes_; quad += kQuad) {
    for (int a = quad; a < quad + kQuad; ++a) lanes[a] |= low[a] >> shift | high[a] << 1 << (31 - shift);
  }
}

}  // namespace colonnade::executors
