// SPDX-License-Identifier: Apache-2.0
// An image and a result between the form of executors (channel-major) and that of a run
// (docs/machine_manual.md, section 6, Run): for each position, for each of its banks, 8 bytes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "server/machine/machine_program.h"

namespace colonnade::machine {

// What a run reads. `image` holds the bytes of tensor 0, channel-major. The bytes of a bank
// beyond the last channel are 0. INVALID_ARGUMENT when the image has another size.
absl::StatusOr<std::vector<uint8_t>> InputBytes(const MachineProgram& program, std::span<const uint8_t> image);

// What a run wrote, as executors give it: the accumulators of logits, else the q of the last
// tensor, channel-major. INVALID_ARGUMENT when there are not as many bytes as a run writes.
absl::StatusOr<std::vector<int32_t>> ResultsOf(const MachineProgram& program, std::span<const uint8_t> bytes);

// The bytes of a tensor, channel-major, out of an activation memory whose words (of
// limits.channels bytes) follow one another: for comparison after a step.
// REQUIRES: the memory has all words of `place`.
std::vector<uint8_t> BytesAt(const TensorPlace& place, int channels, std::span<const uint8_t> activations);

}  // namespace colonnade::machine
