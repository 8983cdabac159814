// SPDX-License-Identifier: Apache-2.0
// Artifacts as bytes and files; layout in docs/artifact_format.md.
//
// Reading treats the bytes as hostile: length and digest are checked before anything
// is parsed, and everything parsed is checked before it is returned. What is returned
// is safe to run on any input.
#pragma once

#include <string>
#include <string_view>

#include "server/artifact/artifact.h"

namespace colonnade::artifact {

inline constexpr int64_t kMaxArtifactBytes = int64_t{512} << 20;

// INVALID_ARGUMENT when Check(artifact) fails, RESOURCE_EXHAUSTED beyond
// kMaxArtifactBytes. The same artifact gives the same bytes.
absl::StatusOr<std::string> Encode(const Artifact& artifact);

// DATA_LOSS when the bytes are no artifact, are cut off or damaged;
// FAILED_PRECONDITION when their format is newer than this build reads.
absl::StatusOr<Artifact> Decode(std::string_view bytes);

// What identifies a written file.
struct WrittenFile {
  std::string sha256;  // of the whole file, lower-case hexadecimal
  int64_t bytes = 0;
};

// Atomic and durable, as PublishFile (base/files.h).
absl::StatusOr<WrittenFile> WriteArtifact(const std::string& path, const Artifact& artifact);

// Errors of ReadFile and Decode, with the path.
absl::StatusOr<Artifact> ReadArtifact(const std::string& path);

}  // namespace colonnade::artifact
