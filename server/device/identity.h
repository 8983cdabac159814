// SPDX-License-Identifier: Apache-2.0
// Whether a device is what a program was made for.
#pragma once

#include "absl/status/status.h"
#include "server/array/array_config.h"
#include "server/device/device.h"

namespace colonnade::device {

// FAILED_PRECONDITION when the device is none of ours, speaks another major version of the
// registers, or was built for another array configuration; the last names both configurations,
// and the digests, by which they are compared.
absl::Status CheckIdentity(const Device& device, const array::ArrayConfig& config);

}  // namespace colonnade::device
