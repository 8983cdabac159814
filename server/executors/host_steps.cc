// SPDX-License-Identifier: Apache-2.0
#include "server/executors/host_steps.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace colonnade::executors {
namespace {

constexpr int kChunk = 64;  // channels at a time, where sums are kept
constexpr int kBlock = 16;  // bytes that are copied at once

// kSideBySide: the channels of a pixel follow each other in all tensors, so that the compiler
// can vectorize over them. Views are copied: bytes that are written could be theirs otherwise.
template <bool kSideBySide>
class HostStep {
 public:
  HostStep(std::span<const TensorView> views, int output) : views_(views), out_(views[size_t(output)]) {}

  void operator()(const quant::AddLayer& layer) const {
    const TensorView a = View(layer.a), b = View(layer.b);
    const int zero_a = a.tensor->zero_point(), zero_b = b.tensor->zero_point();
    ForEachPixel([&](int y, int x) {
      const uint8_t *from_a = At(a, y, x), *from_b = At(b, y, x);
      const auto sum = [&](int c) {
        const int q_a = from_a[c * Step(a)] - zero_a, q_b = from_b[c * Step(b)] - zero_b;
        return quant::Requantize((q_a << layer.left_a) + (q_b << layer.left_b), layer.shift, layer.low, layer.high);
      };
      ForEachChannel(sum, y, x);
    });
  }

  void operator()(const quant::MaxPoolLayer& layer) const {
    const auto larger = [](uint8_t best, uint8_t byte) { return std::max(best, byte); };
    const auto finish = [&](int best, int) { return best - out_.tensor->zero_point(); };
    ForEachWindow<uint8_t>(View(layer.input), layer.window, larger, finish);
  }

  void operator()(const quant::AveragePoolLayer& layer) const {
    constexpr int kMostOfBytes = 257;  // whose sum fits 16 bits
    if (layer.window.kernel_h * layer.window.kernel_w <= kMostOfBytes) return Average<uint16_t>(layer);
    Average<uint32_t>(layer);
  }

  void operator()(const quant::ShiftLayer& layer) const {
    const TensorView in = View(layer.input);
    const nn::Shape& shape = in.tensor->shape;
    ForEachPixel([&](int y, int x) {
      const auto moved = [&](int c) {
        const int64_t iy = int64_t{y} * layer.stride_h + layer.dy[size_t(c)];
        const int64_t ix = int64_t{x} * layer.stride_w + layer.dx[size_t(c)];
        const bool inside = 0 <= iy && iy < shape.height && 0 <= ix && ix < shape.width;
        return inside ? At(in, int(iy), int(ix))[c * Step(in)] - in.tensor->zero_point() : 0;
      };
      ForEachChannel(moved, y, x);
    });
  }

  void operator()(const quant::SubsampleLayer& layer) const {
    const TensorView in = View(layer.input);
    ForEachPixel([&](int y, int x) { Copy(in, y * layer.stride_h, x * layer.stride_w, y, x, 0); });
  }

  void operator()(const quant::PadChannelsLayer& layer) const {
    const TensorView in = View(layer.input);
    const nn::Shape& shape = out_.tensor->shape;
    for (int y = 0; y < shape.height && kSideBySide; ++y) {
      std::memset(At(out_, y, 0), out_.tensor->zero_point(), size_t((shape.width - 1) * out_.step + shape.channels));
    }
    ForEachPixel([&](int y, int x) {
      if (!kSideBySide) ForEachChannel([](int) { return 0; }, y, x);
      Copy(in, y, x, y, x, layer.before);
    });
  }

  void operator()(const quant::FlattenLayer& layer) const {
    const TensorView in = View(layer.input);
    const nn::Shape& shape = in.tensor->shape;
    for (int c = 0; c < shape.channels; ++c) {
      for (int y = 0; y < shape.height; ++y) {
        for (int x = 0; x < shape.width; ++x) {
          out_.origin[((int64_t{c} * shape.height + y) * shape.width + x) * Step(out_)] = At(in, y, x)[c * Step(in)];
        }
      }
    }
  }

  void operator()(const quant::ConcatLayer& layer) const {
    ForEachPixel([&](int y, int x) {
      int channel = 0;
      for (const int input : layer.inputs) {
        Copy(View(input), y, x, y, x, channel);
        channel += View(input).tensor->shape.channels;
      }
    });
  }

  void operator()(const quant::ClipLayer& layer) const {
    const TensorView in = View(layer.input);
    ForEachPixel([&](int y, int x) {
      const uint8_t* from = At(in, y, x);
      const auto clipped = [&](int c) {
        return std::clamp(from[c * Step(in)] - in.tensor->zero_point(), layer.low, layer.high);
      };
      ForEachChannel(clipped, y, x);
    });
  }

 private:
  template <typename Sum>
  void Average(const quant::AveragePoolLayer& layer) const {
    const int zero = View(layer.input).tensor->zero_point();
    const int full = layer.window.kernel_h * layer.window.kernel_w;
    const auto add = [](Sum sum, uint8_t byte) { return Sum(sum + byte); };
    const auto finish = [&](Sum sum, int inside) {
      const int count = layer.count_include_pad ? full : inside;
      const int64_t scaled = (int64_t{sum} - int64_t{inside} * zero) * (int64_t{1} << layer.left);
      return std::clamp<int64_t>(Mean(scaled, count), out_.tensor->lowest(), out_.tensor->highest());
    };
    ForEachWindow<Sum>(View(layer.input), layer.window, add, finish);
  }

  struct Range {
    int begin, end;
    int size() const { return end - begin; }
  };

  const TensorView& View(int index) const { return views_[size_t(index)]; }
  static int64_t Step(const TensorView& view) { return kSideBySide ? 1 : view.channel; }
  static uint8_t* At(const TensorView& view, int y, int x) { return view.origin + y * view.line + x * view.step; }

  // As quant::RoundingDivide, which a power of two makes a shift.
  static int64_t Mean(int64_t sum, int count) {
    const auto unsigned_count = unsigned(count);
    if (std::has_single_bit(unsigned_count)) return quant::RoundingShift(sum, std::countr_zero(unsigned_count));
    return quant::RoundingDivide(sum, count);
  }

  template <typename Function>
  void ForEachPixel(const Function& pixel) const {
    const int height = out_.tensor->shape.height, width = out_.tensor->shape.width;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) pixel(y, x);
    }
  }

  // Stores value(channel), a q, as a byte of the output's pixel.
  template <typename Function>
  void ForEachChannel(const Function& value, int y, int x) const {
    uint8_t* const to = At(out_, y, x);
    const int zero = out_.tensor->zero_point(), channels = out_.tensor->shape.channels;
    for (int c = 0; c < channels; ++c) to[c * Step(out_)] = static_cast<uint8_t>(value(c) + zero);
  }

  // All channels of a pixel, from `channel` of the output on.
  void Copy(const TensorView& in, int from_y, int from_x, int y, int x, int channel) const {
    const uint8_t* const from = At(in, from_y, from_x);
    uint8_t* const to = At(out_, y, x) + channel * Step(out_);
    const int channels = in.tensor->shape.channels;
    int c = 0;
    for (; kSideBySide && c + kBlock <= channels; c += kBlock) std::memcpy(to + c, from + c, kBlock);
    for (; c < channels; ++c) to[c * Step(out_)] = from[c * Step(in)];
  }

  // The part of a window that lies inside the image along one axis.
  static Range Inside(int output, int stride, int pad, int kernel, int size) {
    const int begin = output * stride - pad;
    return {std::max(begin, 0), std::min(begin + kernel, size)};
  }

  // Folds the bytes of each window by `add`, from 0 on; q = finish(result, pixels inside).
  template <typename Sum, typename Add, typename Finish>
  void ForEachWindow(const TensorView& in, const nn::Window& w, const Add& add, const Finish& finish) const {
    const nn::Shape& shape = in.tensor->shape;
    ForEachPixel([&](int y, int x) {
      const Range ys = Inside(y, w.stride_h, w.pad_top, w.kernel_h, shape.height);
      const Range xs = Inside(x, w.stride_w, w.pad_left, w.kernel_w, shape.width);
      for (int first = 0; first < shape.channels; first += kChunk) {
        const int count = std::min(kChunk, shape.channels - first);
        std::array<Sum, kChunk> folded = {};
        for (int iy = ys.begin; iy < ys.end; ++iy) {
          for (int ix = xs.begin; ix < xs.end; ++ix) {
            const uint8_t* const from = At(in, iy, ix) + first * Step(in);
            for (int c = 0; c < count; ++c) folded[size_t(c)] = add(folded[size_t(c)], from[c * Step(in)]);
          }
        }
        uint8_t* const to = At(out_, y, x) + first * Step(out_);
        for (int c = 0; c < count; ++c) {
          const auto q = finish(folded[size_t(c)], ys.size() * xs.size());
          to[c * Step(out_)] = static_cast<uint8_t>(q + out_.tensor->zero_point());
        }
      }
    });
  }

  std::span<const TensorView> views_;
  const TensorView out_;
};

}  // namespace

TensorView ChannelMajor(const quant::Tensor& tensor, uint8_t* bytes) {
  const nn::Shape& shape = tensor.shape;
  return {&tensor, bytes, int64_t{shape.height} * shape.width, 1, shape.width};
}

void RunHostStep(const quant::HostLayer& layer, std::span<const TensorView> views, int output) {
  const bool side_by_side =
      std::all_of(views.begin(), views.end(), [](const TensorView& view) { return view.channel == 1; });
  if (side_by_side) return std::visit(HostStep<true>(views, output), layer);
  std::visit(HostStep<false>(views, output), layer);
}

}  // namespace colonnade::executors
