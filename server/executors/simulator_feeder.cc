// SPDX-License-Identifier: Apache-2.0
#include "server/executors/simulator_feeder.h"

namespace colonnade::executors {
namespace {

// What a filter-matrix column reads, by output pixel.
class ColumnReader {
 public:
  ColumnReader(const nn::Column& site, const nn::Window& window, const quant::Tensor& tensor,
               std::span<const uint8_t> bytes)
      : site_(site), window_(window), tensor_(tensor), bytes_(bytes) {}

  uint32_t Read(int y, int x) const {
    const nn::Shape& shape = tensor_.shape;
    const int in_y = y * window_.stride_h - window_.pad_top + site_.dy * window_.dilation_h;
    const int in_x = x * window_.stride_w - window_.pad_left + site_.dx * window_.dilation_w;
    const bool inside = 0 <= in_y && in_y < shape.height && 0 <= in_x && in_x < shape.width;
    if (!inside) return static_cast<uint32_t>(tensor_.zero_point());
    return bytes_[(int64_t{site_.channel} * shape.height + in_y) * shape.width + in_x];
  }

 private:
  const nn::Column& site_;
  const nn::Window& window_;
  const quant::Tensor& tensor_;
  const std::span<const uint8_t> bytes_;
};

}  // namespace

Feeder::Feeder(const array::MatrixStep& step, const quant::Tensor& tensor, std::span<const uint8_t> bytes,
               const nn::Shape& output, const array::ArrayConfig& config)
    : alpha_(config.alpha),
      words_((int64_t{output.height} * output.width + config.interleave - 1) / config.interleave),
      group_size_((words_ + 2) * alpha_),
      streams_(step.matrix.groups * group_size_) {
  const int pixels_per_word = config.interleave;
  for (int group = 0; group < step.matrix.groups; ++group) {
    const std::vector<int>& members = step.matrix.group_columns[group];
    for (size_t lane = 0; lane < members.size(); ++lane) {
      const ColumnReader column(step.matrix.column_sites[members[lane]], step.window, tensor, bytes);
      int64_t pixel = 0;
      for (int y = 0; y < output.height; ++y) {
        for (int x = 0; x < output.width; ++x, ++pixel) {
          const uint32_t bits = column.Read(y, x) << (8 * (pixel % pixels_per_word));
          Words(group)[pixel / pixels_per_word * alpha_ + static_cast<int64_t>(lane)] |= bits;
        }
      }
    }
  }
}

void Feeder::AddBits(int group, int64_t offset, uint32_t* lanes) const {
  const int64_t word = offset >> 5;
  const int shift = static_cast<int>(offset & 31);
  if (word < -1 || word >= words_) return;
  const uint32_t* const low = streams_.data() + group * group_size_ + (word + 1) * alpha_;
  const uint32_t* const high = low + alpha_;
  for (int a = 0; a < alpha_; ++a) lanes[a] |= low[a] >> shift | high[a] << 1 << (31 - shift);
}

}  // namespace colonnade::executors
