// SPDX-License-Identifier: Apache-2.0
//   0   8   magic: 89 43 4f 4c 4e 0d 0a 1a
//   8   4   format version, little-endian
//  12   8   payload length n, little-endian
//  20   n   payload: colonnade.artifact.v1.Artifact
//  20+n 32  SHA-256 of everything before
#include "server/artifact/file.h"

#include <fmt/format.h>
#include <sodium.h>

#include <limits>

#include "server/artifact/proto_codec.h"
#include "server/base/files.h"
#include "server/base/status.h"

namespace colonnade::artifact {
namespace {

constexpr std::string_view kMagic =
    "\x89"
    "COLN\r\n\x1a";
constexpr uint32_t kFormatVersion = 1;
constexpr size_t kHeaderBytes = 8 + 4 + 8;
constexpr size_t kDigestBytes = crypto_hash_sha256_BYTES;

void AppendLittleEndian(uint64_t value, int bytes, std::string& out) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

uint64_t ReadLittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

std::string Sha256(std::string_view bytes) {
  std::string digest(kDigestBytes, '\0');
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(digest.data()),
                     reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  return digest;
}

std::string Hexadecimal(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<uint8_t>(byte));
  return text;
}

// The payload of a whole, undamaged file.
absl::StatusOr<std::string_view> Unwrap(std::string_view bytes) {
  if (!bytes.starts_with(kMagic.substr(0, bytes.size()))) return absl::DataLossError("not an artifact file");
  if (bytes.size() < kHeaderBytes + kDigestBytes) {
    return absl::DataLossError(fmt::format("the artifact is cut off: {} bytes, of {} around the payload",
                                           bytes.size(), kHeaderBytes + kDigestBytes));
  }
  const uint64_t length = ReadLittleEndian(bytes.substr(12, 8));
  const size_t expected = bytes.size() - kHeaderBytes - kDigestBytes;
  if (length != expected) {
    return absl::DataLossError(fmt::format(
        "the artifact is cut off or extended: its payload holds {} bytes of {}", expected, length));
  }
  const std::string_view content = bytes.substr(0, kHeaderBytes + length);
  if (Sha256(content) != bytes.substr(content.size())) {
    return absl::DataLossError("the artifact is damaged: its SHA-256 does not match");
  }
  const uint64_t version = ReadLittleEndian(bytes.substr(8, 4));
  if (version != kFormatVersion) {
    return absl::FailedPreconditionError(fmt::format(
        "artifact format {} is not known to this build, which reads format {}", version, kFormatVersion));
  }
  return content.substr(kHeaderBytes);
}

}  // namespace

absl::StatusOr<std::string> Encode(const Artifact& artifact) {
  COLONNADE_RETURN_IF_ERROR(Check(artifact));
  const pb::Artifact proto = ToProto(artifact);
  const size_t length = proto.ByteSizeLong();
  if (static_cast<int64_t>(kHeaderBytes + length + kDigestBytes) > kMaxArtifactBytes) {
    return absl::ResourceExhaustedError(
        fmt::format("the artifact would hold {} bytes; at most {}", length, kMaxArtifactBytes));
  }
  std::string bytes(kMagic);
  AppendLittleEndian(kFormatVersion, 4, bytes);
  AppendLittleEndian(length, 8, bytes);
  if (!proto.AppendToString(&bytes)) return absl::InternalError("the artifact's texts are no valid UTF-8");
  return bytes + Sha256(bytes);
}

absl::StatusOr<Artifact> Decode(std::string_view bytes) {
  if (static_cast<int64_t>(bytes.size()) > kMaxArtifactBytes) {
    return absl::DataLossError(
        fmt::format("{} bytes; an artifact has at most {}", bytes.size(), kMaxArtifactBytes));
  }
  COLONNADE_ASSIGN_OR_RETURN(const std::string_view payload, Unwrap(bytes));
  pb::Artifact proto;
  if (!proto.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return absl::DataLossError("the artifact's payload cannot be parsed");
  }
  auto artifact = FromProto(proto);
  const absl::Status status = artifact.ok() ? Check(*artifact) : artifact.status();
  if (!status.ok()) return absl::DataLossError(fmt::format("the artifact is invalid: {}", Message(status)));
  return artifact;
}

absl::StatusOr<WrittenFile> WriteArtifact(const std::string& path, const Artifact& artifact) {
  COLONNADE_ASSIGN_OR_RETURN(const std::string bytes, Encode(artifact));
  COLONNADE_RETURN_IF_ERROR(PublishFile(path, bytes));
  return WrittenFile{Hexadecimal(Sha256(bytes)), static_cast<int64_t>(bytes.size())};
}

absl::StatusOr<Artifact> ReadArtifact(const std::string& path) {
  COLONNADE_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kMaxArtifactBytes));
  auto artifact = Decode(bytes);
  if (!artifact.ok()) return Annotate(artifact.status(), fmt::format("'{}'", path));
  return artifact;
}

}  // namespace colonnade::artifact
