// SPDX-License-Identifier: Apache-2.0
// ReLU together with its term of the feature loss. Internal to training/.
#pragma once

#include <utility>

namespace at {
class Tensor;
}

namespace colonnade::training {

// (max(x, 0), |max(x, 0) - target|^2 / |target|^2) in one pass over memory, and one for the
// gradients. float or bfloat16; `target` gets no gradient and has the shape and type of x. A target
// whose mean square is below 1e-4, as of a layer that is dead, counts for less.
std::pair<at::Tensor, at::Tensor> TappedRelu(const at::Tensor& x, const at::Tensor& target);

}  // namespace colonnade::training
