// SPDX-License-Identifier: Apache-2.0
// One order of channels for all layers that read them. Private to packing/.
#pragma once

#include <vector>

namespace colonnade::packing {

// A packed layer's weights at a set of channels.
struct ChannelReader {
  int alpha = 1;  // of the layer
  int rows = 0;   // of its filter matrix
  int taps = 0;   // weights that a row has per channel
  // [channel][tap][row]: root of what pruning the weight costs, not negative.
  std::vector<float> magnitudes;
};

// An order of the channels 0 .. count-1 whose runs, cut at multiples of each reader's
// alpha, lose little in all readers together: place i takes channel result[i]. Channels
// that no reader has a weight for come last. The same input gives the same order.
std::vector<int> OrderChannels(const std::vector<ChannelReader>& readers, int count);

}  // namespace colonnade::packing
