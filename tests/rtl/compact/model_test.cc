// SPDX-License-Identifier: Apache-2.0
// Programs lowered for the compact machine, on its model: logits are the reference executor's.
#include <gtest/gtest.h>

#include "server/machine/compact_lower.h"
#include "tests/rtl/compact/compact_run.h"
#include "tests/support/compact_model.h"
#include "tests/support/compact_network.h"
#include "tests/support/random_packed.h"
#include "tests/support/require.h"
#include "tests/support/shared_network.h"

namespace colonnade {
namespace {

using machine::CompactImage;

std::vector<int32_t> RunModel(const CompactImage& compact, const std::vector<uint8_t>& image, int64_t* cycles) {
  CompactModel model(compact.program);
  const std::vector<uint16_t> input = Require(CompactInput(compact, image));
  for (size_t i = 0; i < input.size(); ++i) {
    model.word(compact.input.bank, compact.input.base * machine::kCompactPositionWords + int(i)) = input[i];
  }
  model.Run();
  *cycles = model.cycles();
  std::vector<uint16_t> words;
  for (int i = 0; i < CompactResultWords(compact); ++i) {
    words.push_back(model.word(compact.result_bank, compact.result_base * machine::kCompactPositionWords + i));
  }
  return Require(CompactResults(compact, words));
}

void ExpectSameLogits(const std::shared_ptr<const array::ArrayProgram>& program, const CompactImage& compact,
                      const std::vector<uint8_t>& image) {
  int64_t cycles = 0;
  EXPECT_EQ(RunModel(compact, image, &cycles), ReferenceLogits(program, image));
  EXPECT_EQ(cycles, compact.cycles);
}

TEST(CompactModel, RunsRandomNetworksAsTheReferenceDoes) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    const auto program = RandomCompactProgram(seed);
    const auto compact = machine::LowerCompact(*program);
    ASSERT_TRUE(compact.ok()) << compact.status();
    ExpectSameLogits(program, *compact, RandomBytes(program->tensors[0].shape.size(), seed));
  }
}

TEST(CompactModel, RunsResNet20) {
  const auto data = SharedData();
  if (!data) GTEST_SKIP() << "COLONNADE_DATA is not set: no shared networks";
  const auto program = PackedResNet20(*data);
  const auto compact = machine::LowerCompact(*program);
  ASSERT_TRUE(compact.ok()) << compact.status();
  RecordProperty("program", static_cast<int>(compact->program.size()));
  RecordProperty("cycles", std::to_string(compact->cycles));
  for (const std::vector<uint8_t>& image : TestImages(*data, *program, 2)) ExpectSameLogits(program, *compact, image);
}

}  // namespace
}  // namespace colonnade
