// SPDX-License-Identifier: Apache-2.0
// Artifact files whose frame is whole, whatever they hold: docs/artifact_format.md, written
// once more, so that a test can get past the digest.
#pragma once

#include <string>
#include <string_view>

#include "server/artifact/artifact.h"

namespace colonnade {

// The file around `payload`: magic, format version, length and digest.
std::string SealArtifact(std::string_view payload, char version = 1);

// The payload of a file that artifact::Encode() made.
std::string PayloadOf(std::string_view file);

// The smallest of the first few sample artifacts.
artifact::Artifact SmallSampleArtifact();

}  // namespace colonnade
