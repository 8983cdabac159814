// SPDX-License-Identifier: Apache-2.0
// Whole layers against the formulas of docs/numerics.md in exact real arithmetic:
// real inputs = scale * q, one rounding and one saturation at the end.
#include <gtest/gtest.h>

#include <cmath>

#include "server/quant/reference_network.h"
#include "tests/unit/quant/big.h"
#include "tests/unit/quant/random_layer.h"

namespace colonnade::quant {
namespace {

constexpr uint64_t kSeeds = 150;

// Exact, since tests use scales that are powers of two.
Rational ScaleOf(const Tensor& tensor) { return Power(std::ilogb(tensor.scale)); }

// A tensor's real values; 0 outside.
struct Real {
  const Tensor& tensor;
  const std::vector<int32_t>& q;

  bool Inside(int y, int x) const {
    return 0 <= y && y < tensor.shape.height && 0 <= x && x < tensor.shape.width;
  }
  Rational At(int c, int y, int x) const {
    if (!Inside(y, x)) return 0;
    return ScaleOf(tensor) * q[(size_t(c) * tensor.shape.height + y) * tensor.shape.width + x];
  }
};

// The q of a real value in a tensor.
int Round(const Rational& real, const Tensor& tensor, int low, int high) {
  return Saturate(RoundHalfUp(real / ScaleOf(tensor)), low, high);
}

// Expects tensor `index` to be expected(c, y, x) everywhere.
template <typename Function>
void ExpectTensor(const QuantizedNetwork& network, const std::vector<std::vector<int32_t>>& values, int index,
                  const Function& expected) {
  const nn::Shape& shape = network.tensors[index].shape;
  size_t i = 0;
  for (int c = 0; c < shape.channels; ++c) {
    for (int y = 0; y < shape.height; ++y) {
      for (int x = 0; x < shape.width; ++x)
        ASSERT_EQ(values[index][i++], expected(c, y, x)) << c << "," << y << "," << x;
    }
  }
  EXPECT_EQ(i, values[index].size());
}

void Clamps(LayerSource& source, const Tensor& output, int& low, int& high) {
  low = source.Pick(0, 2) ? output.lowest() : source.Pick(output.lowest(), output.highest());
  high = source.Pick(0, 2) ? output.highest() : source.Pick(low, output.highest());
}

// The real output of a row before rounding: weights have the scale that makes the
// accumulator's the output's * 2^-shift.
Rational RealSum(const MatrixLayer& layer, const Real& in, const Tensor& output, int row, int y, int x) {
  const Rational accumulator_scale = ScaleOf(output) * Power(-layer.shift[row]);
  const Rational weight_scale = accumulator_scale / ScaleOf(in.tensor);
  Rational sum = accumulator_scale * layer.bias[row];
  for (int column = 0; column < layer.weights.columns; ++column) {
    const nn::Column& site = layer.weights.column_sites[column];
    const int in_y = y * layer.window.stride_h - layer.window.pad_top + site.dy * layer.window.dilation_h;
    const int in_x = x * layer.window.stride_w - layer.window.pad_left + site.dx * layer.window.dilation_w;
    sum += weight_scale * layer.weights.at(row, column) * in.At(site.channel, in_y, in_x);
  }
  return sum;
}

TEST(Layers, MatrixLayersRoundTheRealSumOnce) {
  int with_residual = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    LayerSource source(seed);
    QuantizedNetwork network;
    const nn::Shape shape{source.Pick(1, 4), source.Pick(2, 6), source.Pick(2, 6)};
    network.tensors.push_back(source.RandomTensor(shape, 0.25));
    nn::Window same;
    MatrixLayer first = source.RandomMatrix(shape, same, source.Pick(1, 4));
    const nn::Shape out{first.weights.rows, shape.height, shape.width};
    network.tensors.push_back(source.RandomTensor(out, 0.5));
    Clamps(source, network.tensors[1], first.low, first.high);
    network.layers.push_back({"first", first});
    nn::Window window =
        source.Pick(0, 1) ? nn::Window{3, 3, 1, 1, 1, 1, 1, 1} : source.RandomWindow(out, false);
    MatrixLayer second = source.RandomMatrix(out, window, out.channels);
    second.input = 1;
    network.tensors.push_back(source.RandomTensor(LayerSource::Slide(window, out, out.channels), 2.0));
    if (network.tensors[2].shape == out) second.residual = Residual{1, -2};
    for (uint8_t& shift : second.shift) shift = second.residual ? uint8_t(source.Pick(2, 20)) : shift;
    Clamps(source, network.tensors[2], second.low, second.high);
    network.layers.push_back({"second", second});
    if (!Check(network).ok()) continue;
    with_residual += second.residual.has_value();
    const auto values = RunQuantizedLayers(network, source.Bytes(shape));
    for (int i = 0; i < 2; ++i) {
      const auto& layer = std::get<MatrixLayer>(network.layers[i].operation);
      const Tensor& output = network.tensors[i + 1];
      const Real in{network.tensors[i], values[i]};
      ExpectTensor(network, values, i + 1, [&](int row, int y, int x) {
        Rational sum = RealSum(layer, in, output, row, y, x);
        if (layer.residual) sum += in.At(row, y, x);
        return Round(sum, output, layer.low, layer.high);
      });
    }
  }
  EXPECT_GT(with_residual, 20);
}

TEST(Layers, LogitsAreTheAccumulators) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    LayerSource source(seed);
    QuantizedNetwork network;
    const nn::Shape shape{source.Pick(1, 9), 1, 1};
    network.tensors.push_back(source.RandomTensor(shape, 0.125));
    MatrixLayer layer = source.RandomMatrix(shape, {}, source.Pick(1, 9));
    layer.is_logits = true;
    network.tensors.push_back(source.RandomTensor({layer.weights.rows, 1, 1}, 0.125));
    std::fill(layer.shift.begin(), layer.shift.end(), 0);
    network.layers.push_back({"logits", layer});
    ASSERT_TRUE(Check(network).ok()) << Check(network);
    const auto values = RunQuantizedLayers(network, source.Bytes(shape));
    ExpectTensor(network, values, 1, [&](int row, int y, int x) {
      const Real in{network.tensors[0], values[0]};
      return static_cast<int>(RealSum(layer, in, network.tensors[1], row, y, x) /
                              ScaleOf(network.tensors[1]));
    });
  }
}

// One host layer behind an input of this shape; its output's scale is 2^exponent times
// the input's.
struct OneLayer {
  QuantizedNetwork network;
  std::vector<std::vector<int32_t>> values;

  OneLayer(LayerSource& source, const nn::Shape& in, HostLayer layer, const nn::Shape& out, int exponent,
           std::optional<bool> is_signed = {}) {
    network.tensors.push_back(source.RandomTensor(in, 0.25));
    network.tensors.push_back(
        {"out", out, std::ldexp(0.25, exponent), is_signed.value_or(network.tensors[0].is_signed)});
    if (auto* clip = std::get_if<ClipLayer>(&layer))
      Clamps(source, network.tensors[1], clip->low, clip->high);
    if (auto* add = std::get_if<AddLayer>(&layer)) Clamps(source, network.tensors[1], add->low, add->high);
    network.layers.push_back({"layer", layer});
    EXPECT_TRUE(Check(network).ok()) << Check(network);
    values = RunQuantizedLayers(network, source.Bytes(in));
  }

  const Tensor& out() const { return network.tensors[1]; }
  Real in() const { return {network.tensors[0], values[0]}; }

  // Expects the rounded and saturated real(c, y, x) everywhere.
  template <typename Function>
  void Expect(const Function& real) const {
    ExpectTensor(network, values, 1, [&](int c, int y, int x) {
      return Round(real(c, y, x), out(), out().lowest(), out().highest());
    });
  }
};

nn::Shape AnyShape(LayerSource& source) { return {source.Pick(1, 4), source.Pick(1, 6), source.Pick(1, 6)}; }

TEST(Layers, AdditionsRoundTheRealSumOnce) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    LayerSource source(seed);
    const nn::Shape shape = AnyShape(source);
    QuantizedNetwork network;
    network.tensors.push_back(source.RandomTensor(shape, 1.0));
    MatrixLayer copy = source.RandomMatrix(shape, {}, shape.channels);
    network.tensors.push_back(source.RandomTensor(shape, std::ldexp(1.0, source.Pick(-16, 16))));
    copy.low = network.tensors[1].lowest();
    copy.high = network.tensors[1].highest();
    network.layers.push_back({"copy", copy});
    AddLayer add{0, 1};
    const int exponent = std::ilogb(network.tensors[1].scale);
    add.left_a = std::max(-exponent, 0);
    add.left_b = std::max(exponent, 0);
    add.shift = source.Pick(0, 20);
    network.tensors.push_back(source.RandomTensor(shape, std::ldexp(1.0, std::min(exponent, 0) + add.shift)));
    Clamps(source, network.tensors[2], add.low, add.high);
    network.layers.push_back({"add", HostLayer(add)});
    ASSERT_TRUE(Check(network).ok()) << Check(network);
    const auto values = RunQuantizedLayers(network, source.Bytes(shape));
    const Real a{network.tensors[0], values[0]}, b{network.tensors[1], values[1]};
    ExpectTensor(network, values, 2, [&](int c, int y, int x) {
      return Round(a.At(c, y, x) + b.At(c, y, x), network.tensors[2], add.low, add.high);
    });
  }
}

TEST(Layers, AveragePoolsRoundTheRealMeanOnce) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    LayerSource source(seed);
    const nn::Shape in = AnyShape(source);
    const nn::Window w = source.RandomWindow(in, true);
    const AveragePoolLayer pool{0, w, source.Pick(0, 1) == 1, source.Pick(0, 1) * source.Pick(0, 16)};
    const OneLayer one(source, in, pool, LayerSource::Slide(w, in, in.channels), -pool.left);
    one.Expect([&](int c, int y, int x) -> Rational {
      Rational sum = 0;
      int inside = 0;
      for (int dy = 0; dy < w.kernel_h; ++dy) {
        for (int dx = 0; dx < w.kernel_w; ++dx) {
          const int in_y = y * w.stride_h - w.pad_top + dy, in_x = x * w.stride_w - w.pad_left + dx;
          sum += one.in().At(c, in_y, in_x);
          inside += one.in().Inside(in_y, in_x);
        }
      }
      return sum / (pool.count_include_pad ? w.kernel_h * w.kernel_w : inside);
    });
  }
}

TEST(Layers, MaxPoolsIgnoreThePadding) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    LayerSource source(seed);
    const nn::Shape in = AnyShape(source);
    const nn::Window w = source.RandomWindow(in, true);
    const OneLayer one(source, in, MaxPoolLayer{0, w}, LayerSource::Slide(w, in, in.channels), 0);
    one.Expect([&](int c, int y, int x) -> Rational {
      std::optional<Rational> best;
      for (int dy = 0; dy < w.kernel_h; ++dy) {
        for (int dx = 0; dx < w.kernel_w; ++dx) {
          const int in_y = y * w.stride_h - w.pad_top + dy, in_x = x * w.stride_w - w.pad_left + dx;
          if (!one.in().Inside(in_y, in_x)) continue;
          const Rational value = one.in().At(c, in_y, in_x);
          if (!best || value > *best) best = value;
        }
      }
      return *best;
    });
  }
}

TEST(Layers, MovingLayersMoveRealValues) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    LayerSource source(seed);
    const nn::Shape in = AnyShape(source);
    const int h = source.Pick(1, 3), w = source.Pick(1, 3);
    const nn::Shape strided{in.channels, (in.height - 1) / h + 1, (in.width - 1) / w + 1};
    ShiftLayer shift{0, {}, {}, h, w};
    for (int c = 0; c < in.channels; ++c) {
      shift.dy.push_back(source.Pick(-3, 3));
      shift.dx.push_back(source.Pick(-3, 3));
    }
    const OneLayer shifted(source, in, shift, strided, 0);
    shifted.Expect(
        [&](int c, int y, int x) { return shifted.in().At(c, y * h + shift.dy[c], x * w + shift.dx[c]); });
    const OneLayer thinned(source, in, SubsampleLayer{0, h, w}, strided, 0);
    thinned.Expect([&](int c, int y, int x) { return thinned.in().At(c, y * h, x * w); });
    const OneLayer padded(source, in, PadChannelsLayer{0, h, w}, {in.channels + h + w, in.height, in.width},
                          0);
    padded.Expect([&](int c, int y, int x) -> Rational {
      if (c < h || c >= h + in.channels) return 0;
      return padded.in().At(c - h, y, x);
    });
    const OneLayer doubled(source, in, ConcatLayer{{0, 0}}, {2 * in.channels, in.height, in.width}, 0);
    doubled.Expect([&](int c, int y, int x) { return doubled.in().At(c % in.channels, y, x); });
    const OneLayer flat(source, in, FlattenLayer{0}, {int(in.size()), 1, 1}, 0);
    EXPECT_EQ(flat.values[1], flat.values[0]);
  }
}

TEST(Layers, ClipsClampQ) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    LayerSource source(seed);
    const nn::Shape in = AnyShape(source);
    const OneLayer one(source, in, ClipLayer{0, 0, 0}, in, 0, source.Pick(0, 1) == 1);
    const auto& clip = std::get<ClipLayer>(std::get<HostLayer>(one.network.layers[0].operation));
    ExpectTensor(one.network, one.values, 1, [&](int c, int y, int x) {
      return Round(one.in().At(c, y, x), one.out(), clip.low, clip.high);
    });
  }
}

}  // namespace
}  // namespace colonnade::quant
