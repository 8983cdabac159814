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

// When each pixel of a tensor can be read: never before the one ahead of it.
using Ready = std::vector<int64_t>;

struct Stream {
  Ready ready;
  int64_t skew = 0;       // cycles from a pixel's first byte to its last: of array rows
  bool in_memory = true;  // all of it, before the first word
};

// Of one pixel of the window, from its output pixel's place.
struct Reach {
  int stride_h = 1, stride_w = 1;
  int dy = 0, dx = 0;
};

Reach FirstOf(const nn::Window& w) { return {w.stride_h, w.stride_w, -w.pad_top, -w.pad_left}; }

Reach LastOf(const nn::Window& w) {
  return {w.stride_h, w.stride_w, (w.kernel_h - 1) * w.dilation_h - w.pad_top,
          (w.kernel_w - 1) * w.dilation_w - w.pad_left};
}

struct HostLast {
  Reach operator()(const quant::MaxPoolLayer& pool) const { return LastOf(pool.window); }
  Reach operator()(const quant::AveragePoolLayer& pool) const { return LastOf(pool.window); }
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

// The number of that pixel, or of the one in the image that is next to it.
size_t PixelAt(const nn::Shape& shape, const Reach& reach, int y, int x) {
  const int row = std::clamp(y * reach.stride_h + reach.dy, 0, shape.height - 1);
  const int column = std::clamp(x * reach.stride_w + reach.dx, 0, shape.width - 1);
  return size_t(row) * shape.width + column;
}

class Predictor {
 public:
  Predictor(const ArrayProgram& program, std::span<const ArraySize> arrays) : program_(program), arrays_(arrays) {
    const nn::Shape& image = program.tensors.front().shape;
    streams_.push_back({Ready(size_t(image.height) * image.width, 0)});
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
    result_.latency = streams_.back().ready.back();
    return std::move(result_);
  }

 private:
  const nn::Shape& shape(size_t tensor) const { return program_.tensors[tensor].shape; }

  template <typename Issue>
  Ready ForEachPixel(size_t step, const Issue& issue) {
    const nn::Shape& output = shape(step + 1);
    Ready ready;
    for (int y = 0; y < output.height; ++y) {
      for (int x = 0; x < output.width; ++x) ready.push_back(issue(y, x));
    }
    return ready;
  }

  int64_t InputReady(int tensor, const Reach& reach, int y, int x) const {
    return streams_[size_t(tensor)].ready[PixelAt(shape(size_t(tensor)), reach, y, x)];
  }

  // From the first pixel of the window to the last that is written, or begun to be, when the
  // array's last column reads.
  int64_t Buffered(const MatrixStep& step, const ArraySize& array, int64_t issued, int y, int x) const {
    const Stream& input = streams_[size_t(step.input)];
    if (input.in_memory) return 0;
    const int64_t last_read = issued + array.columns;
    const auto written = std::upper_bound(input.ready.begin(), input.ready.end(), last_read + input.skew);
    const size_t oldest = PixelAt(shape(size_t(step.input)), FirstOf(step.window), y, x);
    return written - input.ready.begin() - static_cast<int64_t>(oldest);
  }

  void StreamMatrix(const MatrixStep& step, size_t index) {
    const int64_t word = array::WordCycles(program_.config);
    const ArraySize array =
        arrays_.empty() ? ArraySize{step.matrix.rows, step.matrix.groups} : arrays_[result_.steps.size()];
    const int64_t through =
        array::kStartUp + (array.columns - 1) + (array.rows - 1) + array::kSumBits + array::kRequantize + 1;
    PipelinedStep made{program_.steps[index].name, array.rows, array.columns, -1};
    int64_t issued = -word;
    Ready ready = ForEachPixel(index, [&](int y, int x) {
      issued = std::max(issued + word, InputReady(step.input, LastOf(step.window), y, x));
      if (step.residual) issued = std::max(issued, InputReady(step.residual->tensor, {}, y, x));
      if (made.first_word < 0) made.first_word = issued;
      made.buffer_pixels = std::max(made.buffer_pixels, Buffered(step, array, issued, y, x));
      return issued + through;
    });
    made.last_output = ready.back();
    made.buffer_bytes = made.buffer_pixels * shape(size_t(step.input)).channels;
    result_.interval = std::max(result_.interval, issued + word - made.first_word);
    Append(std::move(made));
    streams_.push_back({std::move(ready), array.rows - 1, false});
  }

  void Append(PipelinedStep made) {
    result_.cells += int64_t{made.rows} * made.columns;
    result_.buffer_bytes += made.buffer_bytes;
    result_.steps.push_back(std::move(made));
  }

  void StreamHost(const quant::HostLayer& layer, size_t index) {
    const Reach last = std::visit(HostLast(), layer);
    const std::vector<int> inputs = quant::InputsOf(layer);
    int64_t ready = 0;
    Ready all = ForEachPixel(index, [&](int y, int x) {
      for (const int input : inputs) ready = std::max(ready, InputReady(input, last, y, x));
      return ready;
    });
    const bool in_memory =
        std::all_of(inputs.begin(), inputs.end(), [&](int input) { return streams_[size_t(input)].in_memory; });
    streams_.push_back({std::move(all), 0, in_memory});
  }

  const ArrayProgram& program_;
  const std::span<const ArraySize> arrays_;
  std::vector<Stream> streams_;  // by tensor
  Pipelined result_;
};

}  // namespace

Pipelined PredictPipelined(const ArrayProgram& program) { return Predictor(program, {}).Run(); }

Pipelined PredictPipelined(const ArrayProgram& program, std::span<const ArraySize> arrays) {
  return Predictor(program, arrays).Run();
}

}  // namespace colonnade::compiler
