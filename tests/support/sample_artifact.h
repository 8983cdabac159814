// SPDX-License-Identifier: Apache-2.0
// Artifacts that were never trained, but are whole in every other way.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "server/artifact/artifact.h"

namespace colonnade {

// `program` with one golden vector, by `executor`; mean 0.5 and deviation 0.25 for every
// channel. REQUIRES: array::Check(*program).
artifact::Artifact ArtifactOf(std::shared_ptr<const array::ArrayProgram> program, const std::string& name,
                              int64_t version, artifact::InputType input_type, std::string_view executor);

// The small program of RandomPackedNetwork(seed), by the reference.
artifact::Artifact SampleArtifact(uint64_t seed, const std::string& name, int64_t version,
                                  artifact::InputType input_type = artifact::InputType::kFp32);

}  // namespace colonnade
