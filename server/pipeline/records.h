// SPDX-License-Identifier: Apache-2.0
// Canonical records, decrypted, to samples.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "colonnade/worker/v1/worker.pb.h"
#include "server/training/samples.h"

namespace colonnade::pipeline {

// `bytes` holds file.records() records: a little-endian uint32 label (0xFFFFFFFF: none)
// and the pixels, channel-major. A normalization of one value holds for all channels;
// none at all means x = pixel / 255. DATA_LOSS when the length or a label contradicts
// `file`. Errors quote nothing of a record.
absl::StatusOr<training::Samples> ParseRecords(std::string_view bytes, const worker::v1::DataFile& file);

}  // namespace colonnade::pipeline
