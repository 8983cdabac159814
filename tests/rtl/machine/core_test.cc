// SPDX-License-Identifier: Apache-2.0
// The machine core does what steps say in plain integer arithmetic, touches nothing else, and takes as
// many cycles as the closed forms say: docs/machine_manual.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rtl/machine/core_bench.h"
#include "tests/rtl/machine/random_program.h"

namespace colonnade::rtl {
namespace {

class RtlMachineCore : public ::testing::TestWithParam<MachineShape> {
 protected:
  void SetUp() override { bench_ = std::make_unique<CoreBench>(GetParam(), 1); }

  void ExpectAsSpecified(RandomProgram& program, int stalls = 0) {
    program.Finish();
    bench_->Load(program.image());
    const CoreRun run = bench_->Run(program.input(), stalls);
    ASSERT_FALSE(run.timed_out);
    ASSERT_EQ(run.input_words * 8, program.input().size());
    ASSERT_EQ(run.output.size(), run.output_words);
    ExpectResult(program, run);
    ExpectCycles(program, run);
  }

  const MachineShape& shape() const { return GetParam(); }

 private:
  static void ExpectResult(const RandomProgram& program, const CoreRun& run) {
    if (program.gives_logits()) {
      for (size_t i = 0; i < program.logits().size(); ++i) {
        ASSERT_EQ(static_cast<int32_t>(run.output[i / 2] >> i % 2 * 32), program.logits()[i]) << "logit " << i;
      }
      return;
    }
    const size_t channels = program.shape().channels;
    for (size_t i = 0; i < program.memory().size(); ++i) {
      ASSERT_EQ(int(run.output[i / 8] >> i % 8 * 8 & 255), int(program.memory()[i]))
          << "position " << i / channels << ", byte " << i % channels;
    }
  }

  static void ExpectCycles(const RandomProgram& program, const CoreRun& run) {
    const array::Cycles& array = program.array_cycles();
    const std::vector<int64_t> counted(run.cycles.begin(), run.cycles.begin() + 7);
    ASSERT_THAT(counted, ::testing::ElementsAre(array.fill, array.stream, array.drain, array.weight_load, array.stall,
                                                program.vector_cycles(), program.control_cycles()));
    int64_t sum = 0;
    for (const int64_t cycles : run.cycles) sum += cycles;
    ASSERT_EQ(sum, run.total_cycles);
  }

  std::unique_ptr<CoreBench> bench_;
};

TEST_P(RtlMachineCore, OneMatrixStep) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    RandomProgram program(shape(), seed);
    program.AddMatrixStep(/*has_residual=*/false, /*is_logits=*/false);
    ExpectAsSpecified(program);
    if (HasFatalFailure()) return;
  }
}

TEST_P(RtlMachineCore, ResidualsAreAdded) {
  for (uint64_t seed = 100; seed < 140; ++seed) {
    SCOPED_TRACE(seed);
    RandomProgram program(shape(), seed);
    program.AddMatrixStep(/*has_residual=*/true, /*is_logits=*/false);
    ExpectAsSpecified(program);
    if (HasFatalFailure()) return;
  }
}

TEST_P(RtlMachineCore, LogitsGoToTheResults) {
  for (uint64_t seed = 200; seed < 220; ++seed) {
    SCOPED_TRACE(seed);
    RandomProgram program(shape(), seed);
    program.AddMatrixStep(/*has_residual=*/seed % 2 == 1, /*is_logits=*/true);
    ExpectAsSpecified(program, /*stalls=*/3);
    if (HasFatalFailure()) return;
  }
}

TEST_P(RtlMachineCore, OneVectorStep) {
  for (const auto kind : {VectorKind::kMove, VectorKind::kMaximum, VectorKind::kAverage, VectorKind::kAdd}) {
    for (uint64_t seed = 300; seed < 330; ++seed) {
      SCOPED_TRACE(::testing::Message() << "kind " << int(kind) << ", seed " << seed);
      RandomProgram program(shape(), seed);
      program.AddVectorStep(kind);
      ExpectAsSpecified(program);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(RtlMachineCore, RandomPrograms) {
  for (uint64_t seed = 400; seed < 440; ++seed) {
    SCOPED_TRACE(seed);
    RandomProgram program(shape(), seed);
    for (uint64_t i = 0; i < 4; ++i) {
      if ((seed >> i & 1) == 0) program.AddVectorStep(VectorKind(1 + (seed + i) % 4));
      else program.AddMatrixStep(/*has_residual=*/seed % 3 == i % 3, /*is_logits=*/i == 3 && seed % 5 == 0);
    }
    ExpectAsSpecified(program, /*stalls=*/static_cast<int>(seed % 6));
    if (HasFatalFailure()) return;
  }
}

std::string TestName(const ::testing::TestParamInfo<MachineShape>& info) {
  std::string name = array::Name(info.param.config) + "k" + std::to_string(info.param.channels);
  std::erase_if(name, [](char c) { return c == '-' || c == '_'; });
  return name;
}

INSTANTIATE_TEST_SUITE_P(, RtlMachineCore, ::testing::ValuesIn(MachineShapes()), TestName);

}  // namespace
}  // namespace colonnade::rtl
