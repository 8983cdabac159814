// SPDX-License-Identifier: Apache-2.0
#include "client/src/formats/labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "client/src/formats/errors.h"
#include "client/src/formats/idx.h"
#include "client/src/formats/npy_header.h"

namespace colonnade::client {
namespace {

// A little or big endian integer; nothing where it is negative or no label.
std::optional<uint32_t> Decode(std::span<const uint8_t> bytes, const NpyType& type) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    value = value << 8 | bytes[type.big_endian ? i : bytes.size() - 1 - i];
  }
  const bool negative = type.kind == 'i' && (value >> (8 * bytes.size() - 1) & 1) != 0;
  if (negative || value >= uint64_t(kMaxClasses)) return std::nullopt;
  return uint32_t(value);
}

Status CheckLabelArray(const std::string& name, const NpyHeader& header) {
  const bool integers = header.type.kind == 'i' || header.type.kind == 'u';
  if (!integers) return Refuse(name, fmt::format("labels of type '{}'; save them as integers", header.descr));
  const auto& shape = header.shape;
  const bool flat = shape.size() == 1 || (shape.size() == 2 && shape[1] == 1);
  if (flat && shape[0] >= 1 && shape[0] <= kMaxRecords) return {};
  return Refuse(name,
                fmt::format("labels of shape {}; expected one per image, 1 to {}", ShapeText(shape), kMaxRecords));
}

Result<Labels> ReadIdxLabels(ByteStream& stream) {
  const Result<IdxHeader> header = ReadIdxHeader(stream, IdxHeader::kLabels);
  if (!header.ok()) return header.status();
  std::vector<uint8_t> bytes;
  if (Status status = stream.Append(header->count, bytes); !status.ok()) return status;
  if (Status status = stream.ExpectEnd(); !status.ok()) return status;
  Labels labels{stream.name(), {bytes.begin(), bytes.end()}, 0};
  labels.classes = 1 + *std::max_element(bytes.begin(), bytes.end());
  return labels;
}

}  // namespace

Result<Labels> ReadNpyLabels(ByteStream& stream) {
  const Result<NpyHeader> header = ReadNpyHeader(stream);
  if (!header.ok()) return header.status();
  if (Status status = CheckLabelArray(stream.name(), *header); !status.ok()) return status;
  const size_t count = size_t(header->shape[0]), width = size_t(header->type.bytes);
  std::vector<uint8_t> bytes;
  if (Status status = stream.Append(int64_t(count * width), bytes); !status.ok()) return status;
  if (Status status = stream.ExpectEnd(); !status.ok()) return status;
  Labels labels{stream.name(), {}, 0};
  for (size_t i = 0; i < count; ++i) {
    const auto label = Decode(std::span(bytes).subspan(i * width, width), header->type);
    if (!label) return Refuse(stream.name(), fmt::format("label {} is not 0 to {}; renumber", i, kMaxClasses - 1));
    labels.values.push_back(*label);
    labels.classes = std::max(labels.classes, int(*label) + 1);
  }
  return labels;
}

Result<Labels> ReadLabels(const std::string& path) {
  Result<std::unique_ptr<ByteStream>> probe = OpenFile(path);
  if (!probe.ok()) return probe.status();
  std::array<uint8_t, 1> first = {};
  if (const auto got = (*probe)->ReadUpTo(first); !got.ok()) return got.status();
  Result<std::unique_ptr<ByteStream>> stream = OpenFile(path);
  if (!stream.ok()) return stream.status();
  return first[0] == kNpyMagic[0] ? ReadNpyLabels(**stream) : ReadIdxLabels(**stream);
}

Status AttachLabels(const Labels& labels, const Selection& selection, Records& records) {
  if (int64_t(labels.values.size()) != selection.total) {
    return Refuse(labels.name, fmt::format("{} labels for {} images; pass the labels file that belongs to them",
                                           labels.values.size(), selection.total));
  }
  const auto begin = labels.values.begin() + selection.begin;
  records.labels.assign(begin, begin + selection.count);
  records.classes = labels.classes;
  records.files.push_back(labels.name);
  return {};
}

}  // namespace colonnade::client
