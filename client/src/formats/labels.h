// SPDX-License-Identifier: Apache-2.0
// Labels that lie apart from their images.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/src/formats/byte_stream.h"
#include "client/src/formats/selection.h"

namespace colonnade::client {

struct Labels {
  std::string name;  // where they were read
  std::vector<uint32_t> values;
  int classes = 0;  // 1 + the largest
};

// All labels of an IDX file, plain or gzip, or of a .npy file; told apart by content.
Result<Labels> ReadLabels(const std::string& path);

// The labels of a NumPy array: integers 0 to 65,535 of shape [n] or [n, 1].
Result<Labels> ReadNpyLabels(ByteStream& stream);

// Gives the selected records their labels. INVALID_ARGUMENT when there are not as many
// labels as images.
Status AttachLabels(const Labels& labels, const Selection& selection, Records& records);

}  // namespace colonnade::client
