// SPDX-License-Identifier: Apache-2.0
#include "server/packing/permute_layout.h"

#include <map>
#include <utility>

namespace colonnade::packing {
namespace {

using Sequence = std::vector<int>;  // the wires of a tensor, in order

// The permutation from one sequence to another of the same wires; equal wires stay in order.
RowPermutation Between(const Sequence& from, const Sequence& to) {
  std::map<int, std::vector<int>> places;
  for (int i = int(from.size()) - 1; i >= 0; --i) places[from[size_t(i)]].push_back(i);
  RowPermutation permutation;
  for (const int wire : to) {
    std::vector<int>& of_wire = places.at(wire);
    permutation.source.push_back(of_wire.back());
    of_wire.pop_back();
  }
  return permutation;
}

// Lays tensors out: what a PadChannels embeds comes first. Tensors of one sequence of
// wires have one layout, that of the PadChannels, Concat or Flatten among them.
class Layout {
 public:
  Layout(const nn::Network& network, const ChannelSpaces& spaces) : network_(network), spaces_(spaces) {
    for (size_t i = 0; i < network.layers.size(); ++i) {
      const nn::Layer& layer = network.layers[i];
      const bool shapes = layer.as<nn::PadChannels>() || layer.as<nn::Concat>() || layer.as<nn::Flatten>();
      if (shapes && !KeepsChannels(network, layer)) shaper_.emplace(spaces.wires[i], int(i));
    }
  }

  const Sequence& Of(int index) {
    const Sequence& wires = spaces_.wires[size_t(index)];
    const auto known = laid_out_.find(wires);
    if (known != laid_out_.end()) return known->second;
    const auto shaper = shaper_.find(wires);
    return laid_out_[wires] = shaper == shaper_.end() ? wires : Shape(shaper->second);
  }

 private:
  // Recursion ends: each input has fewer channels than the output.
  Sequence Shape(int index) {
    const nn::Layer& layer = network_.layers[size_t(index)];
    Sequence sequence;
    for (const int input : layer.inputs) {
      const Sequence& of_input = Of(input);
      sequence.insert(sequence.end(), of_input.begin(), of_input.end());
    }
    const Sequence& wires = spaces_.wires[size_t(index)];
    if (layer.as<nn::Flatten>()) return Expand(index, layer.inputs[0]);
    if (const auto* pad = layer.as<nn::PadChannels>()) {
      sequence.insert(sequence.end(), wires.begin(), wires.begin() + pad->before);
      sequence.insert(sequence.end(), wires.end() - pad->after, wires.end());
    }
    return sequence;
  }

  Sequence Expand(int index, int input) {
    const Sequence& wires = spaces_.wires[size_t(index)];
    const int pixels = int(wires.size() / spaces_.wires[size_t(input)].size());
    Sequence sequence;
    for (const int channel : Between(spaces_.wires[size_t(input)], Of(input)).source) {
      const auto run = wires.begin() + std::ptrdiff_t{channel} * pixels;
      sequence.insert(sequence.end(), run, run + pixels);
    }
    return sequence;
  }

  const nn::Network& network_;
  const ChannelSpaces& spaces_;
  std::map<Sequence, int> shaper_;
  std::map<Sequence, Sequence> laid_out_;
};

std::vector<RowPermutation> Renamed(const ChannelSpaces& spaces, const std::vector<Sequence>& layout,
                                    const std::vector<int>& replacement) {
  std::vector<RowPermutation> permutations;
  for (size_t i = 0; i < layout.size(); ++i) {
    Sequence renamed;
    for (const int wire : layout[i]) renamed.push_back(replacement[size_t(wire)]);
    permutations.push_back(Between(spaces.wires[i], renamed));
  }
  return permutations;
}

}  // namespace

std::vector<RowPermutation> ToPermutations(const nn::Network& network, const ChannelSpaces& spaces,
                                           std::vector<int> replacement) {
  for (const auto& [wire, at] : spaces.pixels) {
    if (replacement[size_t(at.wire)] == at.wire) continue;
    replacement[size_t(wire)] = spaces.flat.at({at.flatten, replacement[size_t(at.wire)], at.pixel});
  }
  std::vector<Sequence> layout;
  Layout embedded_first(network, spaces);
  for (size_t i = 0; i < network.layers.size(); ++i) layout.push_back(embedded_first.Of(int(i)));
  std::vector<RowPermutation> permutations = Renamed(spaces, layout, replacement);
  if (ApplyPermutations(network, permutations).ok()) return permutations;
  return Renamed(spaces, spaces.wires, replacement);  // the layout as it is suits every network
}

}  // namespace colonnade::packing
