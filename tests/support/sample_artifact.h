// SPDX-License-Identifier: Apache-2.0
// A small artifact that was never trained, but is whole in every other way.
#pragma once

#include <cstdint>
#include <string>

#include "server/artifact/artifact.h"

namespace colonnade {

// The program of RandomPackedNetwork(seed) with golden vectors, mean 0.5 and deviation
// 0.25 for every channel.
artifact::Artifact SampleArtifact(uint64_t seed, const std::string& name, int64_t version,
                                  artifact::InputType input_type = artifact::InputType::kFp32);

}  // namespace colonnade
