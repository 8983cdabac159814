// SPDX-License-Identifier: Apache-2.0
#include "client/src/formats/idx.h"

#include <fmt/format.h>

#include <array>

#include "client/src/formats/errors.h"
#include "client/src/formats/selection.h"

namespace colonnade::client {
namespace {

constexpr int kUnsignedBytes = 8;

const char* NameOf(int kind) { return kind == IdxHeader::kImages ? "images" : "labels"; }

Status CheckMagic(const std::string& name, std::span<const uint8_t> magic, IdxHeader::Kind kind) {
  if (magic[0] != 0 || magic[1] != 0) {
    return Refuse(name, fmt::format("no IDX file: it begins with {:02x} {:02x}, not 00 00", magic[0], magic[1]));
  }
  if (magic[2] != kUnsignedBytes) {
    return Refuse(
        name, fmt::format("values of IDX type {:#04x} at byte 2; only unsigned bytes (0x08) can be read", magic[2]));
  }
  if (magic[3] == kind) return {};
  const int other = kind == IdxHeader::kImages ? IdxHeader::kLabels : IdxHeader::kImages;
  if (magic[3] == other) {
    return Refuse(name, fmt::format("holds {}; pass the file of the {}", NameOf(other), NameOf(kind)));
  }
  return Refuse(name, fmt::format("{} dimensions at byte 3; {} have {}", magic[3], NameOf(kind), int(kind)));
}

}  // namespace

Result<IdxHeader> ReadIdxHeader(ByteStream& stream, IdxHeader::Kind kind) {
  std::array<uint8_t, 4> bytes;
  if (Status status = stream.Read(bytes); !status.ok()) return status;
  if (Status status = CheckMagic(stream.name(), bytes, kind); !status.ok()) return status;
  std::array<int64_t, 3> sides = {};
  for (int i = 0; i < int(kind); ++i) {
    if (Status status = stream.Read(bytes); !status.ok()) return status;
    for (const uint8_t byte : bytes) sides[size_t(i)] = sides[size_t(i)] << 8 | byte;
  }
  if (sides[0] >= 1 && sides[0] <= kMaxRecords) return IdxHeader{sides[0], sides[1], sides[2]};
  return Refuse(stream.name(), fmt::format("{} {} at byte 4; must be 1 to {}", sides[0], NameOf(kind), kMaxRecords));
}

}  // namespace colonnade::client
