// SPDX-License-Identifier: Apache-2.0
#include "tests/support/random_packed.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <random>
#include <utility>

namespace colonnade {
namespace {

using nn::FeedRule;
using nn::Shape;

class Generator {
 public:
  Generator(uint64_t seed, const RandomPackedOptions& options) : random_(seed), options_(options) {}

  RandomPacked Generate() {
    Configure();
    result_.network.input_name = "image";
    result_.network.output_name = "logits";
    result_.network.tensors.push_back(
        {"image", {Pick(1, 6), Pick(3, 13), Pick(3, 19)}, std::ldexp(1.0, -4), Pick(0, 1) == 1});
    const int layers = Pick(1, 6);
    for (int i = 0; i < layers; ++i) AnyLayer();
    if (Pick(0, 2) > 0) Classifier();
    return std::move(result_);
  }

 private:
  int Pick(int low, int high) { return low + int(random_() % uint64_t(high - low + 1)); }

  quant::QuantizedNetwork& network() { return result_.network; }
  int last() { return int(network().tensors.size()) - 1; }
  const quant::Tensor& tensor(int index) { return network().tensors[index]; }

  void Configure() {
    array::ArrayConfig& config = result_.config;
    config.rows = Pick(1, 17);
    if (options_.for_machine) config.rows = Pick(0, 3) == 0 ? 8 * Pick(2, 4) : Pick(1, 8);
    config.columns = Pick(1, 12);
    config.alpha = Pick(0, 3) == 0 ? Pick(9, 16) : Pick(1, 8);
    config.interleave = Pick(0, 1) ? 4 : 1;
    config.weight_buffers = Pick(1, 2);
    config.feed_rule = static_cast<FeedRule>(Pick(options_.for_machine ? 2 : 0, 3));
    const bool in_blocks = options_.for_machine && config.feed_rule == FeedRule::kChannelBlock;
    if (in_blocks) config.alpha = 1 << Pick(0, 4);
    if (options_.config) config = *options_.config;
  }

  std::string NextName() { return fmt::format("layer{}", network().layers.size()); }

  template <typename Layer>
  void Append(Layer layer, const Shape& shape, double scale, bool is_signed) {
    const std::string name = NextName();
    network().layers.push_back({name, std::move(layer)});
    network().tensors.push_back({name, shape, scale, is_signed});
  }

  template <typename Layer>
  void AppendHost(Layer layer, const Shape& shape, double scale, bool is_signed) {
    Append(quant::HostLayer(std::move(layer)), shape, scale, is_signed);
  }

  // Bounds of a tensor, at times narrowed as a fused clip does.
  std::pair<int, int> Bounds(bool is_signed) {
    const int low = is_signed ? (Pick(0, 1) ? -128 : 0) : 0;
    const int high = is_signed ? 127 : 255;
    return Pick(0, 2) == 0 ? std::pair(low, Pick(std::max(low, 1), high)) : std::pair(low, high);
  }

  int Output(int size, int kernel, int stride, int before, int after, int dilation) {
    return nn::WindowOutput(size, kernel, stride, before, after, dilation);
  }

  std::optional<Shape> Slide(const nn::Window& w, const Shape& in, int channels) {
    const Shape out{channels,
                    Output(in.height, w.kernel_h, w.stride_h, w.pad_top, w.pad_bottom, w.dilation_h),
                    Output(in.width, w.kernel_w, w.stride_w, w.pad_left, w.pad_right, w.dilation_w)};
    if (out.height < 1 || out.width < 1) return std::nullopt;
    return out;
  }

  nn::Window RandomWindow() {
    if (Pick(0, 3) == 0) return {};
    nn::Window w{Pick(1, 4), Pick(1, 4), Pick(1, 3), Pick(1, 3)};
    if (Pick(0, 1)) w.stride_h = w.stride_w = 1;
    w.pad_top = Pick(0, 2), w.pad_left = Pick(0, 2), w.pad_bottom = Pick(0, 2), w.pad_right = Pick(0, 2);
    if (Pick(0, 2) == 0) w.dilation_h = Pick(1, 2), w.dilation_w = Pick(1, 3);
    return w;
  }

  int8_t RandomWeight() {
    if (Pick(0, 9) == 0) return Pick(0, 1) ? 127 : -127;
    return static_cast<int8_t>(Pick(-40, 40));
  }

  quant::WeightMatrix RandomWeights(const Shape& in, const nn::Window& w, int filters, int groups) {
    quant::WeightMatrix weights{filters, in.channels * w.kernel_h * w.kernel_w, {}, {}};
    for (int c = 0; c < in.channels; ++c) {
      for (int dy = 0; dy < w.kernel_h; ++dy) {
        for (int dx = 0; dx < w.kernel_w; ++dx) weights.column_sites.push_back({c, dy, dx});
      }
    }
    weights.values.resize(size_t(weights.rows) * weights.columns);
    const int density = Pick(1, 4);
    for (int row = 0; row < filters; ++row) {
      if (Pick(0, 7) == 0) continue;
      for (int column = 0; column < weights.columns; ++column) {
        const bool in_block =
            weights.column_sites[column].channel / (in.channels / groups) == row / (filters / groups);
        if (in_block && Pick(1, 4) <= density) {
          weights.values[size_t(row) * weights.columns + column] = RandomWeight();
        }
      }
    }
    return weights;
  }

  // Columns in a random order, stable-sorted by what the feed rule wants together.
  std::vector<int> OrderColumns(const quant::WeightMatrix& weights) {
    std::vector<int> order(weights.columns);
    std::iota(order.begin(), order.end(), 0);
    const FeedRule rule = result_.config.feed_rule;
    if (rule != FeedRule::kChannelBlock) std::shuffle(order.begin(), order.end(), random_);
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return Key(weights, a) < Key(weights, b); });
    return order;
  }

  std::pair<int, int> Key(const quant::WeightMatrix& weights, int column) {
    const nn::Column& site = weights.column_sites[column];
    if (flattened_pixels_ > 1) return {site.channel % flattened_pixels_, 0};
    switch (result_.config.feed_rule) {
      case FeedRule::kAny:
        return {0, 0};
      case FeedRule::kSameRow:
        return {site.dy, 0};
      default:
        return {site.dy, site.dx};
    }
  }

  // Runs of `order` within one key. For kChannelBlock, whose order is by channel at
  // every tap, runs have full length: the same partition of channels at every tap.
  packing::Grouping GroupInRuns(const quant::WeightMatrix& weights, const std::vector<int>& order) {
    packing::Grouping grouping;
    const int alpha = result_.config.alpha;
    size_t room = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      const bool new_key = i > 0 && Key(weights, order[i]) != Key(weights, order[i - 1]);
      if (room == 0 || new_key) {
        grouping.groups.emplace_back();
        room = result_.config.feed_rule == FeedRule::kChannelBlock ? alpha : Pick(1, alpha);
      }
      grouping.groups.back().push_back(order[i]);
      --room;
    }
    return grouping;
  }

  // Keeps one random nonzero weight per row and group.
  void PruneConflicts(const packing::Grouping& grouping, quant::WeightMatrix& weights) {
    for (const std::vector<int>& members : grouping.groups) {
      for (int row = 0; row < weights.rows; ++row) {
        const int kept = members[Pick(0, int(members.size()) - 1)];
        for (const int column : members) {
          if (column != kept) weights.values[size_t(row) * weights.columns + column] = 0;
        }
      }
    }
  }

  // A tensor of this shape with a power-of-two scale near `scale`, to add.
  std::optional<quant::Residual> RandomResidual(const Shape& shape, double scale) {
    for (int i = Pick(0, last()); i <= last(); ++i) {
      const int exponent = std::ilogb(tensor(i).scale / scale);
      if (tensor(i).shape == shape && std::abs(exponent) <= 4) return quant::Residual{i, exponent};
    }
    return std::nullopt;
  }

  void MatrixLayer(const nn::Window& window, int filters, int groups, bool is_logits) {
    const std::optional<Shape> out = Slide(window, tensor(last()).shape, filters);
    if (!out) return;
    quant::MatrixLayer layer;
    layer.input = last();
    layer.window = window;
    layer.weights = RandomWeights(tensor(last()).shape, window, filters, groups);
    layer.source = NextName() + ".source";
    if (Pick(0, 4) > 0) {
      const packing::Grouping grouping = GroupInRuns(layer.weights, OrderColumns(layer.weights));
      PruneConflicts(grouping, layer.weights);
      result_.groupings[layer.source] = grouping;
    }
    const double scale = std::ldexp(1.0, -Pick(3, 6));
    if (!is_logits && Pick(0, 1)) layer.residual = RandomResidual(*out, scale);
    for (int row = 0; row < filters; ++row) {
      layer.bias.push_back(Pick(-30000, 30000));
      layer.shift.push_back(static_cast<uint8_t>(layer.residual ? Pick(4, 12)
                                                 : Pick(0, 6)   ? Pick(0, 14)
                                                                : 31));
    }
    const bool is_signed = Pick(0, 1) == 1;
    std::tie(layer.low, layer.high) = Bounds(is_signed);
    layer.is_logits = is_logits;
    Append(std::move(layer), *out, scale, is_signed);
  }

  void Classifier() {
    const quant::Tensor input = tensor(last());
    AppendHost(quant::FlattenLayer{last()}, {int(input.shape.size()), 1, 1}, input.scale, input.is_signed);
    if (options_.for_machine) flattened_pixels_ = input.shape.height * input.shape.width;
    MatrixLayer({}, Pick(2, 10), 1, /*is_logits=*/true);
    network().logit_scale = 0.125;
    network().softmax = Pick(0, 1) == 1;
  }

  int Filters() { return options_.for_machine && Pick(0, 1) ? 8 * Pick(1, 3) : Pick(1, 24); }

  void AnyMatrixLayer() {
    const int channels = tensor(last()).shape.channels;
    if (Pick(0, 3) == 0) return MatrixLayer(RandomWindow(), channels * Pick(1, 2), channels, false);
    MatrixLayer(RandomWindow(), Filters(), 1, false);
  }

  // A 1x1 or same-size layer: its output can meet its input in an addition.
  void ResidualBlock() {
    const int channels = tensor(last()).shape.channels;
    nn::Window window;
    if (Pick(0, 1)) window = {3, 3, 1, 1, 1, 1, 1, 1};
    MatrixLayer(window, channels, 1, false);
    MatrixLayer(window, channels, 1, false);
  }

  void AddLayer() {
    const int b = last();
    for (int a = 0; a <= b; ++a) {
      if (tensor(a).shape != tensor(b).shape) continue;
      quant::AddLayer layer{a, b};
      const int difference = std::ilogb(tensor(a).scale / tensor(b).scale);
      if (std::abs(difference) > 16) continue;
      layer.left_a = std::max(difference, 0);
      layer.left_b = std::max(-difference, 0);
      layer.shift = Pick(0, 3);
      const bool is_signed = Pick(0, 1) == 1;
      std::tie(layer.low, layer.high) = Bounds(is_signed);
      const double finer = std::min(tensor(a).scale, tensor(b).scale);
      return AppendHost(layer, tensor(b).shape, std::ldexp(finer, layer.shift), is_signed);
    }
  }

  nn::Window PoolWindow() {
    nn::Window w{Pick(1, 3), Pick(1, 3), Pick(1, 3), Pick(1, 3)};
    w.pad_top = Pick(0, w.kernel_h - 1), w.pad_left = Pick(0, w.kernel_w - 1);
    w.pad_bottom = Pick(0, w.kernel_h - 1), w.pad_right = Pick(0, w.kernel_w - 1);
    return w;
  }

  void Pool() {
    const quant::Tensor in = tensor(last());
    const nn::Window window = PoolWindow();
    const std::optional<Shape> out = Slide(window, in.shape, in.shape.channels);
    const bool touches = out && (out->height - 1) * window.stride_h - window.pad_top < in.shape.height &&
                         (out->width - 1) * window.stride_w - window.pad_left < in.shape.width;
    if (!touches) return;
    if (Pick(0, 1)) return AppendHost(quant::MaxPoolLayer{last(), window}, *out, in.scale, in.is_signed);
    const int left = Pick(0, 4);
    AppendHost(quant::AveragePoolLayer{last(), window, Pick(0, 1) == 1, left}, *out,
               std::ldexp(in.scale, -left), in.is_signed);
  }

  void Move() {
    const quant::Tensor in = tensor(last());
    const int stride_h = Pick(1, 2), stride_w = Pick(1, 2);
    const Shape out{in.shape.channels, (in.shape.height - 1) / stride_h + 1,
                    (in.shape.width - 1) / stride_w + 1};
    if (Pick(0, 1)) {
      return AppendHost(quant::SubsampleLayer{last(), stride_h, stride_w}, out, in.scale, in.is_signed);
    }
    quant::ShiftLayer shift{last(), {}, {}, stride_h, stride_w};
    for (int c = 0; c < in.shape.channels; ++c) {
      shift.dy.push_back(Pick(-2, 2));
      shift.dx.push_back(Pick(-2, 2));
    }
    AppendHost(std::move(shift), out, in.scale, in.is_signed);
  }

  void Widen() {
    const quant::Tensor in = tensor(last());
    Shape out = in.shape;
    if (Pick(0, 1)) {
      const int before = options_.for_machine ? 8 * Pick(0, 1) : Pick(0, 3), after = Pick(0, 3);
      out.channels += before + after;
      return AppendHost(quant::PadChannelsLayer{last(), before, after}, out, in.scale, in.is_signed);
    }
    if (options_.for_machine && out.channels % 8 != 0 && Pick(0, 9) > 0) return;
    out.channels *= 2;
    AppendHost(quant::ConcatLayer{{last(), last()}}, out, in.scale, in.is_signed);
  }

  void Clip() {
    const quant::Tensor in = tensor(last());
    const auto [low, high] = Bounds(in.is_signed);
    AppendHost(quant::ClipLayer{last(), low, high}, in.shape, in.scale, in.is_signed);
  }

  void AnyLayer() {
    switch (Pick(0, 9)) {
      case 0:
        return ResidualBlock();
      case 1:
        return AddLayer();
      case 2:
        return Pool();
      case 3:
        return Move();
      case 4:
        return Widen();
      case 5:
        return Clip();
      default:
        return AnyMatrixLayer();
    }
  }

  std::mt19937_64 random_;
  const RandomPackedOptions options_;
  int flattened_pixels_ = 1;  // of the image before the classifier
  RandomPacked result_;
};

}  // namespace

RandomPacked RandomPackedNetwork(uint64_t seed, const RandomPackedOptions& options) {
  RandomPacked packed = Generator(seed, options).Generate();
  // A seed whose layers all failed to fit still gives a network.
  return packed.network.layers.empty() ? RandomPackedNetwork(seed + (uint64_t{1} << 32), options) : packed;
}

std::vector<uint8_t> RandomBytes(int64_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint8_t> bytes(size);
  const uint64_t kind = random() % 8;
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(kind == 0 ? 0 : kind == 1 ? 255 : random());
  return bytes;
}

}  // namespace colonnade
