// SPDX-License-Identifier: Apache-2.0
// Images and networks under the folder that COLONNADE_DATA names, for tests of
// whole networks. Tests skip when it is not set.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "server/training/samples.h"
#include "tests/support/shared_network.h"

namespace colonnade {

// The first `limit` images of a CIFAR-10 binary file, with the networks' normalization.
training::Samples ReadCifar(const std::filesystem::path& file, int64_t limit);

// The first `limit` images of a gzipped MNIST file; labels lie beside it.
training::Samples ReadMnist(const std::filesystem::path& images, const std::filesystem::path& labels,
                            int64_t limit);

// The first `limit` test images that models/NAME.onnx is for, or all if there are fewer.
training::Samples ReadTestImages(const std::filesystem::path& data, const std::string& name, int64_t limit);

// The float values of a NumPy file of format version 1.
std::vector<float> ReadNpy(const std::filesystem::path& file);

}  // namespace colonnade
