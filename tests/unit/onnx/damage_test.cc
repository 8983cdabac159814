// SPDX-License-Identifier: Apache-2.0
// Damaged files: cut at every byte, bits flipped, two files spliced. Whatever
// comes out is a status, never a crash, and an accepted network is sound.
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/onnx/export.h"
#include "server/onnx/import.h"
#include "server/onnx/limits.h"
#include "server/onnx/scan_wire.h"
#include "tests/support/random_network.h"
#include "tests/unit/onnx/model_builder.h"

namespace colonnade::onnx {
namespace {

constexpr int kMutations = 20'000;

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds = {SmallModel().Bytes()};
  for (int i = 0; i < 4; ++i) {
    seeds.push_back(
        ExportOnnx(RandomNetwork(i, {.blocks = 2, .batch_norms = i % 2 == 0, .softmax = i % 2 == 1})));
  }
  return seeds;
}

TEST(Damage, EveryPrefixIsInvalid) {
  for (const std::string& seed : Seeds()) {
    ASSERT_TRUE(ImportOnnx(seed).ok());
    for (size_t length = 0; length < seed.size(); ++length) {
      const Examination examination = ExamineOnnx(std::string_view(seed).substr(0, length));
      ASSERT_EQ(examination.status.code(), absl::StatusCode::kInvalidArgument)
          << length << " " << examination.status;
      ASSERT_TRUE(examination.imported.network.layers.empty());
    }
  }
}

TEST(Damage, MutationsNeverCrash) {
  const std::vector<std::string> seeds = Seeds();
  std::mt19937_64 random(20);
  int accepted = 0;
  for (int i = 0; i < kMutations; ++i) {
    std::string bytes = seeds[random() % seeds.size()];
    if (random() % 8 == 0) {
      const std::string& other = seeds[random() % seeds.size()];
      bytes = bytes.substr(0, random() % bytes.size()) + other.substr(random() % other.size());
    }
    // The weights fill most of a file; its structure is where damage matters.
    const size_t reach = random() % 2 ? bytes.size() : std::min<size_t>(bytes.size(), 600);
    for (uint64_t flips = 1 + random() % 8; flips > 0; --flips)
      bytes[random() % reach] ^= char(1 << random() % 8);
    Examination examination = ExamineOnnx(bytes);
    if (!examination.status.ok()) continue;
    ++accepted;
    EXPECT_TRUE(nn::InferShapes(examination.imported.network).ok());
  }
  EXPECT_GT(accepted, kMutations / 100) << "mutations no longer reach the importer";
  EXPECT_LT(accepted, kMutations);
}

TEST(Damage, WireLimitsHoldAtTheBoundary) {
  const std::string field("\x08\x07", 2);  // ir_version = 7
  std::string bytes;
  for (int i = 0; i < kMaxWireFields; ++i) bytes += field;
  EXPECT_TRUE(ScanWire(bytes).ok());
  EXPECT_EQ(ScanWire(bytes + field).code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace colonnade::onnx
