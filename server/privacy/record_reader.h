// SPDX-License-Identifier: Apache-2.0
// Canonical records, as they come in.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/nn/network.h"
#include "server/sealed/key.h"

namespace colonnade::privacy {

// 128 bits of sealed::Fingerprint: enough that 10^8 records of a tenant never collide.
using RecordFingerprint = std::array<char, 16>;

// Cuts a stream of bytes into records, checks their labels and takes the fingerprints of
// their pixels. A record: a label, 4 bytes little-endian, below `classes` or 0xFFFFFFFF for
// none, then the pixels of `shape`, channel-major. Not thread-safe.
class RecordReader {
 public:
  RecordReader(const nn::Shape& shape, int classes, const sealed::Key& fingerprint_key);

  // Bytes in order, in pieces of any size. INVALID_ARGUMENT names the first record, from 0,
  // whose label does not fit; it quotes nothing of it.
  absl::Status Append(std::string_view bytes);

  int64_t record_bytes() const { return static_cast<int64_t>(record_bytes_); }
  int64_t records() const { return static_cast<int64_t>(fingerprints_.size()); }  // whole ones so far
  bool at_boundary() const { return partial_.empty(); }                           // no record begun
  bool labelled() const { return labelled_; }                                     // at least one record

  // Each once, in ascending order; nothing may be appended any more.
  std::vector<RecordFingerprint> TakeDistinct();

 private:
  absl::Status Take(std::string_view record);

  const size_t record_bytes_;
  const int classes_;
  const sealed::Key fingerprint_key_;
  std::string partial_;  // begin of a record
  std::vector<RecordFingerprint> fingerprints_;
  bool labelled_ = false;
};

}  // namespace colonnade::privacy
