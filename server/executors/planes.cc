// SPDX-License-Identifier: Apache-2.0
#include "server/executors/planes.h"

#include <algorithm>

namespace colonnade::executors {

PlaneLayout::PlaneLayout(const nn::Shape& input, const nn::Shape& output, const nn::Window& window)
    : input_(input), output_(output), window_(window) {
  const int64_t height = int64_t{input.height} + window.pad_top + window.pad_bottom;
  const int64_t width = int64_t{input.width} + window.pad_left + window.pad_right;
  pitch_ = (width + window.stride_w - 1) / window.stride_w;
  plane_size_ = pitch_ * ((height + window.stride_h - 1) / window.stride_h);
  const int64_t positions = (output.height - 1) * pitch_ + output.width;
  length_ = (positions + kBlock - 1) / kBlock * kBlock;
}

int64_t PlaneLayout::Offset(const nn::Column& column) const {
  const int64_t y = int64_t{column.dy} * window_.dilation_h;
  const int64_t x = int64_t{column.dx} * window_.dilation_w;
  const int64_t phase = y % window_.stride_h * window_.stride_w + x % window_.stride_w;
  return (int64_t{column.channel} * phases() + phase) * plane_size_ + y / window_.stride_h * pitch_ +
         x / window_.stride_w;
}

void PlaneLayout::Fill(std::span<const uint8_t> input, uint8_t padding, std::vector<uint8_t>& planes) const {
  planes.assign(size(), padding);
  for (int channel = 0; channel < input_.channels; ++channel) {
    for (int y = 0; y < input_.height; ++y) {
      FillLine(input.data() + (int64_t{channel} * input_.height + y) * input_.width, channel, y, planes);
    }
  }
}

void PlaneLayout::FillLine(const uint8_t* line, int channel, int y, std::vector<uint8_t>& planes) const {
  const int stride = window_.stride_w;
  const int padded_y = y + window_.pad_top;
  const int phase_row = padded_y % window_.stride_h * stride;
  const int64_t start = padded_y / window_.stride_h * pitch_;
  if (stride == 1) {
    std::copy_n(line, input_.width, Plane(planes, channel, phase_row) + start + window_.pad_left);
    return;
  }
  for (int x = 0; x < input_.width; ++x) {
    const int padded_x = x + window_.pad_left;
    Plane(planes, channel, phase_row + padded_x % stride)[start + padded_x / stride] = line[x];
  }
}

void PlaneLayout::Spread(std::span<const uint8_t> pixels, std::vector<uint8_t>& positions) const {
  positions.resize(output_.channels * length_);
  const uint8_t* line = pixels.data();
  for (int channel = 0; channel < output_.channels; ++channel) {
    for (int y = 0; y < output_.height; ++y, line += output_.width) {
      std::copy_n(line, output_.width, positions.data() + channel * length_ + y * pitch_);
    }
  }
}

template <typename T>
void PlaneLayout::Gather(const std::vector<T>& positions, std::span<T> pixels) const {
  T* line = pixels.data();
  for (int channel = 0; channel < output_.channels; ++channel) {
    for (int y = 0; y < output_.height; ++y) {
      line = std::copy_n(positions.data() + channel * length_ + y * pitch_, output_.width, line);
    }
  }
}

template void PlaneLayout::Gather(const std::vector<uint8_t>&, std::span<uint8_t>) const;
template void PlaneLayout::Gather(const std::vector<int32_t>&, std::span<int32_t>) const;

}  // namespace colonnade::executors
