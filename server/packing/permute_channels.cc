// SPDX-License-Identifier: Apache-2.0
#include "server/packing/permute_channels.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <variant>

#include "server/base/status.h"

namespace colonnade::packing {
namespace {

using Source = std::vector<int>;  // RowPermutation::source

absl::Status Invalid(std::string message) { return absl::InvalidArgumentError(message); }

template <typename T>
std::vector<T> Gather(const std::vector<T>& values, const Source& source) {
  std::vector<T> gathered;
  gathered.reserve(source.size());
  for (const int i : source) gathered.push_back(values[size_t(i)]);
  return gathered;
}

// Each channel's `pixels` values in a run.
Source Expand(const Source& source, int pixels) {
  Source expanded;
  for (const int channel : source) {
    for (int pixel = 0; pixel < pixels; ++pixel) expanded.push_back(channel * pixels + pixel);
  }
  return expanded;
}

// One layer: the orders of what it reads and of what it makes. An operation is changed in place.
class LayerPermuter {
 public:
  LayerPermuter(std::vector<const Source*> in, const Source& out, std::vector<nn::Shape> shapes)
      : in_(std::move(in)), out_(out), shapes_(std::move(shapes)) {}

  absl::Status operator()(nn::Convolution& conv) const {
    const int taps = conv.window.kernel_h * conv.window.kernel_w;
    return PermuteWeights(conv.groups, taps, conv.weight, conv.bias);
  }

  absl::Status operator()(nn::Linear& linear) const {
    return PermuteWeights(1, shapes_[0].height * shapes_[0].width, linear.weight, linear.bias);
  }

  absl::Status operator()(nn::BatchNorm& norm) const {
    COLONNADE_RETURN_IF_ERROR(CheckSame());
    for (auto* values : {&norm.scale, &norm.bias, &norm.mean, &norm.variance}) *values = Gather(*values, out_);
    return absl::OkStatus();
  }

  absl::Status operator()(nn::Shift& shift) const {
    COLONNADE_RETURN_IF_ERROR(CheckSame());
    for (auto* offsets : {&shift.dy, &shift.dx}) *offsets = Gather(*offsets, out_);
    return absl::OkStatus();
  }

  absl::Status operator()(nn::Flatten&) const {
    if (out_ == Expand(*in_[0], shapes_[0].height * shapes_[0].width)) return absl::OkStatus();
    return Invalid("the output's order must be the input's, each channel's pixels in a run");
  }

  absl::Status operator()(nn::Concat&) const {
    Source joined;
    for (size_t i = 0; i < in_.size(); ++i) {
      const int offset = int(joined.size());
      for (const int channel : *in_[i]) joined.push_back(offset + channel);
    }
    if (out_ == joined) return absl::OkStatus();
    return Invalid("the output's order must be the operands' orders one after the other");
  }

  absl::Status operator()(nn::PadChannels& pad) const {
    const Source& in = *in_[0];
    const auto begin = std::find(out_.begin(), out_.end(), pad.before + in[0]);
    const bool is_run =
        out_.end() - begin >= std::ptrdiff_t(in.size()) &&
        std::equal(in.begin(), in.end(), begin, [&](int inner, int outer) { return pad.before + inner == outer; });
    if (!is_run) return Invalid("the output must hold the input's channels in a run and in their order");
    pad.before = int(begin - out_.begin());
    pad.after = int(out_.size() - in.size()) - pad.before;
    return absl::OkStatus();
  }

  template <typename ChannelByChannel>
  absl::Status operator()(ChannelByChannel&) const {
    return CheckSame();
  }

 private:
  absl::Status CheckSame() const {
    const bool same = std::all_of(in_.begin(), in_.end(), [&](const Source* in) { return *in == out_; });
    return same ? absl::OkStatus() : Invalid("all its tensors must have one order of channels");
  }

  // weight: [filters][channels / groups][taps]. A block of filters reads one block of channels.
  absl::Status PermuteWeights(int groups, int taps, std::vector<float>& weight, std::vector<float>& bias) const {
    const Source& in = *in_[0];
    const int filters = int(out_.size()), block_rows = filters / groups, block = int(in.size()) / groups;
    const std::vector<float> old = weight;
    for (int row = 0; row < filters; ++row) {
      for (int i = 0; i < block; ++i) {
        const int channel = in[size_t(row / block_rows * block + i)];
        if (channel / block != out_[size_t(row)] / block_rows) {
          return Invalid("filters and the channels they read must stay in their blocks");
        }
        const auto from = old.begin() + (std::ptrdiff_t{out_[size_t(row)]} * block + channel % block) * taps;
        std::copy(from, from + taps, weight.begin() + (std::ptrdiff_t{row} * block + i) * taps);
      }
    }
    bias = Gather(bias, out_);
    return absl::OkStatus();
  }

  const std::vector<const Source*> in_;
  const Source& out_;
  const std::vector<nn::Shape> shapes_;  // of what the layer reads
};

absl::Status CheckPermutation(const RowPermutation& permutation, const nn::Layer& layer) {
  if (int(permutation.source.size()) == layer.output.channels) return permutation.Check();
  return Invalid(fmt::format("the permutation has {} channels; the output has {}", permutation.source.size(),
                             layer.output.channels));
}

absl::Status PermuteLayer(const nn::Network& network, std::span<const RowPermutation> permutations, int index,
                          nn::Layer& layer) {
  const Source& out = permutations[size_t(index)].source;
  COLONNADE_RETURN_IF_ERROR(CheckPermutation(permutations[size_t(index)], layer));
  const bool is_end = index == 0 || index + 1 == int(network.layers.size());
  if (is_end && !permutations[size_t(index)].is_identity()) {
    return Invalid("the channels of the network's input and output must keep their order");
  }
  std::vector<const Source*> in;
  std::vector<nn::Shape> shapes;
  for (const int input : layer.inputs) {
    in.push_back(&permutations[size_t(input)].source);
    shapes.push_back(network.layers[size_t(input)].output);
  }
  return std::visit(LayerPermuter(in, out, shapes), layer.operation);
}

}  // namespace

absl::Status RowPermutation::Check() const {
  std::vector<bool> taken(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] < 0 || source[i] >= int(source.size())) {
      return Invalid(fmt::format("place {} takes channel {}; 0 to {} exist", i, source[i], source.size() - 1));
    }
    if (taken[size_t(source[i])]) {
      return Invalid(fmt::format("place {} takes channel {}, which a place before it has", i, source[i]));
    }
    taken[size_t(source[i])] = true;
  }
  return absl::OkStatus();
}

bool RowPermutation::is_identity() const {
  std::vector<int> identity(source.size());
  std::iota(identity.begin(), identity.end(), 0);
  return source == identity;
}

absl::StatusOr<nn::Network> ApplyPermutations(nn::Network network, std::span<const RowPermutation> permutations) {
  if (permutations.size() != network.layers.size()) {
    return Invalid(fmt::format("{} permutations for {} layers", permutations.size(), network.layers.size()));
  }
  for (size_t i = 0; i < network.layers.size(); ++i) {
    nn::Layer& layer = network.layers[i];
    const absl::Status status = PermuteLayer(network, permutations, int(i), layer);
    if (!status.ok()) return Annotate(status, fmt::format("row permutation of '{}'", layer.name));
  }
  return network;
}

}  // namespace colonnade::packing
