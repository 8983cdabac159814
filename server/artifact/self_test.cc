// SPDX-License-Identifier: Apache-2.0
#include "server/artifact/self_test.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/base/status.h"

namespace colonnade::artifact {
namespace {

// One step of SplitMix64 (Steele, Lea, Flood 2014).
uint64_t SplitMix64(uint64_t& state) {
  state += 0x9e3779b97f4a7c15;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

std::vector<uint8_t> SelfTestImage(uint64_t seed, int64_t size) {
  std::vector<uint8_t> image(size);
  uint64_t word = 0;
  for (int64_t i = 0; i < size; ++i) {
    word = i % 8 == 0 ? SplitMix64(seed) : word >> 8;
    image[i] = static_cast<uint8_t>(word);
  }
  return image;
}

absl::StatusOr<std::vector<SelfTest>> MakeSelfTests(const array::ArrayProgram& program, uint64_t seed,
                                                    int count, const RunImage& run) {
  std::vector<SelfTest> tests;
  for (int i = 0; i < count; ++i) {
    SelfTest test{SplitMix64(seed), {}};
    COLONNADE_ASSIGN_OR_RETURN(test.expected, run(SelfTestImage(test.seed, program.tensors[0].shape.size())));
    tests.push_back(std::move(test));
  }
  return tests;
}

absl::Status RunSelfTests(const Artifact& artifact, const RunImage& run) {
  const int64_t size = artifact.program->tensors[0].shape.size();
  for (size_t i = 0; i < artifact.self_tests.size(); ++i) {
    const std::vector<int32_t>& expected = artifact.self_tests[i].expected;
    COLONNADE_ASSIGN_OR_RETURN(const std::vector<int32_t> actual,
                               run(SelfTestImage(artifact.self_tests[i].seed, size)));
    const auto [e, a] = std::mismatch(expected.begin(), expected.end(), actual.begin(), actual.end());
    if (e == expected.end() && a == actual.end()) continue;
    return absl::DataLossError(fmt::format("self-test {} of artifact '{}' differs at element {}", i,
                                           artifact.manifest.name, e - expected.begin()));
  }
  return absl::OkStatus();
}

}  // namespace colonnade::artifact
