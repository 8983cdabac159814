// SPDX-License-Identifier: Apache-2.0
#include "server/onnx/shift_kernels.h"

#include <algorithm>

namespace colonnade::onnx {
namespace {

// Pixels that the offsets reach before and after a position.
struct Axis {
  int before = 0, after = 0;
  int kernel() const { return before + after + 1; }
};

Axis Span(const std::vector<int>& offsets, int size) {
  Axis axis;
  for (const int offset : offsets) {
    axis.before = std::max(axis.before, std::min(-offset, size));
    axis.after = std::max(axis.after, std::min(offset, size));
  }
  return axis;
}

}  // namespace

ShiftKernels ToKernels(const nn::Shift& shift, const nn::Shape& image) {
  const Axis h = Span(shift.dy, image.height), w = Span(shift.dx, image.width);
  const size_t taps = size_t(h.kernel()) * size_t(w.kernel());
  ShiftKernels kernels;
  kernels.window = {h.kernel(), w.kernel(), shift.stride_h, shift.stride_w, h.before, w.before, h.after, w.after};
  kernels.values.resize(shift.dy.size() * taps);
  for (size_t c = 0; c < shift.dy.size(); ++c) {
    const int y = std::clamp(shift.dy[c], -image.height, image.height) + h.before;
    const int x = std::clamp(shift.dx[c], -image.width, image.width) + w.before;
    kernels.values[c * taps + size_t(y) * size_t(w.kernel()) + size_t(x)] = 1;
  }
  return kernels;
}

}  // namespace colonnade::onnx
