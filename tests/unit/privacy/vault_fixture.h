// SPDX-License-Identifier: Apache-2.0
// A vault in a folder of its own, with a clock that the test sets, and a few words to fill
// it. Records have the shape 1x2x4 and are numbered: equal numbers, equal pixels.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/base/error_details.h"
#include "server/base/status.h"
#include "server/privacy/vault.h"
#include "server/sealed/stream.h"
#include "tests/support/scratch_folder.h"

namespace colonnade::privacy {

inline constexpr uint32_t kNoLabel = 0xFFFFFFFF;
inline constexpr int64_t kRecordBytes = 4 + 8;

inline std::string LittleEndian(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text.push_back(char(value >> (8 * i)));
  return text;
}

inline std::string Record(uint64_t number, uint32_t label = 1) {
  return LittleEndian(label, 4) + LittleEndian(number, 8);
}

// Records number `first` to first + count - 1.
inline std::string Records(uint64_t first, int count, uint32_t label = 1) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += Record(first + uint64_t(i), label);
  return bytes;
}

inline std::string SignedBytes(const ErasureInfo& erasure) {
  return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|", erasure.sequence, erasure.tenant, erasure.dataset,
                     erasure.source, erasure.records, absl::ToUnixNanos(erasure.time), erasure.reason,
                     erasure.ciphertext_sha256, erasure.key_id, fmt::join(erasure.jobs, ",")) +
         erasure.previous_sha256;
}

// Passes transactions on, or fails the writes.
class FlakyDatabase final : public store::Database {
 public:
  explicit FlakyDatabase(std::unique_ptr<store::Database> database) : database_(std::move(database)) {}
  absl::Status Write(const Body& body) override {
    if (!fail_writes) return database_->Write(body);
    return database_->Write([&](store::Connection& rows) -> absl::Status {
      COLONNADE_RETURN_IF_ERROR(body(rows));
      return absl::ResourceExhaustedError("disk full");
    });
  }
  absl::Status Read(const Body& body) override { return database_->Read(body); }

  bool fail_writes = false;

 private:
  std::unique_ptr<store::Database> database_;
};

class CountingMetrics final : public Metrics {
 public:
  void Count(std::string_view name, const Labels&, double amount) override { counts[std::string(name)] += amount; }
  void Set(std::string_view, const Labels&, double) override {}
  void Observe(std::string_view, const Labels&, double) override {}
  std::map<std::string, double> counts;
};

class VaultFixture : public testing::Test {
 protected:
  VaultFixture() { Reopen(); }

  void Close() {
    vault_.reset();
    database_.reset();
  }
  absl::Status TryToOpen() {
    Close();
    COLONNADE_ASSIGN_OR_RETURN(auto database, store::OpenSqlite(folder_ / "metadata.db", {Vault::schema()}));
    database_ = std::make_unique<FlakyDatabase>(std::move(database));
    VaultOptions options{folder_ / "vault", 0.1, SignedBytes, [this] { return now_; }};
    COLONNADE_ASSIGN_OR_RETURN(vault_, Vault::Open(*database_, metrics_, options));
    return absl::OkStatus();
  }
  void Reopen() {
    const absl::Status status = TryToOpen();
    ASSERT_TRUE(status.ok()) << status;
  }

  // Of a source with 1000 samples, of which 100 may be trained on.
  DatasetSpec Spec(const std::string& name, const std::string& bytes) const {
    DatasetSpec spec;
    spec.tenant = tenant_;
    spec.name = name;
    spec.source = "digits";
    spec.source_samples = 1000;
    spec.shape = {1, 2, 4};
    spec.mean = {0.1};
    spec.deviation = {1.0 / 3};
    spec.classes = 10;
    spec.records = int64_t(bytes.size()) / kRecordBytes;
    spec.sha256 = sealed::Sha256Hex(bytes);
    return spec;
  }
  static DatasetSpec Evaluation(DatasetSpec spec) {
    spec.role = Role::kEvaluation;
    return spec;
  }

  absl::StatusOr<DatasetInfo> Push(const DatasetSpec& spec, std::string_view bytes, size_t piece = 1 << 20) {
    COLONNADE_ASSIGN_OR_RETURN(const auto upload, vault_->Begin(spec));
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
      COLONNADE_RETURN_IF_ERROR(upload->Append(bytes.substr(0, piece)));
    }
    return upload->Commit();
  }
  absl::StatusOr<DatasetInfo> Push(const std::string& name, const std::string& bytes) {
    return Push(Spec(name, bytes), bytes);
  }
  void MustPush(const std::string& name, const std::string& bytes) {
    const absl::Status status = Push(name, bytes).status();
    ASSERT_TRUE(status.ok()) << status;
  }

  absl::StatusOr<std::string> ReadBack(const std::string& name, Role role = Role::kTrain) {
    COLONNADE_ASSIGN_OR_RETURN(const OpenDataset open, vault_->OpenForJob(tenant_, name, role));
    return sealed::OpenFile(open.path, open.key, open.context, int64_t{1} << 30);
  }
  int64_t Used(const std::string& source = "digits") { return vault_->GetSource(tenant_, source)->used; }
  absl::StatusOr<ErasureInfo> Erase(const std::string& name) { return vault_->Erase(tenant_, name, "requested", {}); }

  absl::Status Sql(const char* sql, const std::vector<store::Value>& arguments = {}) {
    return database_->Write([&](store::Connection& rows) { return rows.Run(sql, arguments).status(); });
  }

  std::filesystem::path VaultFolder() const { return folder_.path() / "vault"; }
  size_t DataFiles() const { return CountFiles(VaultFolder() / "data"); }
  // Of data sets; the master key and the tenants' are not counted.
  size_t KeyFiles() const {
    return CountFiles(VaultFolder() / "keys") - CountFiles(VaultFolder() / "keys/tenants") - 1;
  }

  ScratchFolder folder_;
  std::string tenant_ = "default";
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  CountingMetrics metrics_;
  std::unique_ptr<FlakyDatabase> database_;
  std::unique_ptr<Vault> vault_;
};

inline std::string MessageOf(const absl::Status& status) { return std::string(Message(status)); }

}  // namespace colonnade::privacy
