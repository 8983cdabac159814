// SPDX-License-Identifier: Apache-2.0
// Images and programs for anything that stands for the compact machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "server/array/array_program.h"

namespace colonnade {

// The logits of the reference executor. `image` holds the bytes of tensor 0.
std::vector<int32_t> ReferenceLogits(const std::shared_ptr<const array::ArrayProgram>& program,
                                     const std::vector<uint8_t>& image);

// ResNet-20 under COLONNADE_DATA, packed without training in blocks of eight adjacent channels.
std::shared_ptr<const array::ArrayProgram> PackedResNet20(const std::filesystem::path& data);

// The bytes of the first test images for it.
std::vector<std::vector<uint8_t>> TestImages(const std::filesystem::path& data, const array::ArrayProgram& program,
                                             int count);

}  // namespace colonnade
