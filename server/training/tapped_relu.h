// SPDX-License-Identifier: Apache-2.0
// ReLU together with its term of the feature loss. Internal to training/.
#pragma once

#include <utility>

namespace at {
class Tensor;
}

namespace colonnade::training {

// The mean square of a target below which it counts for less, as of a layer that is dead.
inline constexpr double kLeastEnergy = 1e-4;

// (max(x, 0), |max(x, 0) - target|^2 / |target|^2) in one pass over memory, and one for the
// gradients. float or bfloat16; `target` gets no gradient and has the shape and type of x.
std::pair<at::Tensor, at::Tensor> TappedRelu(const at::Tensor& x, const at::Tensor& target);

}  // namespace colonnade::training
