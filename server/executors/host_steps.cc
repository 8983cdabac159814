// SPDX-License-Identifier: Apache-2.0
#include "server/executors/host_steps.h"

#include <algorithm>
#include <cstring>

namespace colonnade::executors {
namespace {

// A tensor and its bytes.
struct In {
  const quant::Tensor& tensor;
  const uint8_t* bytes;

  const nn::Shape& shape() const { return tensor.shape; }
  const uint8_t* row(int channel, int y) const {
    return bytes + (int64_t{channel} * shape().height + y) * shape().width;
  }
};

struct Out {
  const quant::Tensor& tensor;
  uint8_t* bytes;

  const nn::Shape& shape() const { return tensor.shape; }
  uint8_t* row(int channel, int y) const {
    return bytes + (int64_t{channel} * shape().height + y) * shape().width;
  }
};

class HostStep {
 public:
  HostStep(const std::vector<quant::Tensor>& tensors, std::vector<std::vector<uint8_t>>& bytes, int output)
      : tensors_(tensors), bytes_(bytes), out_{tensors[output], bytes[output].data()} {}

  void operator()(const quant::AddLayer& layer) const {
    const In a = Input(layer.a);
    const In b = Input(layer.b);
    const int zero_a = a.tensor.zero_point();
    const int zero_b = b.tensor.zero_point();
    const int64_t size = out_.shape().size();
    for (int64_t i = 0; i < size; ++i) {
      const int sum = ((a.bytes[i] - zero_a) << layer.left_a) + ((b.bytes[i] - zero_b) << layer.left_b);
      out_.bytes[i] = Byte(quant::Requantize(sum, layer.shift, layer.low, layer.high));
    }
  }

  void operator()(const quant::MaxPoolLayer& layer) const {
    ForEachWindow(Input(layer.input), layer.window, [&](const In& in, int channel, Range y, Range x) {
      uint8_t best = 0;
      for (int iy = y.begin; iy < y.end; ++iy) {
        const uint8_t* row = in.row(channel, iy);
        for (int ix = x.begin; ix < x.end; ++ix) best = std::max(best, row[ix]);
      }
      return best;
    });
  }

  void operator()(const quant::AveragePoolLayer& layer) const {
    const int zero = tensors_[layer.input].zero_point();
    const int full = layer.window.kernel_h * layer.window.kernel_w;
    ForEachWindow(Input(layer.input), layer.window, [&](const In& in, int channel, Range y, Range x) {
      int64_t sum = 0;
      for (int iy = y.begin; iy < y.end; ++iy) {
        const uint8_t* row = in.row(channel, iy);
        for (int ix = x.begin; ix < x.end; ++ix) sum += row[ix] - zero;
      }
      const int count = layer.count_include_pad ? full : y.size() * x.size();
      const int64_t mean = quant::RoundingDivide(sum * (int64_t{1} << layer.left), count);
      return Byte(std::clamp<int64_t>(mean, out_.tensor.lowest(), out_.tensor.highest()));
    });
  }

  void operator()(const quant::ShiftLayer& layer) const {
    const In in = Input(layer.input);
    ForEachPixel([&](int channel, int y, int x) {
      const int64_t iy = int64_t{y} * layer.stride_h + layer.dy[channel];
      const int64_t ix = int64_t{x} * layer.stride_w + layer.dx[channel];
      const bool inside = 0 <= iy && iy < in.shape().height && 0 <= ix && ix < in.shape().width;
      return inside ? in.row(channel, static_cast<int>(iy))[ix] : Byte(0);
    });
  }

  void operator()(const quant::SubsampleLayer& layer) const {
    const In in = Input(layer.input);
    ForEachPixel(
        [&](int channel, int y, int x) { return in.row(channel, y * layer.stride_h)[x * layer.stride_w]; });
  }

  void operator()(const quant::PadChannelsLayer& layer) const {
    const In in = Input(layer.input);
    const int64_t plane = int64_t{in.shape().height} * in.shape().width;
    std::fill_n(out_.bytes, out_.shape().size(), Byte(0));
    std::memcpy(out_.bytes + layer.before * plane, in.bytes, in.shape().size());
  }

  void operator()(const quant::FlattenLayer& layer) const {
    std::memcpy(out_.bytes, Input(layer.input).bytes, out_.shape().size());
  }

  void operator()(const quant::ConcatLayer& layer) const {
    uint8_t* out = out_.bytes;
    for (const int input : layer.inputs) {
      const In in = Input(input);
      out = std::copy_n(in.bytes, in.shape().size(), out);
    }
  }

  void operator()(const quant::ClipLayer& layer) const {
    const In in = Input(layer.input);
    const int zero = in.tensor.zero_point();
    const int64_t size = out_.shape().size();
    for (int64_t i = 0; i < size; ++i) {
      out_.bytes[i] = Byte(std::clamp(in.bytes[i] - zero, layer.low, layer.high));
    }
  }

 private:
  struct Range {
    int begin, end;
    int size() const { return end - begin; }
  };

  In Input(int index) const { return {tensors_[index], bytes_[index].data()}; }
  uint8_t Byte(int64_t q) const { return static_cast<uint8_t>(q + out_.tensor.zero_point()); }

  // The part of a window that lies inside the image along one axis.
  static Range Inside(int output, int stride, int pad, int kernel, int size) {
    const int begin = output * stride - pad;
    return {std::max(begin, 0), std::min(begin + kernel, size)};
  }

  template <typename Function>
  void ForEachPixel(const Function& pixel) const {
    for (int channel = 0; channel < out_.shape().channels; ++channel) {
      for (int y = 0; y < out_.shape().height; ++y) {
        uint8_t* row = out_.row(channel, y);
        for (int x = 0; x < out_.shape().width; ++x) row[x] = pixel(channel, y, x);
      }
    }
  }

  template <typename Function>
  void ForEachWindow(const In& in, const nn::Window& w, const Function& value) const {
    ForEachPixel([&](int channel, int y, int x) {
      return value(in, channel, Inside(y, w.stride_h, w.pad_top, w.kernel_h, in.shape().height),
                   Inside(x, w.stride_w, w.pad_left, w.kernel_w, in.shape().width));
    });
  }

  const std::vector<quant::Tensor>& tensors_;
  std::vector<std::vector<uint8_t>>& bytes_;
  Out out_;
};

}  // namespace

void RunHostStep(const quant::HostLayer& layer, const std::vector<quant::Tensor>& tensors, int output,
                 std::vector<std::vector<uint8_t>>& bytes) {
  std::visit(HostStep(tensors, bytes, output), layer);
}

}  // namespace colonnade::executors
