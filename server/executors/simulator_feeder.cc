// SPDX-License-Identifier: Apache-2.0
#include "server/executors/simulator_feeder.h"

namespace colonnade::executors {

Feeder::Feeder(const array::MatrixStep& step, const quant::Tensor& tensor, std::span<const uint8_t> bytes,
               const nn::Shape& output, const array::ArrayConfig& config)
    : lanes_((config.alpha + kQuad - 1) / kQuad * kQuad),
      pixel_bits_(config.interleave == 4 ? 2 : 0),
      words_((int64_t{output.height} * output.width + config.interleave - 1) >> pixel_bits_),
      group_size_((words_ + 2) * lanes_),
      streams_(step.matrix.groups * group_size_) {
  for (int group = 0; group < step.matrix.groups; ++group) {
    const std::vector<int>& members = step.matrix.group_columns[group];
    for (int lane = 0; lane < static_cast<int>(members.size()); ++lane) {
      Serialize(group, lane, step.matrix.column_sites[members[lane]], step.window, tensor, bytes, output);
    }
  }
}

// What a filter-matrix column reads, by output pixel.
void Feeder::Serialize(int group, int lane, const nn::Column& site, const nn::Window& window,
                       const quant::Tensor& tensor, std::span<const uint8_t> bytes, const nn::Shape& output) {
  const nn::Shape& shape = tensor.shape;
  const int pixels_in_word = 1 << pixel_bits_;
  uint32_t* const words = streams_.data() + group * group_size_ + lanes_ + lane;
  int64_t pixel = 0;
  for (int y = 0; y < output.height; ++y) {
    const int in_y = y * window.stride_h - window.pad_top + site.dy * window.dilation_h;
    const bool row_inside = 0 <= in_y && in_y < shape.height;
    const int64_t row = (int64_t{site.channel} * shape.height + in_y) * shape.width;
    for (int x = 0; x < output.width; ++x, ++pixel) {
      const int in_x = x * window.stride_w - window.pad_left + site.dx * window.dilation_w;
      const bool inside = row_inside && 0 <= in_x && in_x < shape.width;
      const auto byte = static_cast<uint32_t>(inside ? bytes[row + in_x] : tensor.zero_point());
      words[(pixel >> pixel_bits_) * lanes_] |= byte << (8 * (pixel & (pixels_in_word - 1)));
    }
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
