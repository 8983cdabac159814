// SPDX-License-Identifier: Apache-2.0
// Small random integer networks, with column groups that fit a random array.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/array/array_config.h"
#include "server/packing/packing_problem.h"
#include "server/quant/quantized_network.h"

namespace colonnade {

struct RandomPacked {
  quant::QuantizedNetwork network;
  std::map<std::string, packing::Grouping> groupings;  // some layers have none
  array::ArrayConfig config;
};

struct RandomPackedOptions {
  // Mostly what server/machine has hardware for: feed rules same_tap and channel_block, up to 8 rows or
  // a multiple of 8, channels moved by multiples of 8, groups of a flattened image at one pixel each.
  bool for_machine = false;
  // The array; by the seed without.
  std::optional<array::ArrayConfig> config = std::nullopt;
};

// Together the seeds use every layer kind, odd shapes, strides, pads and dilations,
// depthwise and 1x1 layers, signed and unsigned tensors, residuals of either scale
// order, narrow clips, zero rows, saturating sums, logits or 8-bit results, and
// every feed rule with alpha 1 to 16. The same seed gives the same network.
RandomPacked RandomPackedNetwork(uint64_t seed, const RandomPackedOptions& options = {});

// Bytes for the network's input; now and then all equal to an extreme.
std::vector<uint8_t> RandomBytes(int64_t size, uint64_t seed);

}  // namespace colonnade
