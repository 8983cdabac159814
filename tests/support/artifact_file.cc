// SPDX-License-Identifier: Apache-2.0
#include "tests/support/artifact_file.h"

#include <sodium.h>

#include <cstdint>
#include <limits>

#include "server/artifact/file.h"
#include "tests/support/sample_artifact.h"

namespace colonnade {
namespace {

constexpr size_t kHeaderBytes = 20, kDigestBytes = 32;

}  // namespace

std::string SealArtifact(std::string_view payload, char version) {
  std::string file = "\x89\x43\x4f\x4c\x4e\x0d\x0a\x1a";
  file += {version, '\0', '\0', '\0'};
  for (int byte = 0; byte < 8; ++byte) file.push_back(char(uint64_t(payload.size()) >> (8 * byte)));
  file += payload;
  std::string digest(kDigestBytes, '\0');
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(digest.data()),
                     reinterpret_cast<const unsigned char*>(file.data()), file.size());
  return file + digest;
}

std::string PayloadOf(std::string_view file) {
  return std::string(file.substr(kHeaderBytes, file.size() - kHeaderBytes - kDigestBytes));
}

artifact::Artifact SmallSampleArtifact() {
  artifact::Artifact smallest;
  size_t size = std::numeric_limits<size_t>::max();
  for (uint64_t seed = 0; seed < 40; ++seed) {
    artifact::Artifact artifact = SampleArtifact(seed, "sample", 1);
    const size_t bytes = artifact::Encode(artifact).value().size();
    if (bytes < size) smallest = std::move(artifact), size = bytes;
  }
  return smallest;
}

}  // namespace colonnade
