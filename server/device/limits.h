// SPDX-License-Identifier: Apache-2.0
// How much a device can hold, and whether that is enough.
#pragma once

#include "absl/status/status.h"
#include "server/device/device.h"
#include "server/machine/device_limits.h"

namespace colonnade::device {

machine::DeviceLimits ReadLimits(const Device& device);

// RESOURCE_EXHAUSTED names what a device that has `has` is too small for, with both numbers. The
// channels of a word are part of what a program is made for: FAILED_PRECONDITION when they differ.
absl::Status CheckFits(const machine::DeviceLimits& needs, const machine::DeviceLimits& has);

}  // namespace colonnade::device
