// SPDX-License-Identifier: Apache-2.0
#include "server/executors/pixel_layout.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <variant>

namespace colonnade::executors {
namespace {

constexpr int64_t kAlignment = 64;

int64_t RoundUp(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

struct Border {
  int top = 0, left = 0, bottom = 0, right = 0;

  void Cover(const nn::Window& w, const nn::Shape& input, const nn::Shape& output) {
    const auto beyond = [](int outputs, int stride, int kernel, int dilation, int pad, int size) {
      return std::max(0, (outputs - 1) * stride + (kernel - 1) * dilation - pad - (size - 1));
    };
    top = std::max(top, w.pad_top);
    left = std::max(left, w.pad_left);
    bottom = std::max(bottom, beyond(output.height, w.stride_h, w.kernel_h, w.dilation_h, w.pad_top, input.height));
    right = std::max(right, beyond(output.width, w.stride_w, w.kernel_w, w.dilation_w, w.pad_left, input.width));
  }

  // Shifted tensors are read with their offsets.
  void Cover(const quant::ShiftLayer& shift) {
    for (const int dy : shift.dy) top = std::max(top, -dy), bottom = std::max(bottom, dy);
    for (const int dx : shift.dx) left = std::max(left, -dx), right = std::max(right, dx);
  }
};

std::vector<Border> BordersOf(const array::ArrayProgram& program) {
  std::vector<Border> borders(program.tensors.size());
  for (size_t i = 0; i < program.steps.size(); ++i) {
    const auto& operation = program.steps[i].operation;
    if (const auto* matrix = std::get_if<array::MatrixStep>(&operation)) {
      borders[size_t(matrix->input)].Cover(matrix->window, program.tensors[size_t(matrix->input)].shape,
                                           program.tensors[i + 1].shape);
    } else if (const auto* shift = std::get_if<quant::ShiftLayer>(&std::get<quant::HostLayer>(operation))) {
      borders[size_t(shift->input)].Cover(*shift);
    }
  }
  return borders;
}

// An image of few channels is kept narrow; whatever the array writes has whole blocks.
int64_t StepOf(size_t tensor, int channels) {
  constexpr int kNarrow = 4;
  return tensor == 0 && channels <= kNarrow ? kNarrow : RoundUp(channels, kChannelBlock);
}

// The usual image, a pixel at once.
void ScatterColours(const uint8_t* bytes, const PixelLayout& layout, uint8_t* arena) {
  static_assert(std::endian::native == std::endian::little);
  const int64_t width = layout.shape.width, plane = layout.shape.height * width;
  for (int y = 0; y < layout.shape.height; ++y) {
    const uint8_t* __restrict from = bytes + y * width;
    uint8_t* __restrict to = arena + layout.At(y, 0);
    for (int64_t x = 0; x < width; ++x) {
      const uint32_t pixel = from[x] | uint32_t{from[x + plane]} << 8 | uint32_t{from[x + 2 * plane]} << 16;
      std::memcpy(to + 4 * x, &pixel, sizeof(pixel));
    }
  }
}

template <typename T, typename Convert>
void GatherInto(const PixelLayout& layout, const uint8_t* arena, T* to, const Convert& convert) {
  const nn::Shape& shape = layout.shape;
  for (int channel = 0; channel < shape.channels; ++channel) {
    for (int y = 0; y < shape.height; ++y) {
      const uint8_t* from = arena + layout.At(y, 0) + channel;
      for (int x = 0; x < shape.width; ++x) *to++ = convert(from[x * layout.step]);
    }
  }
}

}  // namespace

ArenaLayout LayOut(const array::ArrayProgram& program) {
  const std::vector<Border> borders = BordersOf(program);
  ArenaLayout arena;
  for (size_t i = 0; i < program.tensors.size(); ++i) {
    const Border& border = borders[i];
    PixelLayout layout;
    layout.shape = program.tensors[i].shape;
    layout.zero_point = uint8_t(program.tensors[i].zero_point());
    layout.step = StepOf(i, layout.shape.channels);
    layout.line = RoundUp((border.left + layout.shape.width + border.right) * layout.step, kAlignment);
    layout.begin = arena.size;
    layout.origin = layout.begin + border.top * layout.line + border.left * layout.step;
    layout.end = layout.begin + (border.top + layout.shape.height + border.bottom) * layout.line + kReach;
    arena.size = layout.end;
    arena.tensors.push_back(layout);
  }
  return arena;
}

void Scatter(std::span<const uint8_t> bytes, const PixelLayout& layout, uint8_t* arena) {
  const nn::Shape& shape = layout.shape;
  if (shape.channels == 3 && layout.step == 4) return ScatterColours(bytes.data(), layout, arena);
  const uint8_t* from = bytes.data();
  for (int channel = 0; channel < shape.channels; ++channel) {
    for (int y = 0; y < shape.height; ++y) {
      uint8_t* to = arena + layout.At(y, 0) + channel;
      for (int x = 0; x < shape.width; ++x) to[x * layout.step] = *from++;
    }
  }
}

void Gather(const PixelLayout& layout, const uint8_t* arena, std::span<uint8_t> bytes) {
  GatherInto(layout, arena, bytes.data(), [](uint8_t byte) { return byte; });
}

void GatherValues(const PixelLayout& layout, const uint8_t* arena, std::span<int32_t> values) {
  GatherInto(layout, arena, values.data(), [&](uint8_t byte) { return int32_t{byte} - layout.zero_point; });
}

}  // namespace colonnade::executors
