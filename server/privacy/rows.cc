// SPDX-License-Identifier: Apache-2.0
#include "server/privacy/rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sstream>
#include <utility>

#include "server/base/error_details.h"

namespace colonnade::privacy {
namespace {

using store::Connection;
using store::Value;

constexpr const char* kErasureColumns =
    "tenant, sequence, dataset, source, records, time, reason, ciphertext_sha256, key_id, jobs, previous_sha256, "
    "signature, public_key";

constexpr const char* kSelectDatasets =
    "SELECT d.tenant, d.name, s.name, s.samples, d.request_id, d.role, d.channels, d.height, d.width, d.mean, "
    "d.deviation, d.classes, d.records, d.sha256, d.retain, d.keep_after_jobs, d.create_time, d.distinct_records, "
    "d.labelled, d.size_bytes, d.erase_time, d.state, d.source, d.file, d.key_id, d.ciphertext_sha256, "
    "d.erase_reason, d.erase_jobs, d.erasure FROM datasets d JOIN sources s ON s.id = d.source WHERE ";

constexpr const char* kInsertDataset =
    "INSERT INTO datasets (tenant, name, source, request_id, role, channels, height, width, mean, deviation, classes, "
    "records, sha256, retain, keep_after_jobs, create_time, distinct_records, labelled, size_bytes, erase_time, "
    "state, file, key_id, ciphertext_sha256, erase_reason, erase_jobs) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '')";

std::vector<std::string> SplitLines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Shortest decimals that read back as the same doubles.
std::string JoinNumbers(const std::vector<double>& values) { return fmt::format("{}", fmt::join(values, "\n")); }

std::vector<double> SplitNumbers(const std::string& text) {
  std::vector<double> values;
  for (const std::string& line : SplitLines(text)) values.push_back(std::stod(line));
  return values;
}

Value OrNull(const std::optional<int64_t>& value) { return value ? Value(*value) : Value(std::monostate()); }

std::optional<int64_t> Nanoseconds(const std::optional<absl::Duration>& duration) {
  if (!duration) return std::nullopt;
  return absl::ToInt64Nanoseconds(*duration);
}

std::optional<int64_t> Nanoseconds(const std::optional<absl::Time>& time) {
  if (!time) return std::nullopt;
  return absl::ToUnixNanos(*time);
}

DatasetSpec ReadSpec(Columns& columns) {
  DatasetSpec spec;
  spec.tenant = columns.Text();
  spec.name = columns.Text();
  spec.source = columns.Text();
  spec.source_samples = columns.Int();
  spec.request_id = columns.Text();
  spec.role = static_cast<Role>(columns.Int());
  spec.shape.channels = static_cast<int>(columns.Int());
  spec.shape.height = static_cast<int>(columns.Int());
  spec.shape.width = static_cast<int>(columns.Int());
  spec.mean = SplitNumbers(columns.Text());
  spec.deviation = SplitNumbers(columns.Text());
  spec.classes = static_cast<int>(columns.Int());
  spec.records = columns.Int();
  spec.sha256 = columns.Text();
  if (const auto retain = columns.OptionalInt()) spec.retain = absl::Nanoseconds(*retain);
  spec.keep_after_jobs = columns.Int() != 0;
  return spec;
}

ErasureInfo ReadErasure(const store::Row& row) {
  Columns columns(row);
  ErasureInfo erasure;
  erasure.tenant = columns.Text();
  erasure.sequence = columns.Int();
  erasure.dataset = columns.Text();
  erasure.source = columns.Text();
  erasure.records = columns.Int();
  erasure.time = absl::FromUnixNanos(columns.Int());
  erasure.reason = columns.Text();
  erasure.ciphertext_sha256 = columns.Text();
  erasure.key_id = columns.Text();
  erasure.jobs = SplitLines(columns.Text());
  erasure.previous_sha256 = columns.Bytes();
  erasure.signature = columns.Bytes();
  erasure.public_key = columns.Bytes();
  return erasure;
}

absl::StatusOr<StoredDataset> ReadDataset(Connection& rows, const store::Row& row) {
  Columns columns(row);
  StoredDataset dataset;
  DatasetInfo& info = dataset.info;
  info.spec = ReadSpec(columns);
  info.create_time = absl::FromUnixNanos(columns.Int());
  info.distinct_records = columns.Int();
  info.labelled = columns.Int() != 0;
  info.size_bytes = columns.Int();
  if (const auto time = columns.OptionalInt()) info.erase_time = absl::FromUnixNanos(*time);
  dataset.state = static_cast<State>(columns.Int());
  dataset.source = columns.Int();
  dataset.file = columns.Text();
  dataset.key_id = columns.Text();
  dataset.ciphertext_sha256 = columns.Text();
  dataset.erase_reason = columns.Text();
  dataset.erase_jobs = SplitLines(columns.Text());
  if (const auto sequence = columns.OptionalInt()) {
    COLONNADE_ASSIGN_OR_RETURN(auto erasures, SelectErasures(rows, info.spec.tenant, *sequence, 1));
    if (erasures.empty()) return absl::DataLossError("the database lacks an erasure record");
    info.erasure = std::move(erasures[0]);
  }
  return dataset;
}

}  // namespace

absl::StatusOr<std::vector<StoredDataset>> SelectDatasets(Connection& rows, std::string_view condition,
                                                          std::vector<Value> arguments, int64_t limit) {
  arguments.emplace_back(limit);
  const std::string sql = fmt::format("{}{} ORDER BY d.tenant, d.name LIMIT ?", kSelectDatasets, condition);
  COLONNADE_ASSIGN_OR_RETURN(const store::Rows found, rows.Run(sql.c_str(), arguments));
  std::vector<StoredDataset> datasets;
  for (const store::Row& row : found) {
    COLONNADE_ASSIGN_OR_RETURN(StoredDataset dataset, ReadDataset(rows, row));
    datasets.push_back(std::move(dataset));
  }
  return datasets;
}

absl::StatusOr<StoredDataset> FindDataset(Connection& rows, const std::string& tenant, const std::string& name) {
  COLONNADE_ASSIGN_OR_RETURN(auto found, SelectDatasets(rows, "d.tenant = ? AND d.name = ?", {tenant, name}));
  if (found.empty()) return MissingResource("dataset", name);
  return std::move(found[0]);
}

absl::Status InsertDataset(Connection& rows, const StoredDataset& dataset) {
  const DatasetInfo& info = dataset.info;
  const DatasetSpec& spec = info.spec;
  return rows
      .Run(kInsertDataset, {spec.tenant,
                            spec.name,
                            dataset.source,
                            spec.request_id,
                            int64_t(spec.role),
                            int64_t(spec.shape.channels),
                            int64_t(spec.shape.height),
                            int64_t(spec.shape.width),
                            JoinNumbers(spec.mean),
                            JoinNumbers(spec.deviation),
                            int64_t(spec.classes),
                            spec.records,
                            spec.sha256,
                            OrNull(Nanoseconds(spec.retain)),
                            int64_t(spec.keep_after_jobs),
                            absl::ToUnixNanos(info.create_time),
                            info.distinct_records,
                            int64_t(info.labelled),
                            info.size_bytes,
                            OrNull(Nanoseconds(info.erase_time)),
                            int64_t(dataset.state),
                            dataset.file,
                            dataset.key_id,
                            dataset.ciphertext_sha256})
      .status();
}

absl::StatusOr<std::vector<ErasureInfo>> SelectErasures(Connection& rows, const std::string& tenant, int64_t from,
                                                        int64_t limit) {
  const std::string sql = fmt::format(
      "SELECT {} FROM erasures WHERE tenant = ? AND sequence >= ? ORDER BY sequence LIMIT ?", kErasureColumns);
  COLONNADE_ASSIGN_OR_RETURN(const store::Rows found, rows.Run(sql.c_str(), {tenant, from, limit}));
  std::vector<ErasureInfo> erasures;
  for (const store::Row& row : found) erasures.push_back(ReadErasure(row));
  return erasures;
}

absl::Status InsertErasure(Connection& rows, const ErasureInfo& erasure, const std::string& sha256) {
  const std::string sql = fmt::format(
      "INSERT INTO erasures ({}, sha256) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kErasureColumns);
  return rows
      .Run(sql.c_str(), {erasure.tenant, erasure.sequence, erasure.dataset, erasure.source, erasure.records,
                         absl::ToUnixNanos(erasure.time), erasure.reason, erasure.ciphertext_sha256, erasure.key_id,
                         JoinLines(erasure.jobs), store::Blob{erasure.previous_sha256}, store::Blob{erasure.signature},
                         store::Blob{erasure.public_key}, store::Blob{sha256}})
      .status();
}

std::string JoinLines(const std::vector<std::string>& lines) { return fmt::format("{}", fmt::join(lines, "\n")); }

}  // namespace colonnade::privacy
