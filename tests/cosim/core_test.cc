// SPDX-License-Identifier: Apache-2.0
// Random programs on the Verilated machine core give the reference's tensors in the predicted
// number of cycles.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "server/compiler/compile.h"
#include "server/machine/lower.h"
#include "tests/cosim/core_cosim.h"
#include "tests/support/random_packed.h"

namespace colonnade::rtl {
namespace {

constexpr int kFewPrograms = 12;          // per core
constexpr int64_t kLongestRun = 150'000;  // cycles; longer ones are left out, not cut short

int ProgramsPerCore() {
  const char* programs = std::getenv("COLONNADE_COSIM_PROGRAMS");
  return programs == nullptr ? kFewPrograms : std::atoi(programs);
}

struct Lowered {
  std::shared_ptr<const array::ArrayProgram> program;
  machine::MachineProgram machine;
};

class Core : public testing::TestWithParam<MachineShape> {
 protected:
  // The seed's program; nothing when this core cannot run it.
  static std::optional<Lowered> Make(uint64_t seed) {
    const RandomPacked random = RandomPackedNetwork(seed, {.for_machine = true, .config = GetParam().config});
    auto program = compiler::Compile(random.network, random.groupings, random.config);
    EXPECT_TRUE(program.ok()) << program.status();
    auto lowered = machine::Lower(*program, LimitsOf(GetParam()));
    if (!lowered.ok() || lowered->cycles.total() > kLongestRun) return std::nullopt;
    return Lowered{std::make_shared<const array::ArrayProgram>(*std::move(program)), *std::move(lowered)};
  }
};

TEST_P(Core, RunsProgramsAsTheReferenceAndAsPredicted) {
  CoreCosim cosim(GetParam());
  uint64_t seed = 0;
  for (int run = 0; run < ProgramsPerCore(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const auto lowered = Make(seed);
    if (!lowered) continue;
    cosim.Load(lowered->program, lowered->machine);
    const auto image = RandomBytes(lowered->program->tensors[0].shape.size(), seed);
    const auto divergence = cosim.FirstDivergence(image);
    ASSERT_FALSE(divergence.has_value()) << ToString(*divergence);
    ASSERT_EQ(cosim.WrongCounter(image, seed % 3 == 0 ? 3 : 0), "");
    ++run;
  }
  RecordProperty("left_out", static_cast<int>(seed) - ProgramsPerCore());
}

// The last row of the first step's first tile, column 0: a wrong magnitude there shows where it is.
TEST_P(Core, NamesWhereAFaultShows) {
  CoreCosim cosim(GetParam());
  for (uint64_t seed = 0;; ++seed) {
    const auto lowered = Make(seed);
    if (!lowered || lowered->machine.sources.size() < 2) continue;
    const auto* step = std::get_if<array::MatrixStep>(&lowered->program->steps[0].operation);
    if (step == nullptr || step->is_logits) continue;
    cosim.Load(lowered->program, lowered->machine);
    const auto image = RandomBytes(lowered->program->tensors[0].shape.size(), 4);
    cosim.Corrupt(machine::MemoryId::kRows, 0, 25);  // the first row's bias
    const auto divergence = cosim.FirstDivergence(image);
    if (!divergence) continue;  // the output is saturated either way
    EXPECT_EQ(divergence->layer, lowered->program->steps[0].name);
    EXPECT_EQ(divergence->channel, 0);
    EXPECT_EQ(divergence->row, 0);
    EXPECT_NE(divergence->expected, divergence->found);
    EXPECT_LT(divergence->cycle, step->cycles.total());
    return;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Core, testing::ValuesIn(MachineShapes()), [](const auto& info) {
  std::string name = array::Name(info.param.config);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace colonnade::rtl
