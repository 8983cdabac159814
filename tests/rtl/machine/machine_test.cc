// SPDX-License-Identifier: Apache-2.0
// The machine on its bus: registers, clear, load and run, errors, resets. docs/machine_manual.md,
// section 6.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/rtl/machine/machine_bench.h"
#include "tests/rtl/machine/random_program.h"

namespace colonnade::rtl {
namespace {

enum Error : uint32_t { kNone, kUnknown, kNotClear, kBadSection, kBadCrc, kNotLoaded, kBadSize, kBus };

uint32_t Bytes(const std::vector<uint64_t>& words) { return static_cast<uint32_t>(words.size() * 8); }

// Words of the stream up to the end of each section.
std::vector<size_t> SectionEnds(const ProgramImage& image) {
  std::vector<size_t> ends;
  size_t words = 0;
  for (const auto& memory : image.memories) {
    if (memory.empty()) continue;
    words += 1 + memory.size() * memory.front().beats().size();
    ends.push_back(words);
  }
  return ends;
}

class RtlMachine : public ::testing::Test {
 protected:
  static RandomProgram MatrixProgram(uint64_t seed, bool is_logits = false) {
    RandomProgram program(MachineBench::shape(), seed);
    program.AddMatrixStep(/*has_residual=*/true, is_logits);
    program.Finish();
    return program;
  }

  uint32_t ClearAndLoad(const std::vector<uint64_t>& program) {
    EXPECT_EQ(bench_.Do(kClear), kNone);
    bench_.PutProgram(program);
    return bench_.Do(kLoad, Bytes(program), 0, Crc32(program));
  }

  static uint32_t OutputBytes(const RandomProgram& program) {
    return static_cast<uint32_t>(program.gives_logits() ? (program.logits().size() + 1) / 2 * 8
                                                        : program.memory().size());
  }

  uint32_t Run(const RandomProgram& program) {
    bench_.PutInput(program.input());
    return bench_.Do(kRun, static_cast<uint32_t>(program.input().size()), OutputBytes(program));
  }

  std::vector<uint64_t> Output(const RandomProgram& program) {
    const auto* words = bench_.memory().words().data() + MachineBench::kOutputAt / 8;
    return {words, words + OutputBytes(program) / 8};
  }

  static std::vector<uint64_t> ExpectedOutput(const RandomProgram& program) {
    std::vector<uint64_t> words(OutputBytes(program) / 8);
    for (size_t i = 0; !program.gives_logits() && i < program.memory().size(); ++i) {
      words[i / 8] |= uint64_t{program.memory()[i]} << i % 8 * 8;
    }
    for (size_t i = 0; i < program.logits().size() && program.gives_logits(); ++i) {
      words[i / 2] |= uint64_t{static_cast<uint32_t>(program.logits()[i])} << i % 2 * 32;
    }
    return words;
  }

  void ExpectRuns(const RandomProgram& program) {
    ASSERT_EQ(Run(program), kNone);
    ASSERT_EQ(Output(program), ExpectedOutput(program));
  }

  void TearDown() override {
    EXPECT_EQ(bench_.memory().complaint(), "");
    EXPECT_FALSE(bench_.timed_out());
  }

  MachineBench bench_{7};
};

TEST_F(RtlMachine, SaysWhatItIs) {
  EXPECT_EQ(bench_.Read(kIdentification), 0x4e4c4f43u);
  EXPECT_EQ(bench_.Read(kVersion), 0x00010000u);
  EXPECT_EQ(bench_.Read(kDigestLow), 0x89abcdefu);
  EXPECT_EQ(bench_.Read(kDigestHigh), 0x01234567u);
  EXPECT_EQ(bench_.Read(kChannels), 16u);
  EXPECT_EQ(bench_.Read(kPositions), 64u);
  for (int id = 1; id < 8; ++id) {
    EXPECT_EQ(bench_.Read(kDepths + 4 * (id - 1)), uint32_t(MemoryWords(MachineBench::shape(), id))) << id;
  }
  EXPECT_EQ(bench_.Read(kPixels), 64u);
  EXPECT_EQ(bench_.Read(kTiles), 32u);
}

TEST_F(RtlMachine, RegistersKeepWhatIsWritten) {
  for (const int offset : {0x50, 0x54, 0x58, 0x5c, 0x60, 0x64, 0x68, 0x6c}) {
    bench_.Write(offset, 0x1000u + static_cast<uint32_t>(offset));
  }
  for (const int offset : {0x50, 0x54, 0x58, 0x5c, 0x60, 0x64, 0x68, 0x6c}) {
    EXPECT_EQ(bench_.Read(offset), 0x1000u + static_cast<uint32_t>(offset));
  }
  bench_.Write(0x50, 0xffff, /*strobes=*/3);
  EXPECT_EQ(bench_.Read(0x50), 0x1050u);
}

TEST_F(RtlMachine, HeartbeatCountsClockCycles) {
  const uint32_t before = bench_.Read(kHeartbeat);
  bench_.Cycles(10 * 1024);
  EXPECT_EQ(bench_.Read(kHeartbeat), before + 10);
}

TEST_F(RtlMachine, RunsAProgram) {
  const RandomProgram program = MatrixProgram(1);
  EXPECT_EQ(bench_.Read(kStatus), 0u);
  ASSERT_EQ(ClearAndLoad(Serialize(program.image())), kNone);
  EXPECT_EQ(bench_.Read(kStatus), kIsLoaded);
  ExpectRuns(program);
  ExpectRuns(program);
}

TEST_F(RtlMachine, RunsProgramsOnASlowBus) {
  for (uint64_t seed = 10; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    bench_.memory().set_stalls(static_cast<int>(seed % 7));
    const RandomProgram program = MatrixProgram(seed, /*is_logits=*/seed % 2 == 1);
    ASSERT_EQ(ClearAndLoad(Serialize(program.image())), kNone);
    ExpectRuns(program);
  }
}

TEST_F(RtlMachine, CountsCyclesAndChecksums) {
  const RandomProgram program = MatrixProgram(2);
  const auto stream = Serialize(program.image());
  ASSERT_EQ(ClearAndLoad(stream), kNone);
  EXPECT_EQ(bench_.Read(kSourceCrc), Crc32(stream));
  ExpectRuns(program);
  EXPECT_EQ(bench_.Read(kTargetCrc), Crc32(Output(program)));
  const array::Cycles& cycles = program.array_cycles();
  EXPECT_EQ(bench_.Read(kCycles), cycles.fill);
  EXPECT_EQ(bench_.Read(kCycles + 4), cycles.stream);
  EXPECT_EQ(bench_.Read(kCycles + 8), cycles.drain);
  EXPECT_EQ(bench_.Read(kCycles + 12), cycles.weight_load);
  EXPECT_EQ(bench_.Read(kCycles + 16), cycles.stall);
  EXPECT_EQ(bench_.Read(kCycles + 24), program.control_cycles());
}

TEST_F(RtlMachine, InterruptsWhenACommandEnds) {
  bench_.Do(kClear);
  EXPECT_FALSE(bench_.interrupt());
  bench_.Write(kInterruptEnable, 1);
  EXPECT_TRUE(bench_.interrupt());
  bench_.Write(kInterruptPending, 1);
  EXPECT_FALSE(bench_.interrupt());
  bench_.Do(kClear);
  EXPECT_TRUE(bench_.interrupt());
}

TEST_F(RtlMachine, OnlyTheNextIndexSubmits) {
  bench_.Write(kCommand, kClear);
  bench_.Write(kSubmit, 2);
  bench_.Write(kSubmit, 0);
  EXPECT_EQ(bench_.Read(kStatus) & kBusy, 0u);
  EXPECT_EQ(bench_.Do(kClear), kNone);
  EXPECT_EQ(bench_.Read(kCompletion), 1u);
}

TEST_F(RtlMachine, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(bench_.Do(Command(0)), kUnknown);
  EXPECT_EQ(bench_.Do(Command(4)), kUnknown);
  EXPECT_EQ(bench_.Do(Command(0x103)), kUnknown);
}

TEST_F(RtlMachine, LoadsOnlyIntoClearMemories) {
  const auto stream = Serialize(MatrixProgram(3).image());
  bench_.PutProgram(stream);
  EXPECT_EQ(bench_.Do(kLoad, Bytes(stream), 0, Crc32(stream)), kNotClear);
  EXPECT_EQ(ClearAndLoad(stream), kNone);
  EXPECT_EQ(bench_.Do(kLoad, Bytes(stream), 0, Crc32(stream)), kNotClear);
  EXPECT_EQ(bench_.Read(kStatus), kIsLoaded);
}

TEST_F(RtlMachine, WrongChecksumLoadsNothing) {
  auto stream = Serialize(MatrixProgram(4).image());
  const uint32_t crc = Crc32(stream);
  stream[5] ^= 1u << 20;
  ASSERT_EQ(bench_.Do(kClear), kNone);
  bench_.PutProgram(stream);
  EXPECT_EQ(bench_.Do(kLoad, Bytes(stream), 0, crc), kBadCrc);
  EXPECT_EQ(bench_.Read(kStatus), 0u);
  EXPECT_EQ(bench_.Do(kRun, 8, 8), kNotLoaded);
}

TEST_F(RtlMachine, RefusesSectionsThatAreCutOff) {
  const auto whole = Serialize(MatrixProgram(5).image());
  const std::vector<size_t> ends = SectionEnds(MatrixProgram(5).image());
  for (size_t words = 1; words < whole.size(); words += 3) {
    const std::vector<uint64_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(words));
    const uint32_t error = ClearAndLoad(cut);
    const bool ends_a_section = std::count(ends.begin(), ends.end(), words) == 1;
    EXPECT_EQ(error, ends_a_section ? kNone : kBadSection) << words;
  }
}

TEST_F(RtlMachine, RefusesSectionsOfWhatDoesNotExist) {
  const auto section = [](uint64_t memory, uint64_t first, uint64_t words) {
    return memory | first << 8 | words << 32;
  };
  EXPECT_EQ(ClearAndLoad({section(4, 127, 1), 0}), kNone);
  EXPECT_EQ(ClearAndLoad({section(0, 0, 1), 0}), kBadSection);
  EXPECT_EQ(ClearAndLoad({section(7, 0, 1), 0}), kBadSection);
  EXPECT_EQ(ClearAndLoad({section(8, 0, 1), 0}), kBadSection);
  EXPECT_EQ(ClearAndLoad({section(0x14, 0, 1), 0}), kBadSection);
  EXPECT_EQ(ClearAndLoad({section(4, 0, 0), 0}), kBadSection);
  EXPECT_EQ(ClearAndLoad({section(4, 128, 1), 0}), kBadSection);
  EXPECT_EQ(ClearAndLoad({section(4, 127, 2), 0, 0}), kBadSection);
  EXPECT_EQ(ClearAndLoad({section(4, 0xffffff, 2), 0, 0}), kBadSection);
  EXPECT_EQ(ClearAndLoad({section(4, 0, 0xffffffff), 0, 0}), kBadSection);
  EXPECT_EQ(bench_.Read(kStatus), 0u);
}

TEST_F(RtlMachine, RefusesProgramsThatAreNoWords) {
  ASSERT_EQ(bench_.Do(kClear), kNone);
  EXPECT_EQ(bench_.Do(kLoad, 0, 0, 0), kBadSection);
  EXPECT_EQ(bench_.Do(kLoad, 12, 0, 0), kBadSection);
  EXPECT_EQ(bench_.Read(kStatus), kIsClear);
}

TEST_F(RtlMachine, RefusesBuffersOfOtherSizes) {
  const RandomProgram program = MatrixProgram(6);
  ASSERT_EQ(ClearAndLoad(Serialize(program.image())), kNone);
  const auto input = static_cast<uint32_t>(program.input().size());
  const uint32_t output = OutputBytes(program);
  for (const int wrong : {-8, -1, 1, 8}) {
    EXPECT_EQ(bench_.Do(kRun, input + static_cast<uint32_t>(wrong), output), kBadSize);
    EXPECT_EQ(bench_.Do(kRun, input, output + static_cast<uint32_t>(wrong)), kBadSize);
  }
  ExpectRuns(program);
}

TEST_F(RtlMachine, BusErrorsWhileLoading) {
  const RandomProgram program = MatrixProgram(7);
  const auto stream = Serialize(program.image());
  for (const uint64_t at : {uint64_t{0}, uint64_t{8}, uint64_t{200}}) {
    bench_.memory().set_bad_address(MachineBench::kProgramAt + at);
    EXPECT_EQ(ClearAndLoad(stream), kBus);
    EXPECT_EQ(bench_.Read(kStatus), 0u);
  }
  bench_.memory().set_bad_address(~uint64_t{0});
  ASSERT_EQ(ClearAndLoad(stream), kNone);
  ExpectRuns(program);
}

TEST_F(RtlMachine, BusErrorsWhileRunning) {
  const RandomProgram program = MatrixProgram(8);
  ASSERT_EQ(ClearAndLoad(Serialize(program.image())), kNone);
  for (const uint64_t at : {MachineBench::kInputAt, MachineBench::kInputAt + 500, MachineBench::kOutputAt,
                            MachineBench::kOutputAt + 128, MachineBench::kOutputAt + program.memory().size() - 8}) {
    bench_.memory().set_stalls(static_cast<int>(at / 8 % 4));
    bench_.memory().set_bad_address(at);
    EXPECT_EQ(Run(program), kBus) << at;
    EXPECT_TRUE(bench_.memory().quiet());
  }
  bench_.memory().set_bad_address(~uint64_t{0});
  ExpectRuns(program);
}

TEST_F(RtlMachine, ResetAtAnyTimeLeavesAMachineThatWorks) {
  const RandomProgram program = MatrixProgram(9);
  const auto stream = Serialize(program.image());
  for (int cycles = 0; cycles < 3000; cycles += 61) {
    SCOPED_TRACE(cycles);
    bench_.memory().set_stalls(cycles % 5);
    ASSERT_EQ(ClearAndLoad(stream), kNone);
    bench_.PutInput(program.input());
    bench_.Submit(kRun, static_cast<uint32_t>(program.input().size()), OutputBytes(program));
    bench_.Cycles(cycles);
    bench_.Reset();
    ASSERT_TRUE(bench_.memory().quiet());
    ASSERT_EQ(bench_.Read(kStatus), 0u);
    ASSERT_EQ(bench_.Read(kCompletion), 0u);
    ASSERT_EQ(bench_.Do(kRun, 8, 8), kNotLoaded);
  }
  ASSERT_EQ(ClearAndLoad(stream), kNone);
  ExpectRuns(program);
}

TEST_F(RtlMachine, ResetWhileClearingOrLoading) {
  const RandomProgram program = MatrixProgram(12);
  const auto stream = Serialize(program.image());
  bench_.PutProgram(stream);
  for (int cycles = 0; cycles < 600; cycles += 37) {
    SCOPED_TRACE(cycles);
    bench_.memory().set_stalls(cycles % 5);
    bench_.Submit(kClear, 0, 0);
    bench_.Cycles(cycles);
    bench_.Reset();
    ASSERT_EQ(bench_.Read(kStatus), 0u);
    ASSERT_EQ(bench_.Do(kClear), kNone);
    bench_.Submit(kLoad, Bytes(stream), 0, Crc32(stream));
    bench_.Cycles(cycles);
    bench_.Reset();
    ASSERT_TRUE(bench_.memory().quiet());
    ASSERT_EQ(bench_.Read(kStatus), 0u);
  }
  ASSERT_EQ(ClearAndLoad(stream), kNone);
  ExpectRuns(program);
}

TEST_F(RtlMachine, PowerOnAfterARunStartsAnew) {
  const RandomProgram program = MatrixProgram(13);
  ASSERT_EQ(ClearAndLoad(Serialize(program.image())), kNone);
  ExpectRuns(program);
  bench_.PowerOn();
  EXPECT_EQ(bench_.Read(kStatus), 0u);
  EXPECT_EQ(bench_.Read(kCompletion), 0u);
  EXPECT_EQ(bench_.Do(kRun, 8, 8), kNotLoaded);
}

TEST_F(RtlMachine, AnswersStayUntilTheHostTakesThem) {
  bench_.Write(kSource, 0x12345678);
  for (int wait = 0; wait < 5; ++wait) {
    bench_.set_host_waits(wait);
    bench_.Write(kSource + 4, 0x1000u + static_cast<uint32_t>(wait));
    EXPECT_EQ(bench_.Read(kSource), 0x12345678u);
    EXPECT_EQ(bench_.Read(kSource + 4), 0x1000u + static_cast<uint32_t>(wait));
  }
}

TEST_F(RtlMachine, ClearLeavesNothingOfTheTenantBefore) {
  const RandomProgram program = MatrixProgram(11);
  ASSERT_EQ(ClearAndLoad(Serialize(program.image())), kNone);
  ExpectRuns(program);
  // A program of one step of one zero tile, whose input is one word: what else it gives was there before.
  ProgramImage nothing = program.image();
  for (int id : {1, 2, 3, 6}) nothing.memories[id].clear();
  nothing.memories[4] = {MemoryWord(32).Put(9, 1, 1)};
  auto& steps = nothing.memories[5];
  for (size_t i = 16; i < steps.size(); ++i) steps[i] = MemoryWord(32);
  steps[1].Put(24, 8, 1);
  steps[2].Put(0, 17, 1);
  ASSERT_EQ(ClearAndLoad(Serialize(nothing)), kNone);
  bench_.PutInput(std::vector<uint8_t>(8, 0));
  ASSERT_EQ(bench_.Do(kRun, 8, OutputBytes(program)), kNone);
  EXPECT_THAT(Output(program), ::testing::Each(0u));
}

}  // namespace
}  // namespace colonnade::rtl
