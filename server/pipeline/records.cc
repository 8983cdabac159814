// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/records.h"

#include <fmt/format.h>

#include <vector>

#include "server/base/status.h"

namespace colonnade::pipeline {
namespace {

constexpr int64_t kLabelBytes = 4;
constexpr uint32_t kNoLabel = 0xFFFFFFFF;

uint32_t ReadLabel(std::string_view record) {
  uint32_t label = 0;
  for (int i = 0; i < kLabelBytes; ++i) label |= uint32_t{uint8_t(record[size_t(i)])} << (8 * i);
  return label;
}

std::vector<double> PerChannel(const google::protobuf::RepeatedField<double>& values, int channels, double otherwise) {
  if (values.size() == channels) return {values.begin(), values.end()};
  return std::vector<double>(size_t(channels), values.empty() ? otherwise : values[0]);
}

}  // namespace

absl::StatusOr<training::Samples> ParseRecords(std::string_view bytes, const worker::v1::DataFile& file) {
  training::Samples samples;
  samples.shape = {file.shape().channels(), file.shape().height(), file.shape().width()};
  samples.mean = PerChannel(file.normalization().mean(), samples.shape.channels, 0);
  samples.deviation = PerChannel(file.normalization().deviation(), samples.shape.channels, 1);
  const int64_t record = kLabelBytes + samples.shape.size();
  if (int64_t(bytes.size()) != record * file.records()) {
    return absl::DataLossError(
        fmt::format("dataset: {} bytes; {} records have {}", bytes.size(), file.records(), record * file.records()));
  }
  samples.pixels.reserve(size_t(samples.shape.size() * file.records()));
  for (; !bytes.empty(); bytes.remove_prefix(size_t(record))) {
    const uint32_t label = ReadLabel(bytes);
    if (label != kNoLabel && label >= uint32_t(file.classes())) {
      return absl::DataLossError(fmt::format("dataset: a label is not below its {} classes", file.classes()));
    }
    samples.labels.push_back(label == kNoLabel ? training::kUnlabelled : int32_t(label));
    const std::string_view pixels = bytes.substr(kLabelBytes, size_t(samples.shape.size()));
    samples.pixels.insert(samples.pixels.end(), pixels.begin(), pixels.end());
  }
  return samples;
}

}  // namespace colonnade::pipeline
