// SPDX-License-Identifier: Apache-2.0
// An accumulator is linear in its bias, so the bias that gives a filter the right mean is
// known at once:
//
//   bias' = bias + floor(mean of the float sum / accumulator scale - mean of acc + 1/2)
//
// and as the mean of acc is taken on inputs that corrected layers computed, one pass from
// the first layer to the last is all. The mean is taken before clipping: after it, pixels
// that are clipped hide the error of those that are not.
//
// All images go through a layer before the next one is looked at, so their tensors are
// kept until their last reader is done. Products are added column by column over whole
// images, a weight at a time: every input pixel is fetched once, and zeros cost nothing.
#include "server/quant/bias_correction.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "server/quant/accumulator_range.h"
#include "server/quant/reference_network.h"
#include "server/quant/reweigh.h"

namespace colonnade::quant {
namespace {

constexpr int64_t kMostActivations = (int64_t{1} << 30) / int64_t{sizeof(int32_t)};

using Values = std::vector<int32_t>;  // of one tensor and one image
using Tensors = std::vector<Values>;  // of one image, by index

// By tensor: the last layer that reads it.
std::vector<int> LastReaders(const QuantizedNetwork& network) {
  std::vector<int> last(network.tensors.size(), -1);
  for (size_t i = 0; i < network.layers.size(); ++i) {
    for (const int tensor : InputsOf(network.layers[i])) last[size_t(tensor)] = int(i);
  }
  return last;
}

// q at every pixel of a window's tap: what one column of a filter matrix sees.
void Gather(const Values& q, const nn::Shape& in, const nn::Window& window, const nn::Column& site,
            const nn::Shape& out, Values& seen) {
  const int32_t* channel = q.data() + int64_t{site.channel} * in.height * in.width;
  auto to = seen.begin();
  for (int y = 0; y < out.height; ++y) {
    const int64_t in_y = int64_t{y} * window.stride_h - window.pad_top + int64_t{site.dy} * window.dilation_h;
    for (int x = 0; x < out.width; ++x) {
      const int64_t in_x = int64_t{x} * window.stride_w - window.pad_left + int64_t{site.dx} * window.dilation_w;
      const bool inside = 0 <= in_y && in_y < in.height && 0 <= in_x && in_x < in.width;
      *to++ = inside ? channel[in_y * in.width + in_x] : 0;
    }
  }
}

// acc += weight * seen.
void AddProducts(int32_t weight, const Values& seen, int32_t* acc) {
  for (size_t i = 0; i < seen.size(); ++i) acc[i] += weight * seen[i];
}

class BiasCorrector {
 public:
  BiasCorrector(const nn::Network& network, const ChannelMeans& means, QuantizedNetwork quantized)
      : network_(network), means_(means), quantized_(std::move(quantized)), last_readers_(LastReaders(quantized_)) {
    for (size_t i = 0; i < network.layers.size(); ++i) index_of_[network.layers[i].name] = int(i);
  }

  QuantizedNetwork Run(std::span<const uint8_t> images) {
    TakeInputs(images);
    for (size_t i = 0; i < quantized_.layers.size(); ++i) {
      if (auto* layer = std::get_if<MatrixLayer>(&quantized_.layers[i].operation)) {
        RunCorrected(int(i), *layer);
      } else {
        for (Tensors& tensors : images_) tensors.push_back(RunNextLayer(quantized_, tensors));
      }
      Forget(int(i));
    }
    return std::move(quantized_);
  }

 private:
  void TakeInputs(std::span<const uint8_t> bytes) {
    const auto size = size_t(quantized_.tensors[0].shape.size());
    for (; !bytes.empty(); bytes = bytes.subspan(size)) {
      Values& q = images_.emplace_back(1)[0];
      for (const uint8_t byte : bytes.first(size)) q.push_back(byte - quantized_.tensors[0].zero_point());
    }
  }

  void RunCorrected(int index, MatrixLayer& layer) {
    for (Tensors& tensors : images_) tensors.push_back(Accumulate(index, layer, tensors));
    const std::vector<int64_t> changes = Correct(index, layer);
    const int64_t pixels = PixelsOf(index);
    for (Tensors& tensors : images_) {
      int32_t* acc = tensors.back().data();
      for (int row = 0; row < layer.weights.rows; ++row) {
        for (int64_t i = 0; i < pixels; ++i, ++acc) {
          *acc = static_cast<int32_t>(*acc + changes[size_t(row)]);
          if (!layer.is_logits) *acc = Requantize(*acc, layer.shift[size_t(row)], layer.low, layer.high);
        }
      }
    }
  }

  int64_t PixelsOf(int layer) const {
    const nn::Shape& out = quantized_.tensors[size_t(layer) + 1].shape;
    return int64_t{out.height} * out.width;
  }

  // Of one image, by row and pixel, residual included. No partial sum leaves 32 bits:
  // docs/numerics.md, section 13.
  Values Accumulate(int index, const MatrixLayer& layer, const Tensors& tensors) const {
    const auto pixels = size_t(PixelsOf(index));
    Values acc, seen(pixels);
    for (const int32_t bias : layer.bias) acc.insert(acc.end(), pixels, bias);
    if (layer.residual) AddResidual(layer, tensors[size_t(layer.residual->tensor)], acc);
    const nn::Shape& in = quantized_.tensors[size_t(layer.input)].shape;
    for (int column = 0; column < layer.weights.columns; ++column) {
      Gather(tensors[size_t(layer.input)], in, layer.window, layer.weights.column_sites[size_t(column)],
             quantized_.tensors[size_t(index) + 1].shape, seen);
      for (int row = 0; row < layer.weights.rows; ++row) {
        const int weight = layer.weights.at(row, column);
        if (weight != 0) AddProducts(weight, seen, acc.data() + size_t(row) * pixels);
      }
    }
    return acc;
  }

  static void AddResidual(const MatrixLayer& layer, const Values& residual, Values& acc) {
    const size_t pixels = acc.size() / layer.bias.size();
    for (size_t i = 0; i < acc.size(); ++i) {
      const int64_t factor = int64_t{1} << (layer.shift[i / pixels] + layer.residual->exponent);
      acc[i] = static_cast<int32_t>(acc[i] + residual[i] * factor);
    }
  }

  // Changes the biases; returns by how much.
  std::vector<int64_t> Correct(int index, MatrixLayer& layer) const {
    const std::vector<double> scales = AccumulatorScales(quantized_, index);
    const int source = BeforeClips(index_of_.at(quantized_.tensors[size_t(index) + 1].name));
    std::vector<int64_t> changes;
    for (int row = 0; row < layer.weights.rows; ++row) {
      const double wanted = means_.mean(source, row) / scales[size_t(row)];
      changes.push_back(Limited(wanted - MeanOf(index, row), layer, row));
      layer.bias[size_t(row)] = static_cast<int32_t>(layer.bias[size_t(row)] + changes.back());
    }
    return changes;
  }

  // The layer whose output is that of `layer` before clipping.
  int BeforeClips(int layer) const {
    const nn::Layer& at = network_.layers[size_t(layer)];
    return at.as<nn::Clip>() || at.as<nn::Flatten>() ? BeforeClips(at.inputs[0]) : layer;
  }

  // Of the accumulators of layer `index`, which are the images' last tensors.
  double MeanOf(int index, int row) const {
    const int64_t pixels = PixelsOf(index);
    int64_t sum = 0;
    for (const Tensors& tensors : images_) {
      const int32_t* acc = tensors.back().data() + row * pixels;
      for (int64_t i = 0; i < pixels; ++i) sum += acc[i];
    }
    return double(sum) / double(pixels * int64_t(images_.size()));
  }

  // `change` as far as the accumulator's range allows.
  int64_t Limited(double change, const MatrixLayer& layer, int row) const {
    if (!std::isfinite(change)) return 0;
    const Tensor* residual = layer.residual ? &quantized_.tensors[size_t(layer.residual->tensor)] : nullptr;
    const AccumulatorRange range = RangeOf(layer, row, quantized_.tensors[size_t(layer.input)], residual);
    const auto lowest = double(std::numeric_limits<int32_t>::min() - range.lowest);
    const auto highest = double(std::numeric_limits<int32_t>::max() - range.highest);
    return static_cast<int64_t>(std::clamp(std::floor(change + 0.5), lowest, highest));
  }

  void Forget(int layer) {
    for (const int tensor : InputsOf(quantized_.layers[size_t(layer)])) {
      if (last_readers_[size_t(tensor)] != layer) continue;
      for (Tensors& tensors : images_) Values().swap(tensors[size_t(tensor)]);
    }
  }

  const nn::Network& network_;
  const ChannelMeans& means_;
  QuantizedNetwork quantized_;
  const std::vector<int> last_readers_;
  std::map<std::string, int> index_of_;  // layers of network_ by name
  std::vector<Tensors> images_;
};

}  // namespace

ChannelMeans::ChannelMeans(const nn::Network& network) {
  for (const nn::Layer& layer : network.layers) {
    layers_.push_back({layer.output, 0, std::vector<double>(size_t(layer.output.channels))});
  }
}

void ChannelMeans::Observe(int layer, std::span<const float> values) {
  Layer& seen = layers_[size_t(layer)];
  const int64_t pixels = int64_t{seen.shape.height} * seen.shape.width;
  for (auto value = values.begin(); value != values.end(); ++seen.images) {
    for (double& sum : seen.sums) {
      for (int64_t i = 0; i < pixels; ++i) sum += *value++;
    }
  }
}

double ChannelMeans::mean(int layer, int channel) const {
  const Layer& seen = layers_[size_t(layer)];
  return seen.sums[size_t(channel)] / double(seen.images * seen.shape.height * seen.shape.width);
}

int64_t MostCorrectionImages(const QuantizedNetwork& network) {
  const std::vector<int> last_readers = LastReaders(network);
  int64_t held = network.tensors[0].shape.size(), most = held;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    held += network.tensors[i + 1].shape.size();
    most = std::max(most, held);
    for (size_t tensor = 0; tensor <= i; ++tensor) {
      if (last_readers[tensor] == int(i)) held -= network.tensors[tensor].shape.size();
    }
  }
  return std::max<int64_t>(1, kMostActivations / most);
}

QuantizedNetwork CorrectBiases(const nn::Network& network, const ChannelMeans& means, QuantizedNetwork quantized,
                               std::span<const uint8_t> images) {
  return BiasCorrector(network, means, std::move(quantized)).Run(images);
}

}  // namespace colonnade::quant
