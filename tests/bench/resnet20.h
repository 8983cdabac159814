// SPDX-License-Identifier: Apache-2.0
// ResNet-20 for CIFAR-10 in shape, random weights, every group full.
#pragma once

#include <memory>

#include "server/array/array_program.h"

namespace colonnade::bench {

// The default array; groups of `alpha` columns of one tap, chosen at random, the first
// layer's as it allows. With alpha 1 every weight is there.
std::shared_ptr<const array::ArrayProgram> ResNet20(int alpha);

}  // namespace colonnade::bench
