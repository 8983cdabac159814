// SPDX-License-Identifier: Apache-2.0
#include "server/packing/permute_spaces.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "server/base/disjoint_sets.h"

namespace colonnade::packing {

// All that a layer without weights asks of channel orders is an equality: channel c here
// is channel c' there. Tie what is equal together, and each tensor becomes a sequence of
// wires. For ResNet's first strided shortcut, with channels a, b widened to four:
//
//   first stage's tensors     a b        conv, sums
//   PadChannels 1, 1        p a b q
//   second stage's tensors  p a b q      conv, sums
//
// Renaming wires in all sequences at once keeps every equality, so all that a renaming
// has to respect is who appears where: a matrix layer can follow any order of the wires it
// reads or makes, but not other wires. Wires that appear in the same tensors (and in the
// same block of each grouped convolution) are therefore free among each other, and nothing
// else is: here {a, b} and {p, q}. What appears in the network's input or output is fixed.
//
// A pixel wire (of a Flatten) follows its image's wire, which must appear wherever the
// pixel wire does. Where a pixel wire is also made by another layer, or stands for
// two image wires, the image's wires are fixed.
namespace {

// Of a tensor, or of a block of what a grouped convolution reads or makes: layer, which of
// these, block.
using Place = std::array<int, 3>;

bool FlattensImage(const nn::Network& network, const nn::Layer& layer) {
  return layer.as<nn::Flatten>() && !KeepsChannels(network, layer);
}

class SpaceFinder {
 public:
  explicit SpaceFinder(const nn::Network& network) : network_(network) {
    int channels = 0;
    for (const nn::Layer& layer : network.layers) {
      first_.push_back(channels);
      channels += layer.output.channels;
    }
    sets_.emplace(channels);
  }

  ChannelSpaces Run() {
    for (int i = 0; i < size(); ++i) Tie(i);
    NumberWires();
    for (int i = 0; i < size(); ++i) FindPixels(i);
    for (int i = 0; i < size(); ++i) FixMadePixels(i);
    for (const int end : {0, size() - 1}) {
      for (const int wire : spaces_.wires[size_t(end)]) Fix(wire);
    }
    for (int i = 0; i < size(); ++i) Sign(i);
    MakeSegments();
    return std::move(spaces_);
  }

 private:
  int size() const { return int(network_.layers.size()); }
  const nn::Layer& layer(int index) const { return network_.layers[size_t(index)]; }
  int channels(int index) const { return layer(index).output.channels; }
  int wire(int index, int channel) const { return spaces_.wires[size_t(index)][size_t(channel)]; }

  // Output channel offset + c is channel c of `input`.
  void Tie(int input, int output, int offset) {
    for (int c = 0; c < channels(input); ++c)
      sets_->Join(first_[size_t(output)] + offset + c, first_[size_t(input)] + c);
  }

  void Tie(int index) {
    const auto* pad = layer(index).as<nn::PadChannels>();
    const bool joins = layer(index).as<nn::Concat>();
    if (!pad && !joins && !KeepsChannels(network_, layer(index))) return;
    int offset = pad ? pad->before : 0;
    for (const int input : layer(index).inputs) {
      Tie(input, index, offset);
      if (joins) offset += channels(input);
    }
  }

  void NumberWires() {
    std::map<int, int> number;
    for (int i = 0; i < size(); ++i) {
      std::vector<int>& sequence = spaces_.wires.emplace_back();
      for (int c = 0; c < channels(i); ++c) {
        sequence.push_back(number.try_emplace(sets_->Find(first_[size_t(i)] + c), int(number.size())).first->second);
      }
    }
    spaces_.count = int(number.size());
  }

  void FindPixels(int index) {
    if (!FlattensImage(network_, layer(index))) return;
    const int input = layer(index).inputs[0], pixels = channels(index) / channels(input);
    for (int i = 0; i < channels(index); ++i) {
      const ChannelSpaces::Pixel pixel{index, wire(input, i / pixels), i % pixels};
      const auto [known, is_new] = spaces_.pixels.try_emplace(wire(index, i), pixel);
      const bool same = known->second.wire == pixel.wire && known->second.pixel == pixel.pixel;
      const bool unique = spaces_.flat.try_emplace({index, pixel.wire, pixel.pixel}, wire(index, i)).second;
      if (same && unique) continue;
      Fix(known->second.wire);
      Fix(pixel.wire);
    }
  }

  // A pixel wire that a layer makes, and not only moves, cannot follow an image.
  void FixMadePixels(int index) {
    const nn::Layer& made = layer(index);
    if (KeepsChannels(network_, made) || made.as<nn::Concat>() || made.as<nn::Flatten>()) return;
    const auto* pad = made.as<nn::PadChannels>();
    for (int c = 0; c < channels(index); ++c) {
      if (pad && c >= pad->before && c < channels(index) - pad->after) continue;
      if (spaces_.pixels.contains(wire(index, c))) Fix(wire(index, c));
    }
  }

  // A pixel wire's image wire, or the wire itself.
  int Followed(int wire) const {
    const auto pixel = spaces_.pixels.find(wire);
    return pixel == spaces_.pixels.end() ? wire : pixel->second.wire;
  }

  void Fix(int wire) { fixed_.insert(Followed(wire)); }

  void Note(int wire, Place place) { signatures_[Followed(wire)].insert(place); }

  void Sign(int index) {
    for (int c = 0; c < channels(index); ++c) Note(wire(index, c), {index, 0, 0});
    const auto* conv = layer(index).as<nn::Convolution>();
    if (conv == nullptr || KeepsChannels(network_, layer(index))) return;
    const int input = layer(index).inputs[0];
    const int block = channels(input) / conv->groups, rows = conv->filters / conv->groups;
    for (int c = 0; c < channels(input); ++c) Note(wire(input, c), {index, 1, c / block});
    for (int row = 0; row < conv->filters; ++row) Note(wire(index, row), {index, 2, row / rows});
  }

  void MakeSegments() {
    std::map<std::multiset<Place>, std::vector<int>> members;
    for (const auto& [wire, signature] : signatures_) {
      if (!fixed_.contains(wire)) members[signature].push_back(wire);
    }
    for (auto& [signature, wires] : members) {
      if (wires.size() > 1) spaces_.segments.push_back(std::move(wires));
    }
    std::sort(spaces_.segments.begin(), spaces_.segments.end());
  }

  const nn::Network& network_;
  std::vector<int> first_;            // a layer's first channel among all
  std::optional<DisjointSets> sets_;  // of all channels of all layers
  ChannelSpaces spaces_;
  std::set<int> fixed_;
  std::map<int, std::multiset<Place>> signatures_;  // by wire
};

}  // namespace

bool KeepsChannels(const nn::Network& network, const nn::Layer& layer) {
  if (layer.inputs.empty()) return false;
  const nn::Shape& in = network.layers[size_t(layer.inputs[0])].output;
  if (const auto* conv = layer.as<nn::Convolution>()) {
    return conv->groups == in.channels && conv->filters == in.channels && conv->groups > 1;
  }
  return !layer.as<nn::Linear>() && !layer.as<nn::Concat>() && in.channels == layer.output.channels;
}

ChannelSpaces FindChannelSpaces(const nn::Network& network) { return SpaceFinder(network).Run(); }

}  // namespace colonnade::packing
