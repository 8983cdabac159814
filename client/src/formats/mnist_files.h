// SPDX-License-Identifier: Apache-2.0
// Names of MNIST's files: train-images-idx3-ubyte and train-labels-idx1-ubyte, with a
// dot before "idx" in some collections, with .gz when compressed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace colonnade::client {

// Whether a file of this name holds images.
bool IsMnistImages(std::string_view name);

// Names that the labels of this images file may have, the likeliest first; none when
// it is not named after MNIST's manner.
std::vector<std::string> MnistLabelNames(const std::string& images);

}  // namespace colonnade::client
