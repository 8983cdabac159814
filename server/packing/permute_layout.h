// SPDX-License-Identifier: Apache-2.0
// From reordered wires to the permutations of all layers. Private to packing/.
#pragma once

#include <vector>

#include "server/nn/network.h"
#include "server/packing/permute_channels.h"
#include "server/packing/permute_spaces.h"

namespace colonnade::packing {

// Every layer's permutation when wire replacement[w] takes the places of wire w; wires in
// no segment replace themselves. Beforehand tensors that embed others (PadChannels) are
// laid out anew, the embedded channels first, where the network allows it: then a run of
// adjacent channels begins at a multiple of its length in all of them.
std::vector<RowPermutation> ToPermutations(const nn::Network& network, const ChannelSpaces& spaces,
                                           std::vector<int> replacement);

}  // namespace colonnade::packing
