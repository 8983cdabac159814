// SPDX-License-Identifier: Apache-2.0
// Rewrites of a Network that leave the function it computes unchanged, up to
// float rounding. Each REQUIRES inferred shapes, as InferShapes() left them, and
// keeps them valid. Networks come by value: move them in.
#pragma once

#include "absl/status/statusor.h"
#include "server/nn/network.h"

namespace colonnade::nn {

// Takes layer `index` out: whoever read it reads its input instead, and later
// indices move down by one. The caller vouches that this keeps the function.
// REQUIRES: the layer has exactly one input and is not layers[0].
Network RemoveLayer(Network network, int index);

// Only what layer `output` depends on, and the Input; `output` becomes the last layer.
Network KeepOnly(Network network, int output);

// Removes every BatchNorm. One that directly follows a Convolution or Linear that
// nobody else reads is folded into it: with f = scale / sqrt(variance + epsilon),
//   weight' = f * weight,   bias' = f * (bias - mean) + bias of the norm.
// Any other, as in pre-activation networks, becomes a depthwise 1x1 Convolution
// of the BatchNorm's name with weight f and bias (bias of the norm) - f * mean.
// Factors are computed in double. INVALID_ARGUMENT, naming the layer, when a
// folded weight is no finite float.
absl::StatusOr<Network> FoldBatchNorms(Network network);

// Each Linear that reads an image of more than one pixel, itself or through Flattens, becomes a
// Convolution whose window is the image: the same weights in the same order, but columns of its
// filter matrix are at channels and taps instead of at as many channels as there are values. So feed
// rules see which of them are at one position. A Flatten that nobody else reads goes.
Network ReadImagesByWindows(Network network);

// Without a trailing Softmax, so that the output are the logits. Unchanged when
// there is none; this is the one rewrite that changes the function.
Network TrimSoftmax(Network network);

}  // namespace colonnade::nn
