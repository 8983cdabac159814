// SPDX-License-Identifier: Apache-2.0
// Which channels of a network may change places. Private to packing/.
#pragma once

#include <array>
#include <map>
#include <vector>

#include "server/nn/network.h"

namespace colonnade::packing {

// A wire is a channel followed through the network: the channels that an addition, a
// pool, a Concat or another layer without a choice ties together carry one wire. A
// Flatten of an image makes pixel wires, one per wire and pixel, which only follow.
struct ChannelSpaces {
  // [layer][channel of its output]: the wire it carries. Numbered by first appearance.
  std::vector<std::vector<int>> wires;
  int count = 0;  // of wires

  // Sets of two or more wires that may change places among each other: renaming the
  // wires of a segment in all tensors at once keeps the network's function. Ascending.
  // Wires of the network's input and output are in none.
  std::vector<std::vector<int>> segments;

  struct Pixel {
    int flatten = 0;  // the Flatten's index
    int wire = 0;     // of the image
    int pixel = 0;
  };
  std::map<int, Pixel> pixels;             // by pixel wire
  std::map<std::array<int, 3>, int> flat;  // Flatten, wire, pixel -> pixel wire
};

// REQUIRES: shapes are inferred.
ChannelSpaces FindChannelSpaces(const nn::Network& network);

// Whether output channel c is input channel c, possibly changed: all layers but matrix
// layers that are not depthwise, Concat, Flatten of an image and PadChannels.
bool KeepsChannels(const nn::Network& network, const nn::Layer& layer);

}  // namespace colonnade::packing
