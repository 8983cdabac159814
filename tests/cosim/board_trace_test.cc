// SPDX-License-Identifier: Apache-2.0
// The waveform of a layer that the Verilated board writes.
#include <gtest/gtest.h>

#include "server/compiler/compile.h"
#include "server/machine/lower.h"
#include "tests/cosim/boards.h"
#include "tests/support/random_packed.h"
#include "tests/support/waveform.h"

namespace colonnade::executors {
namespace {

constexpr const char* kArray = "8x8a8-i1-w1";
const std::string kSequencer = "TOP.machine.u_core.u_sequencer.";  // NOLINT: of the test program

struct TracedStep {
  std::shared_ptr<const array::ArrayProgram> program;
  int step = 0;        // of the machine: a matrix step, neither its first nor its last
  int64_t cycles = 0;  // of the array
};

// The first such step of random programs.
TracedStep AnyMatrixStep() {
  const array::ArrayConfig config = array::ParseArrayConfig(kArray).value();
  for (uint64_t seed = 1;; ++seed) {
    const RandomPacked random = RandomPackedNetwork(seed, {.for_machine = true, .config = config});
    TracedStep traced{std::make_shared<const array::ArrayProgram>(
        compiler::Compile(random.network, random.groupings, random.config).value())};
    const auto lowered = machine::Lower(*traced.program, machine::DefaultLimits(config));
    if (!lowered.ok()) continue;
    for (traced.step = 1; traced.step + 1 < static_cast<int>(lowered->sources.size()); ++traced.step) {
      const auto& operation = traced.program->steps[lowered->sources[traced.step]].operation;
      const auto* const matrix = std::get_if<array::MatrixStep>(&operation);
      if (matrix == nullptr) continue;
      for (const array::Tile& tile : matrix->tiles) traced.cycles += tile.cycles.total();
      return traced;
    }
  }
}

TEST(BoardTrace, HoldsTheCyclesOfOneLayer) {
  const TracedStep traced = AnyMatrixStep();
  const ScratchFolder folder;
  const std::string file = folder / "layer.vcd";
  const FolderBoard board(COLONNADE_BOARD,
                          {"--array", kArray, "--trace", file, "--layer", std::to_string(traced.step)});
  NoMetrics metrics;
  const auto device = std::make_shared<SharedDevice>("fpga", UioOpener(device::BoardFolder(board.folder())), metrics);
  Workspace workspace;
  const auto executor = MakeExecutor("fpga", traced.program, {nullptr, device}).value();
  const std::vector<uint8_t> image = RandomBytes(traced.program->tensors[0].shape.size(), 1);
  ASSERT_TRUE(executor->Run(image, workspace).ok());

  Waveform waveform(FileBytes(file));
  int64_t times = 0, running = 0, first = 0;
  while (waveform.Next()) {
    if (times++ == 0) first = waveform.time();
    ASSERT_EQ(waveform.Value(kSequencer + "block"), traced.step + 2) << "at " << waveform.time();
    running += waveform.Value(kSequencer + "runs_matrix");
  }
  EXPECT_EQ(running, 2 * traced.cycles);          // a time is half a cycle
  EXPECT_EQ(times, waveform.time() - first + 1);  // nothing is left out
}

TEST(BoardTrace, AFileThatCannotBeWrittenIsReported) {
  const ScratchFolder folder;
  const auto process = HelperProcess::Start(
      COLONNADE_BOARD, {"--array", kArray, "--trace", folder / "no/layer.vcd", "--folder", folder / "board"});
  ASSERT_TRUE(process.ok());
  EXPECT_EQ((*process)->WaitForEnd(absl::Seconds(20)), "exit code 2");
}

}  // namespace
}  // namespace colonnade::executors
