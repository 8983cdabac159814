// SPDX-License-Identifier: Apache-2.0
#include "tests/support/compact_network.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "server/compiler/compile.h"
#include "tests/support/require.h"

namespace colonnade {
namespace {

constexpr int kMostResidualShift = 22;  // of any row

class Maker {
 public:
  explicit Maker(uint64_t seed) : random_(seed) {
    network_.input_name = "image";
    network_.output_name = "logits";
    const int height = 1 << Random(1, 4), width = std::min(1 << Random(1, 5), 128 / height);
    network_.tensors.push_back({"image", {Random(1, 12), height * 2, width * 2}, 1.0, Random(0, 1) == 0});
    Convolution(0, 8 * Random(1, 2), Random(0, 3) == 0 ? 1 : 3, 1);
    Block(last_channels(), 1);
    Block(last_channels() + 16 * Random(0, 1), 2);
    if (Random(0, 1) == 0) Convolution(last(), Random(5, 20), 3, 1);
    Classifier();
  }

  std::shared_ptr<const array::ArrayProgram> Compile() const {
    const array::ArrayConfig config = Require(array::ParseArrayConfig("8x8a8-i1-w1-channel_block"));
    return std::make_shared<const array::ArrayProgram>(Require(compiler::Compile(network_, groupings_, config)));
  }

 private:
  int Random(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  int last() const { return int(network_.tensors.size()) - 1; }
  const nn::Shape& shape(int tensor) const { return network_.tensors[size_t(tensor)].shape; }
  int last_channels() const { return shape(last()).channels; }

  template <typename Layer>
  void Append(Layer layer, const nn::Shape& shape, double scale) {
    const std::string name = std::to_string(last());
    network_.layers.push_back({name, std::move(layer)});
    network_.tensors.push_back({name, shape, scale, false});
  }

  // A block of eight channels of a tap each; a row keeps one weight of each group, or none.
  packing::Grouping PackInBlocks(int rows, int channels, int kernel, quant::WeightMatrix& weights) {
    const int taps = kernel * kernel;
    weights.rows = rows;
    weights.columns = channels * taps;
    weights.values.resize(size_t(rows) * size_t(weights.columns));
    for (int c = 0; c < weights.columns; ++c) {
      weights.column_sites.push_back({c / taps, c % taps / kernel, c % kernel});
    }
    packing::Grouping grouping;
    for (int tap = 0; tap < taps; ++tap) {
      for (int first = 0; first < channels; first += 8) {
        std::vector<int> members;
        for (int i = first; i < std::min(first + 8, channels); ++i) members.push_back(i * taps + tap);
        for (int row = 0; row < rows; ++row) {
          if (row % 7 == 3) continue;
          const size_t member = size_t(Random(0, int(members.size()) - 1));
          weights.values[size_t(row * weights.columns + members[member])] = int8_t(Random(-127, 127));
        }
        grouping.groups.push_back(std::move(members));
      }
    }
    return grouping;
  }

  // A row of zeros has the shift that its bias allows, the others one that leaves some bytes unsaturated.
  void ChooseShifts(quant::MatrixLayer& layer) {
    for (int row = 0; row < layer.weights.rows; ++row) {
      const bool is_empty = row % 7 == 3;
      layer.shift.push_back(uint8_t(is_empty && !layer.residual ? Random(20, 31)
                                    : Random(0, 9) == 0         ? Random(0, 24)
                                                                : Random(5, 9)));
      layer.bias.push_back(is_empty ? Random(-(1 << 30), 1 << 30) >> Random(0, 3) : Random(-30000, 30000));
      if (layer.residual || layer.is_logits) layer.bias.back() = Random(-30000, 30000);
    }
  }

  void Matrix(int input, int rows, int kernel, quant::MatrixLayer layer, const nn::Shape& output) {
    layer.input = input;
    layer.source = std::to_string(last());
    groupings_[layer.source] = PackInBlocks(rows, shape(input).channels, kernel, layer.weights);
    ChooseShifts(layer);
    double scale = 1;
    if (layer.residual) {
      const int least = *std::min_element(layer.shift.begin(), layer.shift.end());
      for (uint8_t& shift : layer.shift) shift = std::min<uint8_t>(shift, uint8_t(least + kMostResidualShift));
      const int most = *std::max_element(layer.shift.begin(), layer.shift.end());
      layer.residual->exponent = std::min(std::max(Random(-2, 2), -least), kMostResidualShift - most);
      scale = network_.tensors[size_t(layer.residual->tensor)].scale / std::exp2(layer.residual->exponent);
    }
    Append(std::move(layer), output, scale);
  }

  void Convolution(int input, int filters, int kernel, int stride, std::optional<int> residual = {}) {
    quant::MatrixLayer layer;
    const int pad = kernel / 2;
    layer.window = {kernel, kernel, stride, stride, pad, pad, pad, pad};
    if (residual) layer.residual = quant::Residual{*residual, 0};
    Matrix(input, filters, kernel, std::move(layer),
           {filters, shape(input).height / stride, shape(input).width / stride});
  }

  void Block(int channels, int stride) {
    const int input = last();
    int shortcut = input;
    const double scale = network_.tensors[size_t(input)].scale;
    if (stride > 1) {
      const nn::Shape half{shape(input).channels, shape(input).height / 2, shape(input).width / 2};
      Append(quant::HostLayer(quant::SubsampleLayer{input, 2, 2}), half, scale);
      const int added = channels - half.channels;
      Append(quant::HostLayer(quant::PadChannelsLayer{last(), added / 2, added - added / 2}),
             {channels, half.height, half.width}, scale);
      shortcut = last();
    }
    Convolution(input, channels, 3, stride);
    Convolution(last(), channels, 3, 1, shortcut);
  }

  void Classifier() {
    const nn::Shape in = shape(last());
    const int left = Random(0, 2);
    const double scale = network_.tensors.back().scale / (1 << left);
    Append(quant::HostLayer(quant::AveragePoolLayer{last(), {in.height, in.width, in.height, in.width}, true, left}),
           {in.channels, 1, 1}, scale);
    quant::MatrixLayer layer;
    layer.is_logits = true;
    const int classes = Random(1, 20);
    Matrix(last(), classes, 1, std::move(layer), {classes, 1, 1});
  }

  std::mt19937_64 random_;
  quant::QuantizedNetwork network_;
  compiler::Groupings groupings_;
};

}  // namespace

std::shared_ptr<const array::ArrayProgram> RandomCompactProgram(uint64_t seed) { return Maker(seed).Compile(); }

}  // namespace colonnade
