// SPDX-License-Identifier: Apache-2.0
// Which layers of a Network are computed together, with a single rounding. Private
// to quant/.
#pragma once

#include <limits>
#include <vector>

#include "absl/status/statusor.h"
#include "server/nn/network.h"

namespace colonnade::quant {

// One layer of the integer network. Indices are into nn::Network::layers.
struct FusedLayer {
  int operation = 0;        // the layer whose operation it is: a matrix layer, Add, pool...
  int result = 0;           // the layer whose output it computes
  std::vector<int> inputs;  // the layers whose outputs it reads; a matrix layer's residual second
  // Clipping of the result: by fused Clips, or by `operation` itself.
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();

  bool is_clipped() const {
    return low > -std::numeric_limits<float>::infinity() || high < std::numeric_limits<float>::infinity();
  }
};

struct FusedNetwork {
  std::vector<FusedLayer> layers;  // each after the layers it reads; the last one gives the result
  bool softmax = false;            // a Softmax followed
};

// Fuses Convolution or Linear -> [Add] -> [Clip]..., and Add -> Clip, wherever nobody
// else reads what is between. An Add takes in the matrix layer that is computed last of
// those only it reads; the other operand becomes the residual. A Flatten of a flat
// tensor vanishes, as do layers that the output does not depend on.
// INVALID_ARGUMENT names the layer that has no integer form, why, and what to do.
absl::StatusOr<FusedNetwork> Fuse(const nn::Network& network);

}  // namespace colonnade::quant
