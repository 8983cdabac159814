// SPDX-License-Identifier: Apache-2.0
// Golden vectors: recorded when an artifact is made, run again whenever it is loaded,
// so that a miscompiled kernel or a faulty machine is noticed before it serves.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "server/artifact/artifact.h"

namespace colonnade::artifact {

// `size` bytes of SplitMix64 from `seed`: eight bytes per step, low byte first. Part
// of the file format.
std::vector<uint8_t> SelfTestImage(uint64_t seed, int64_t size);

// Runs one image, the bytes of tensor 0, and returns the result: ArrayExecutor::Run
// of the artifact's program.
using RunImage = std::function<absl::StatusOr<std::vector<int32_t>>(std::span<const uint8_t>)>;

// `count` golden vectors, with seeds derived from `seed`.
absl::StatusOr<std::vector<SelfTest>> MakeSelfTests(const array::ArrayProgram& program, uint64_t seed,
                                                    int count, const RunImage& run);

// DATA_LOSS naming the first vector and element whose result differs.
absl::Status RunSelfTests(const Artifact& artifact, const RunImage& run);

}  // namespace colonnade::artifact
