// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/chain/chain_pair.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <utility>

#include "server/compiler/compile.h"
#include "server/executors/array_executor.h"
#include "tests/support/require.h"

namespace colonnade::rtl {
namespace {

using compiler::ArraySize;

class Generator {
 public:
  Generator(const ChainShape& shape, uint64_t seed) : shape_(shape), random_(seed) {}

  // Nothing, when shapes do not fit.
  std::optional<ChainPair> Generate() {
    network_ = {"image", "out", {}, {}};
    groupings_.clear();
    network_.tensors.push_back({"image", {Pick(1, kImageChannels), Pick(2, 11), Pick(2, 11)}, 1.0, Pick(0, 1) == 1});
    if (!AddLayer(shape_.first) || !AddLayer(shape_.second)) return std::nullopt;
    return Compiled();
  }

 private:
  int Pick(int low, int high) { return low + static_cast<int>(random_() % static_cast<uint64_t>(high - low + 1)); }

  nn::Window RandomWindow(int kind) {
    const int stride = Pick(0, 2) == 0 ? 2 : 1;
    if (kind == 0) return {.stride_h = stride, .stride_w = stride};
    if (kind < 4) return {3, 3, stride, stride, 1, 1, 1, 1};
    nn::Window w{Pick(1, 3), Pick(1, 3), Pick(1, 3), Pick(1, 3), Pick(0, 2), Pick(0, 2), Pick(0, 2), Pick(0, 2)};
    w.dilation_h = Pick(1, 2), w.dilation_w = Pick(1, 2);
    return w;
  }

  std::optional<nn::Shape> OutputOf(const nn::Shape& in, const nn::Window& w, int channels) {
    const nn::Shape out{channels,
                        nn::WindowOutput(in.height, w.kernel_h, w.stride_h, w.pad_top, w.pad_bottom, w.dilation_h),
                        nn::WindowOutput(in.width, w.kernel_w, w.stride_w, w.pad_left, w.pad_right, w.dilation_w)};
    if (out.height < 1 || out.width < 1 || out.height * out.width > kOutputPositions) return std::nullopt;
    return out;
  }

  // Runs of the channels at each tap, up to `most` of them. With `shifts` a channel has one tap.
  packing::Grouping RandomGroups(int channels, int taps, bool shifts, int most) {
    packing::Grouping grouping;
    std::vector<int> tap_of(static_cast<size_t>(channels));
    for (int& tap : tap_of) tap = Pick(0, taps - 1);
    for (int tap = 0; tap < taps; ++tap) {
      std::vector<int> columns;
      for (int channel = 0; channel < channels; ++channel) {
        if (!shifts || tap_of[size_t(channel)] == tap) columns.push_back(channel * taps + tap);
      }
      std::shuffle(columns.begin(), columns.end(), random_);
      for (size_t i = 0; i < columns.size();) {
        const size_t end = std::min(columns.size(), i + static_cast<size_t>(Pick(1, shape_.alpha)));
        grouping.groups.emplace_back(columns.begin() + int(i), columns.begin() + int(end));
        i = end;
      }
    }
    std::shuffle(grouping.groups.begin(), grouping.groups.end(), random_);
    grouping.groups.resize(std::min(grouping.groups.size(), size_t(most)));
    return grouping;
  }

  int8_t RandomWeight() {
    const int magnitude = Pick(0, 9) == 0 ? 127 : Pick(1, 60);
    return static_cast<int8_t>(Pick(0, 1) ? magnitude : -magnitude);
  }

  // At most one weight per row and group, at least one per group.
  void FillWeights(const packing::Grouping& grouping, quant::WeightMatrix& weights) {
    weights.values.resize(size_t(weights.rows) * weights.columns);
    for (const std::vector<int>& members : grouping.groups) {
      const int full_row = Pick(0, weights.rows - 1);
      for (int row = 0; row < weights.rows; ++row) {
        if (row != full_row && Pick(0, 3) == 0) continue;
        const int column = members[size_t(Pick(0, int(members.size()) - 1))];
        weights.values[size_t(row) * weights.columns + column] = RandomWeight();
      }
    }
  }

  void FillRows(bool is_signed, quant::MatrixLayer& layer) {
    for (int row = 0; row < layer.weights.rows; ++row) {
      layer.bias.push_back(Pick(-3000, 3000));
      layer.shift.push_back(static_cast<uint8_t>(Pick(0, 9) == 0 ? Pick(0, 31) : Pick(2, 7)));
    }
    layer.low = is_signed ? Pick(0, 2) ? -128 : 0 : 0;
    layer.high = is_signed ? 127 : Pick(0, 2) ? 255 : Pick(1, 255);
  }

  bool AddLayer(const ArraySize& array) {
    const quant::Tensor& input = network_.tensors.back();
    const int kind = Pick(0, 5);
    quant::MatrixLayer layer;
    layer.input = static_cast<int>(network_.layers.size());
    layer.source = "layer" + std::to_string(layer.input);
    layer.window = RandomWindow(kind);
    const int filters = Pick(0, 2) ? array.rows : Pick(1, array.rows);
    const std::optional<nn::Shape> output = OutputOf(input.shape, layer.window, filters);
    if (!output) return false;
    const int width = layer.window.kernel_w, taps = layer.window.kernel_h * width;
    layer.weights = {filters, input.shape.channels * taps, {}, {}};
    for (int column = 0; column < layer.weights.columns; ++column) {
      layer.weights.column_sites.push_back({column / taps, column % taps / width, column % taps % width});
    }
    const int groups = Pick(0, 2) ? array.columns : Pick(1, array.columns);
    groupings_[layer.source] = RandomGroups(input.shape.channels, taps, kind == 3, groups);
    FillWeights(groupings_[layer.source], layer.weights);
    const bool is_signed = Pick(0, 1) == 1;
    FillRows(is_signed, layer);
    network_.layers.push_back({layer.source, layer});
    network_.tensors.push_back({layer.source, *output, 1.0, is_signed});
    return true;
  }

  std::optional<ChainPair> Compiled() {
    array::ArrayConfig config;
    config.rows = std::max(shape_.first.rows, shape_.second.rows);
    config.columns = std::max(shape_.first.columns, shape_.second.columns);
    config.alpha = shape_.alpha;
    config.interleave = shape_.interleave;
    config.weight_buffers = 1;
    ChainPair pair;
    pair.program =
        std::make_shared<const array::ArrayProgram>(Require(compiler::Compile(network_, groupings_, config)));
    const std::vector<ArraySize> arrays = {shape_.first, shape_.second};
    pair.predicted = compiler::PredictPipelined(*pair.program, arrays);
    pair.fills_arrays = true;
    for (int i = 0; i < 2; ++i) {
      const ArraySize matrix{pair.step(i).matrix.rows, pair.step(i).matrix.groups};
      pair.fills_arrays = pair.fills_arrays && matrix == arrays[size_t(i)];
    }
    return pair;
  }

  const ChainShape shape_;
  std::mt19937_64 random_;
  quant::QuantizedNetwork network_;
  compiler::Groupings groupings_;
};

}  // namespace

ChainPair RandomPair(const ChainShape& shape, uint64_t seed, int least, int most) {
  Generator generator(shape, seed);
  for (;;) {
    std::optional<ChainPair> pair = generator.Generate();
    if (!pair) continue;
    const int64_t buffered = pair->predicted.steps[1].buffer_pixels;
    if (buffered >= least && buffered <= most) return *std::move(pair);
  }
}

std::vector<uint8_t> RandomImage(const ChainPair& pair, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint8_t> bytes(static_cast<size_t>(pair.tensor(0).shape.size()));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() % 8 == 0 ? 255 : random());
  return bytes;
}

std::vector<uint8_t> ReferenceOutput(const ChainPair& pair, const std::vector<uint8_t>& image) {
  const auto executor = Require(executors::MakeExecutor("reference", pair.program));
  executors::Workspace workspace;
  Require(executor->Run(image, workspace));
  return executor->BytesOf(2, workspace);
}

}  // namespace colonnade::rtl
