// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/resnet20.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "server/compiler/compile.h"

namespace colonnade::bench {
namespace {

class Maker {
 public:
  explicit Maker(int alpha) : alpha_(alpha) {
    network_.input_name = "image";
    network_.output_name = "logits";
    network_.tensors.push_back({"image", {3, 32, 32}, 1.0, true});
    Convolution(0, 16, 1);
    for (const int channels : {16, 32, 64}) {
      for (int block = 0; block < 3; ++block) Block(channels, channels > 16 && block == 0 ? 2 : 1);
    }
    Classifier();
  }

  std::shared_ptr<const array::ArrayProgram> Compile() const {
    auto program = compiler::Compile(network_, groupings_, {});
    if (!program.ok()) std::abort();
    return std::make_shared<const array::ArrayProgram>(*std::move(program));
  }

 private:
  int last() const { return int(network_.tensors.size()) - 1; }
  const nn::Shape& shape(int tensor) const { return network_.tensors[tensor].shape; }

  template <typename Layer>
  void Append(Layer layer, const nn::Shape& shape) {
    const std::string name = std::to_string(last());
    network_.layers.push_back({name, std::move(layer)});
    network_.tensors.push_back({name, shape, 1.0, false});
  }

  // Any alpha channels of a tap; each row keeps one weight of each group.
  packing::Grouping PackRandomly(int rows, int channels, int kernel, quant::WeightMatrix& weights) {
    const int taps = kernel * kernel;
    weights.rows = rows;
    weights.columns = channels * taps;
    weights.values.resize(size_t(rows) * weights.columns);
    for (int c = 0; c < weights.columns; ++c) {
      weights.column_sites.push_back({c / taps, c % taps / kernel, c % kernel});
    }
    packing::Grouping grouping;
    std::vector<int> order(static_cast<size_t>(channels));
    std::iota(order.begin(), order.end(), 0);
    for (int tap = 0; tap < taps; ++tap) {
      std::shuffle(order.begin(), order.end(), random_);
      for (int first = 0; first < channels; first += alpha_) {
        std::vector<int> members;
        for (int i = first; i < std::min(first + alpha_, channels); ++i) {
          members.push_back(order[size_t(i)] * taps + tap);
        }
        for (int row = 0; row < rows; ++row) {
          weights.values[size_t(row) * weights.columns + members[random_() % members.size()]] =
              static_cast<int8_t>(1 + random_() % 127);
        }
        grouping.groups.push_back(std::move(members));
      }
    }
    return grouping;
  }

  void Matrix(int input, int rows, int kernel, quant::MatrixLayer layer, const nn::Shape& output) {
    layer.input = input;
    layer.source = std::to_string(last());
    groupings_[layer.source] = PackRandomly(rows, shape(input).channels, kernel, layer.weights);
    layer.bias.assign(rows, 1000);
    layer.shift.assign(rows, 10);
    Append(std::move(layer), output);
  }

  void Convolution(int input, int filters, int stride, std::optional<int> residual = {}) {
    quant::MatrixLayer layer;
    layer.window = {3, 3, stride, stride, 1, 1, 1, 1};
    if (residual) layer.residual = quant::Residual{*residual, 0};
    Matrix(input, filters, 3, std::move(layer),
           {filters, shape(input).height / stride, shape(input).width / stride});
  }

  void Block(int channels, int stride) {
    const int input = last();
    int shortcut = input;
    if (stride > 1) {
      const nn::Shape half{shape(input).channels, shape(input).height / 2, shape(input).width / 2};
      Append(quant::HostLayer(quant::SubsampleLayer{input, 2, 2}), half);
      const int added = channels - half.channels;
      Append(quant::HostLayer(quant::PadChannelsLayer{last(), added / 2, added - added / 2}),
             {channels, half.height, half.width});
      shortcut = last();
    }
    Convolution(input, channels, stride);
    Convolution(last(), channels, 1, shortcut);
  }

  void Classifier() {
    Append(quant::HostLayer(quant::AveragePoolLayer{last(), {8, 8, 8, 8}}), {64, 1, 1});
    quant::MatrixLayer layer;
    layer.is_logits = true;
    Matrix(last(), 10, 1, std::move(layer), {10, 1, 1});
  }

  const int alpha_;
  std::mt19937 random_{20};
  quant::QuantizedNetwork network_;
  compiler::Groupings groupings_;
};

}  // namespace

std::shared_ptr<const array::ArrayProgram> ResNet20(int alpha) { return Maker(alpha).Compile(); }

}  // namespace colonnade::bench
