// SPDX-License-Identifier: Apache-2.0
// Small images of drawn digits, and a dense network that knows them: for tests of
// whole packing jobs that need no files.
#pragma once

#include <cstdint>

#include "server/nn/network.h"
#include "server/training/samples.h"

namespace colonnade {

// 1x10x10, one of ten 3x5 digits at a random place with random strength, over noise.
// The same seed gives the same images.
training::Samples DrawGlyphs(int count, uint64_t seed);

// A convolutional network trained on glyphs for a second or two; BatchNorms kept.
nn::Network TrainedGlyphNetwork();

}  // namespace colonnade
