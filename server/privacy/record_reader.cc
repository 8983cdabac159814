// SPDX-License-Identifier: Apache-2.0
#include "server/privacy/record_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "server/base/status.h"

namespace colonnade::privacy {
namespace {

constexpr size_t kLabelBytes = 4;
constexpr uint32_t kNoLabel = 0xFFFFFFFF;

uint32_t LabelOf(std::string_view record) {
  uint32_t label = 0;
  for (size_t i = kLabelBytes; i-- > 0;) label = label << 8 | static_cast<uint8_t>(record[i]);
  return label;
}

}  // namespace

RecordReader::RecordReader(const nn::Shape& shape, int classes, const sealed::Key& fingerprint_key)
    : record_bytes_(kLabelBytes + static_cast<size_t>(shape.size())),
      classes_(classes),
      fingerprint_key_(fingerprint_key) {}

absl::Status RecordReader::Append(std::string_view bytes) {
  if (!partial_.empty()) {
    const size_t missing = std::min(bytes.size(), record_bytes_ - partial_.size());
    partial_.append(bytes.substr(0, missing));
    bytes.remove_prefix(missing);
    if (partial_.size() < record_bytes_) return absl::OkStatus();
    COLONNADE_RETURN_IF_ERROR(Take(partial_));
    partial_.clear();
  }
  for (; bytes.size() >= record_bytes_; bytes.remove_prefix(record_bytes_)) {
    COLONNADE_RETURN_IF_ERROR(Take(bytes.substr(0, record_bytes_)));
  }
  partial_.append(bytes);
  return absl::OkStatus();
}

absl::Status RecordReader::Take(std::string_view record) {
  const uint32_t label = LabelOf(record);
  if (label != kNoLabel && label >= static_cast<uint32_t>(classes_)) {
    const std::string allowed = classes_ == 0 ? "has a label, but the data set has 0 classes"
                                              : fmt::format("has a label that is not within 0 to {}", classes_ - 1);
    return InvalidField("records", fmt::format("record {} (counted from 0) {}", records(), allowed));
  }
  labelled_ |= label != kNoLabel;
  const std::string fingerprint = sealed::Fingerprint(fingerprint_key_, record.substr(kLabelBytes));
  std::copy_n(fingerprint.begin(), std::tuple_size_v<RecordFingerprint>, fingerprints_.emplace_back().begin());
  return absl::OkStatus();
}

std::vector<RecordFingerprint> RecordReader::TakeDistinct() {
  std::sort(fingerprints_.begin(), fingerprints_.end());
  fingerprints_.erase(std::unique(fingerprints_.begin(), fingerprints_.end()), fingerprints_.end());
  return std::exchange(fingerprints_, {});
}

}  // namespace colonnade::privacy
