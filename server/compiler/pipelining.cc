// SPDX-License-Identifier: Apache-2.0
// Tensors stream in raster order and no pixel is ready before the one ahead of it, so that the
// last pixel of a window decides when the window is there.
#include "server/compiler/pipelining.h"

#include <algorithm>
#include <variant>

#include "server/array/schedule.h"

namespace colonnade::compiler {
namespace {

using array::ArrayProgram;
using array::MatrixStep;

// When each pixel of a tensor can be read.
using Ready = std::vector<int64_t>;

struct Reach {
  int stride_h = 1, stride_w = 1;
  int last_dy = 0, last_dx = 0;  // of the window's last pixel, from its output pixel's place
};

Reach ReachOf(const nn::Window& w) {
  return {w.stride_h, w.stride_w, (w.kernel_h - 1) * w.dilation_h - w.pad_top,
          (w.kernel_w - 1) * w.dilation_w - w.pad_left};
}

struct HostReach {
  Reach operator()(const quant::MaxPoolLayer& pool) const { return ReachOf(pool.window); }
  Reach operator()(const quant::AveragePoolLayer& pool) const { return ReachOf(pool.window); }
  Reach operator()(const quant::SubsampleLayer& sample) const { return {sample.stride_h, sample.stride_w}; }
  Reach operator()(const quant::ShiftLayer& shift) const {
    return {shift.stride_h, shift.stride_w, *std::max_element(shift.dy.begin(), shift.dy.end()),
            *std::max_element(shift.dx.begin(), shift.dx.end())};
  }
  // Everything has come when the last pixel has.
  Reach operator()(const quant::FlattenLayer&) const { return {1, 1, 1 << 20, 1 << 20}; }
  template <typename Pixelwise>
  Reach operator()(const Pixelwise&) const {
    return {};
  }
};

int64_t ReadyAt(const Ready& ready, const nn::Shape& shape, const Reach& reach, int y, int x) {
  const int last_y = std::clamp(y * reach.stride_h + reach.last_dy, 0, shape.height - 1);
  const int last_x = std::clamp(x * reach.stride_w + reach.last_dx, 0, shape.width - 1);
  return ready[size_t(last_y) * shape.width + last_x];
}

class Predictor {
 public:
  explicit Predictor(const ArrayProgram& program) : program_(program) {
    const nn::Shape& image = program.tensors.front().shape;
    ready_.push_back(Ready(size_t(image.height) * image.width, 0));
  }

  Pipelined Run() {
    for (size_t i = 0; i < program_.steps.size(); ++i) {
      const auto& operation = program_.steps[i].operation;
      if (const auto* matrix = std::get_if<MatrixStep>(&operation)) {
        StreamMatrix(*matrix, i);
      } else {
        StreamHost(std::get<quant::HostLayer>(operation), i);
      }
    }
    result_.latency = ready_.back().back();
    return std::move(result_);
  }

 private:
  const nn::Shape& shape(size_t tensor) const { return program_.tensors[tensor].shape; }

  template <typename Issue>
  void ForEachPixel(size_t step, const Issue& issue) {
    const nn::Shape& output = shape(step + 1);
    Ready ready;
    for (int y = 0; y < output.height; ++y) {
      for (int x = 0; x < output.width; ++x) ready.push_back(issue(y, x));
    }
    ready_.push_back(std::move(ready));
  }

  int64_t InputReady(int tensor, const Reach& reach, int y, int x) const {
    return ReadyAt(ready_[size_t(tensor)], shape(size_t(tensor)), reach, y, x);
  }

  void StreamMatrix(const MatrixStep& step, size_t index) {
    const int64_t word = array::WordCycles(program_.config);
    const int64_t through = array::kStartUp + (step.matrix.groups - 1) + (step.matrix.rows - 1) + array::kSumBits +
                            array::kRequantize + 1;
    const Reach reach = ReachOf(step.window);
    int64_t issued = -word, first = -1;
    ForEachPixel(index, [&](int y, int x) {
      issued = std::max(issued + word, InputReady(step.input, reach, y, x));
      if (step.residual) issued = std::max(issued, InputReady(step.residual->tensor, {}, y, x));
      if (first < 0) first = issued;
      return issued + through;
    });
    const nn::Shape& input = shape(size_t(step.input));
    const int64_t lines = int64_t{step.window.kernel_h - 1} * step.window.dilation_h;
    const int64_t buffered = std::min<int64_t>(lines, input.height) * input.width * input.channels;
    result_.steps.push_back({program_.steps[index].name, step.matrix.rows, step.matrix.groups, first,
                             ready_.back().back(), buffered});
    result_.cells += int64_t{step.matrix.rows} * step.matrix.groups;
    result_.buffer_bytes += result_.steps.back().buffer_bytes;
    result_.interval = std::max(result_.interval, word * int64_t(ready_.back().size()));
  }

  void StreamHost(const quant::HostLayer& layer, size_t index) {
    const Reach reach = std::visit(HostReach(), layer);
    const std::vector<int> inputs = quant::InputsOf(layer);
    ForEachPixel(index, [&](int y, int x) {
      int64_t ready = 0;
      for (const int input : inputs) ready = std::max(ready, InputReady(input, reach, y, x));
      return ready;
    });
  }

  const ArrayProgram& program_;
  std::vector<Ready> ready_;  // by tensor
  Pipelined result_;
};

}  // namespace

Pipelined PredictPipelined(const ArrayProgram& program) { return Predictor(program).Run(); }

}  // namespace colonnade::compiler
