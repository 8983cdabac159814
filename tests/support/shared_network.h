// SPDX-License-Identifier: Apache-2.0
// Networks under the folder that COLONNADE_DATA names, for tests of whole networks.
// Tests skip when it is not set.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "server/nn/network.h"

namespace colonnade {

// The folder, or nothing.
std::optional<std::filesystem::path> SharedData();

// models/NAME.onnx, imported. Ends the program when that cannot be.
nn::Network ReadNetwork(const std::filesystem::path& data, const std::string& name);

}  // namespace colonnade
