// SPDX-License-Identifier: Apache-2.0
// How the kernels lay out a matrix step's input so that every filter-matrix column
// is a run of contiguous bytes, one per output pixel, without an im2col copy.
//
// The input is padded, and split into stride_h x stride_w phase planes: pixel (y, x)
// goes to phase (y mod stride_h, x mod stride_w) at (y / stride_h, x / stride_w).
// A tap then reads one phase plane at a constant distance: for output pixel (y, x)
// the byte at Offset(column) + y * pitch + x. Walking all these positions in a row
// also meets pitch - width positions per line that belong to no pixel; kernels
// compute them and drop them. (With stride 1 there is one plane: the padded image.)
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/nn/filter_matrix.h"
#include "server/nn/network.h"

namespace colonnade::executors {

class PlaneLayout {
 public:
  // Kernels handle this many positions at a time and may read past the last one.
  static constexpr int kBlock = 16;
  static constexpr int kSlack = 64;

  PlaneLayout(const nn::Shape& input, const nn::Shape& output, const nn::Window& window);

  // Bytes of all planes, slack included.
  int64_t size() const { return int64_t{input_.channels} * phases() * plane_size_ + kSlack; }

  // Positions per filter, a multiple of kBlock; position y * pitch() + x is pixel (y, x).
  int64_t length() const { return length_; }
  int64_t pitch() const { return pitch_; }

  // Where the column's byte of position 0 lies.
  int64_t Offset(const nn::Column& column) const;

  // Writes the planes of `input` (channel-major) into `planes`, size() bytes;
  // outside the image they hold `padding`.
  void Fill(std::span<const uint8_t> input, uint8_t padding, std::vector<uint8_t>& planes) const;

  // From channel-major pixels to positions, [channels][length()], and back. What
  // lies at positions without a pixel stays as it was.
  void Spread(std::span<const uint8_t> pixels, std::vector<uint8_t>& positions) const;
  template <typename T>
  void Gather(const std::vector<T>& positions, std::span<T> pixels) const;

 private:
  int phases() const { return window_.stride_h * window_.stride_w; }
  uint8_t* Plane(std::vector<uint8_t>& planes, int channel, int phase) const {
    return planes.data() + (int64_t{channel} * phases() + phase) * plane_size_;
  }
  void FillLine(const uint8_t* line, int channel, int y, std::vector<uint8_t>& planes) const;

  nn::Shape input_, output_;
  nn::Window window_;
  int64_t pitch_ = 0, plane_size_ = 0, length_ = 0;
};

}  // namespace colonnade::executors
