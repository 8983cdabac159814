// SPDX-License-Identifier: Apache-2.0
// The ranges of datasets.proto, one check per line.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "server/base/names.h"
#include "server/base/status.h"
#include "server/rpc/datasets_service.h"

namespace colonnade::rpc {
namespace {

constexpr int64_t kLabelBytes = 4;
constexpr int64_t kMaxShapeValues = int64_t{1} << 26;
constexpr int64_t kMaxRecords = 100'000'000;
constexpr int64_t kMaxSourceSamples = 1'000'000'000'000;
constexpr int64_t kMinRetainSeconds = 60, kMaxRetainSeconds = 10LL * 366 * 24 * 3600;

absl::Status CheckRange(std::string_view field, int64_t value, int64_t lowest, int64_t highest) {
  if (value >= lowest && value <= highest) return absl::OkStatus();
  return InvalidField(field, fmt::format("{} is not within {} to {}", value, lowest, highest));
}

absl::Status CheckShape(const v1::Shape& shape) {
  COLONNADE_RETURN_IF_ERROR(CheckRange("header.shape.channels", shape.channels(), 1, 65536));
  COLONNADE_RETURN_IF_ERROR(CheckRange("header.shape.height", shape.height(), 1, 65536));
  COLONNADE_RETURN_IF_ERROR(CheckRange("header.shape.width", shape.width(), 1, 65536));
  const int64_t values = int64_t{1} * shape.channels() * shape.height() * shape.width();
  return CheckRange("header.shape", values, 1, kMaxShapeValues);
}

absl::Status CheckPerChannel(const char* field, const google::protobuf::RepeatedField<double>& values, int channels,
                             bool positive) {
  if (values.size() != 1 && values.size() != channels) {
    return InvalidField(field,
                        fmt::format("{} values for {} channels; one for all or one each", values.size(), channels));
  }
  const auto fits = [&](double value) { return std::isfinite(value) && (!positive || value > 0); };
  if (std::all_of(values.begin(), values.end(), fits)) return absl::OkStatus();
  return InvalidField(field, positive ? "must be above 0 and finite" : "must be finite");
}

absl::Status CheckNormalization(const v1::PushDatasetRequest::Header& header) {
  const v1::Normalization& normalization = header.normalization();
  const int channels = header.shape().channels();
  COLONNADE_RETURN_IF_ERROR(CheckPerChannel("header.normalization.mean", normalization.mean(), channels, false));
  return CheckPerChannel("header.normalization.deviation", normalization.deviation(), channels, true);
}

absl::Status CheckRetention(const v1::PushDatasetRequest::Header& header) {
  if (header.has_retain()) {
    return CheckRange("header.retain", header.retain().seconds(), kMinRetainSeconds, kMaxRetainSeconds);
  }
  if (!header.keep_after_jobs()) return absl::OkStatus();
  return InvalidField("header.keep_after_jobs", "needs retain: say until when");
}

absl::Status CheckRole(const v1::PushDatasetRequest::Header& header) {
  if (header.role() == v1::DATA_ROLE_TRAIN || header.role() == v1::DATA_ROLE_EVALUATION) return absl::OkStatus();
  return InvalidField("header.role", "must be DATA_ROLE_TRAIN or DATA_ROLE_EVALUATION");
}

}  // namespace

absl::StatusOr<int64_t> CheckDatasetHeader(const v1::PushDatasetRequest::Header& header) {
  COLONNADE_RETURN_IF_ERROR(CheckName("header.name", header.name()));
  COLONNADE_RETURN_IF_ERROR(CheckName("header.source", header.source()));
  COLONNADE_RETURN_IF_ERROR(CheckRole(header));
  COLONNADE_RETURN_IF_ERROR(CheckRange("header.source_samples", header.source_samples(), 1, kMaxSourceSamples));
  COLONNADE_RETURN_IF_ERROR(CheckShape(header.shape()));
  COLONNADE_RETURN_IF_ERROR(CheckNormalization(header));
  COLONNADE_RETURN_IF_ERROR(CheckRange("header.classes", header.classes(), 0, 65536));
  COLONNADE_RETURN_IF_ERROR(CheckRange("header.records", header.records(), 1, kMaxRecords));
  COLONNADE_RETURN_IF_ERROR(CheckRetention(header));
  const v1::Shape& shape = header.shape();
  return header.records() * (kLabelBytes + int64_t{1} * shape.channels() * shape.height() * shape.width());
}

}  // namespace colonnade::rpc
