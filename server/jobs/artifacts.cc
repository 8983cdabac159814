// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/artifacts.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/numbers.h"
#include "server/artifact/file.h"
#include "server/base/error_details.h"
#include "server/base/status.h"
#include "server/executors/array_executor.h"
#include "server/jobs/image_messages.h"
#include "server/jobs/page.h"
#include "server/jobs/rows.h"
#include "server/jobs/states.h"
#include "server/jobs/times.h"
#include "server/sealed/sha256.h"

namespace colonnade::jobs {
namespace {

using store::Connection;

constexpr size_t kDigestLetters = 64;

constexpr const char* kNewest =
    "SELECT artifact FROM artifacts WHERE tenant = ? AND name = ? ORDER BY version DESC LIMIT 1";
constexpr const char* kByVersion = "SELECT artifact FROM artifacts WHERE tenant = ? AND name = ? AND version = ?";
// After the key (name, version) in the order "name, newest version first".
constexpr const char* kPage =
    "SELECT artifact FROM artifacts WHERE tenant = ? AND (? = '' OR name = ?) "
    "AND (name > ? OR (name = ? AND version < ?)) ORDER BY name, version DESC LIMIT ?";
constexpr const char* kLastVersion =
    "SELECT MAX(version) FROM ("
    "SELECT last_version AS version FROM artifact_names WHERE tenant = ? AND name = ? UNION ALL "
    "SELECT reserved_version AS version FROM jobs WHERE tenant = ? AND artifact = ? AND state < ?) AS versions";

// Of artifacts in a list: "name/version".
std::string KeyOf(const v1::Artifact& artifact) { return fmt::format("{}/{}", artifact.name(), artifact.version()); }

std::pair<std::string, int64_t> SplitKey(const std::string& key) {
  const size_t slash = key.find('/');
  int64_t version = 0;
  if (slash == std::string::npos || !absl::SimpleAtoi(key.substr(slash + 1), &version)) return {"", 0};
  return {key.substr(0, slash), version};
}

absl::Status CheckManifest(const artifact::Artifact& artifact, const FinishedArtifact& finished) {
  const artifact::Manifest& manifest = artifact.manifest;
  if (manifest.name == finished.name && manifest.version == finished.version && manifest.tenant == finished.tenant &&
      manifest.job == finished.job) {
    return absl::OkStatus();
  }
  return absl::DataLossError(fmt::format("the worker's artifact is '{}' version {} of job {}, not '{}' version {}",
                                         manifest.name, manifest.version, manifest.job, finished.name,
                                         finished.version));
}

// What the file says of itself.
void Describe(const artifact::Artifact& artifact, v1::Artifact& message) {
  const array::ArrayProgram& program = *artifact.program;
  message.set_array(array::Name(program.config));
  message.set_array_digest(array::Digest(program.config));
  message.set_input_name(program.input_name);
  message.set_input_datatype(std::string(artifact::ToString(artifact.manifest.input_type)));
  *message.mutable_input_shape() = ToMessage(program.tensors[0].shape);
  const artifact::Normalization& normalization = artifact.manifest.normalization;
  *message.mutable_normalization() = ToMessage(normalization.mean, normalization.deviation);
  message.set_output_name(program.output_name);
  message.set_classes(int32_t(program.tensors.back().shape.size()));
  for (const std::string_view executor : executors::ExecutorNames()) message.add_executors(std::string(executor));
}

// Size and digest of the file, which is at its beginning again afterwards.
absl::Status DescribeFile(std::ifstream& file, v1::PullArtifactResponse::Header& header) {
  sealed::Sha256 digest;
  std::string buffer(1 << 20, '\0');
  int64_t size = 0;
  while (file.read(buffer.data(), std::streamsize(buffer.size())) || file.gcount() > 0) {
    digest.Append(std::string_view(buffer).substr(0, size_t(file.gcount())));
    size += file.gcount();
  }
  if (!file.eof()) return absl::InternalError("artifact: its ONNX file cannot be read");
  file.clear();
  file.seekg(0);
  header.set_size_bytes(size);
  header.set_sha256(digest.FinishHex());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Artifacts>> Artifacts::Open(store::Database& database, store::Blobs& blobs,
                                                           const Converter& converter, Clock clock) {
  std::unique_ptr<Artifacts> artifacts(new Artifacts(database, blobs, converter, std::move(clock)));
  COLONNADE_ASSIGN_OR_RETURN(
      const auto rows, ReadRows<store::Rows>(database, [](Connection& connection) {
        return connection.Run(
            "SELECT tenant, name, version, sha256 FROM artifacts ORDER BY tenant, name, version DESC");
      }));
  for (const store::Row& row : rows) {
    artifacts->published_[{row.Text(0), row.Text(1)}].push_back({row.Int(2), blobs.Path(row.Text(3))});
  }
  return artifacts;
}

absl::StatusOr<v1::Artifact> Artifacts::Find(const std::string& tenant, const std::string& name,
                                             int64_t version) const {
  COLONNADE_ASSIGN_OR_RETURN(const auto rows, ReadRows<store::Rows>(database_, [&](Connection& connection) {
                               if (version == 0) return connection.Run(kNewest, {tenant, name});
                               return connection.Run(kByVersion, {tenant, name, version});
                             }));
  if (rows.empty()) return MissingResource("artifact", version == 0 ? name : fmt::format("{}:{}", name, version));
  return FromBytes<v1::Artifact>(rows[0].Bytes(0));
}

absl::Status Artifacts::Get(const std::string& tenant, const v1::GetArtifactRequest& request, v1::Artifact& response) {
  COLONNADE_ASSIGN_OR_RETURN(response, Find(tenant, request.name(), request.version()));
  return absl::OkStatus();
}

absl::Status Artifacts::List(const std::string& tenant, const v1::ListArtifactsRequest& request,
                             v1::ListArtifactsResponse& response) {
  COLONNADE_ASSIGN_OR_RETURN(const Page page, ReadPage(request.page()));
  const auto [name, version] = SplitKey(page.after);
  COLONNADE_ASSIGN_OR_RETURN(const auto rows, ReadRows<store::Rows>(database_, [&](Connection& connection) {
                               return connection.Run(kPage, {tenant, request.name(), request.name(), name, name,
                                                             version, int64_t{page.limit} + 1});
                             }));
  std::vector<v1::Artifact> artifacts;
  for (const store::Row& row : rows) {
    COLONNADE_ASSIGN_OR_RETURN(artifacts.emplace_back(), FromBytes<v1::Artifact>(row.Bytes(0)));
  }
  response.set_next_page_token(CutToPage(page, artifacts, KeyOf));
  for (v1::Artifact& artifact : artifacts) response.add_artifacts()->Swap(&artifact);
  return absl::OkStatus();
}

absl::Status Artifacts::Delete(const std::string& tenant, const v1::DeleteArtifactRequest& request) {
  if (request.version() <= 0) return InvalidField("version", "required; versions are deleted one at a time");
  COLONNADE_ASSIGN_OR_RETURN(const v1::Artifact artifact, Find(tenant, request.name(), request.version()));
  COLONNADE_RETURN_IF_ERROR(database_.Write([&](Connection& rows) {
    return rows
        .Run("DELETE FROM artifacts WHERE tenant = ? AND name = ? AND version = ?",
             {tenant, request.name(), request.version()})
        .status();
  }));
  Withdraw(tenant, request.name(), request.version());
  // Name, version and job are in the bytes: no other row has the same blob.
  return blobs_.Remove(artifact.sha256());
}

absl::StatusOr<std::ifstream> Artifacts::Pull(const std::string& tenant, const v1::PullArtifactRequest& request,
                                              v1::PullArtifactResponse::Header& header) {
  if (!v1::ArtifactFormat_IsValid(request.format())) {
    return InvalidField("format", fmt::format("{}; must be NATIVE or ONNX", int(request.format())));
  }
  COLONNADE_ASSIGN_OR_RETURN(const v1::Artifact artifact, Find(tenant, request.name(), request.version()));
  header.set_version(artifact.version());
  if (request.format() == v1::ARTIFACT_FORMAT_ONNX) return ToOnnx(artifact, header);
  header.set_size_bytes(artifact.size_bytes());
  header.set_sha256(artifact.sha256());
  return std::ifstream(blobs_.Path(artifact.sha256()), std::ios::binary);
}

// Once open, the file needs no name any more; it is gone when it is closed.
absl::StatusOr<std::ifstream> Artifacts::ToOnnx(const v1::Artifact& artifact,
                                                v1::PullArtifactResponse::Header& header) {
  const std::string path = blobs_.IncomingPath(fmt::format("onnx.{}", ++conversions_));
  const absl::Status converted = converter_.ToOnnx(blobs_.Path(artifact.sha256()), path);
  std::ifstream file(path, std::ios::binary);
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  if (absl::IsNotFound(converted)) {  // deleted meanwhile
    return MissingResource("artifact", fmt::format("{}:{}", artifact.name(), artifact.version()));
  }
  COLONNADE_RETURN_IF_ERROR(converted);
  COLONNADE_RETURN_IF_ERROR(DescribeFile(file, header));
  return file;
}

std::vector<PublishedVersion> Artifacts::Versions(std::string_view tenant, std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = published_.find({std::string(tenant), std::string(name)});
  return found == published_.end() ? std::vector<PublishedVersion>() : found->second;
}

int64_t Artifacts::Count(std::string_view tenant) const {
  const std::lock_guard lock(mutex_);
  int64_t count = 0;
  for (const auto& [key, versions] : published_) count += key.first == tenant ? int64_t(versions.size()) : 0;
  return count;
}

absl::StatusOr<v1::Artifact> Artifacts::Admit(const FinishedArtifact& finished) {
  if (finished.sha256.size() != kDigestLetters ||
      finished.sha256.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return absl::DataLossError("the worker gave no digest of its artifact");
  }
  // An attempt before this one may have adopted it.
  const bool is_new = std::filesystem::exists(finished.path);
  COLONNADE_ASSIGN_OR_RETURN(const artifact::Artifact content,
                             artifact::ReadArtifact(is_new ? finished.path : blobs_.Path(finished.sha256)));
  COLONNADE_RETURN_IF_ERROR(CheckManifest(content, finished));
  if (is_new) COLONNADE_RETURN_IF_ERROR(blobs_.Adopt(finished.path, finished.sha256));
  v1::Artifact message;
  message.set_name(finished.name);
  message.set_version(finished.version);
  message.set_tenant(finished.tenant);
  *message.mutable_create_time() = ToTimestamp(clock_());
  message.set_job(finished.job);
  message.set_model(finished.model);
  message.set_size_bytes(finished.bytes);
  message.set_sha256(finished.sha256);
  *message.mutable_result() = finished.result;
  Describe(content, message);
  return message;
}

absl::Status Artifacts::Insert(Connection& rows, const v1::Artifact& artifact) {
  COLONNADE_RETURN_IF_ERROR(
      rows.Run("INSERT INTO artifacts (tenant, name, version, sha256, artifact) VALUES (?, ?, ?, ?, ?)",
               {artifact.tenant(), artifact.name(), artifact.version(), artifact.sha256(), ToBlob(artifact)})
          .status());
  return rows
      .Run(
          "INSERT INTO artifact_names (tenant, name, last_version) VALUES (?, ?, ?) "
          "ON CONFLICT (tenant, name) DO UPDATE SET last_version = excluded.last_version "
          "WHERE excluded.last_version > artifact_names.last_version",
          {artifact.tenant(), artifact.name(), artifact.version()})
      .status();
}

void Artifacts::Announce(const v1::Artifact& artifact) {
  const std::lock_guard lock(mutex_);
  auto& versions = published_[{artifact.tenant(), artifact.name()}];
  versions.push_back({artifact.version(), blobs_.Path(artifact.sha256())});
  std::sort(versions.begin(), versions.end(), [](const auto& a, const auto& b) { return a.version > b.version; });
}

void Artifacts::Withdraw(const std::string& tenant, const std::string& name, int64_t version) {
  const std::lock_guard lock(mutex_);
  const auto found = published_.find({tenant, name});
  if (found == published_.end()) return;
  std::erase_if(found->second, [&](const PublishedVersion& published) { return published.version == version; });
  if (found->second.empty()) published_.erase(found);
}

absl::StatusOr<int64_t> Artifacts::ReserveVersion(Connection& rows, const std::string& tenant,
                                                  const std::string& name) {
  COLONNADE_ASSIGN_OR_RETURN(const auto found,
                             rows.Run(kLastVersion, {tenant, name, tenant, name, int64_t{v1::JOB_STATE_SUCCEEDED}}));
  return found[0].IsNull(0) ? 1 : found[0].Int(0) + 1;
}

}  // namespace colonnade::jobs
