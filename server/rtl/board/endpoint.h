// SPDX-License-Identifier: Apache-2.0
// What a board shares with its client.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/device/mapping.h"
#include "server/rtl/board/interrupt_line.h"

namespace colonnade::rtl {

struct Endpoint {
  device::Mapping registers, buffer;
  std::unique_ptr<InterruptLine> line;
};

// Descriptors 3 to 5, from the process that started this one. FAILED_PRECONDITION when they are
// not what they should be.
absl::StatusOr<Endpoint> EndpointOfParent();

// The files of device/uio_device.h below `folder`, made anew, with a buffer of that many bytes.
// Memory is not what a processor's cache could hold back here, so the buffer is "coherent" unless
// told otherwise; then clients write to the sync files, and nothing follows.
absl::StatusOr<Endpoint> EndpointInFolder(const std::string& folder, size_t buffer_bytes, bool coherent);

}  // namespace colonnade::rtl
