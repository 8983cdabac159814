// SPDX-License-Identifier: Apache-2.0
// What it costs to reach a board in another process. The board hosts a model that takes no time.
//
//   ReadRegister, WriteRegister    one access, by the driver's own calls
//   Command                        from writing SUBMIT to the completion index, over the interrupt
#include <benchmark/benchmark.h>

#include "server/device/private_board.h"
#include "server/device/registers.h"
#include "tests/support/require.h"

namespace colonnade::device {
namespace {

std::unique_ptr<Device> Start() {
  PrivateBoardOptions options;
  options.program = FAULT_BOARD;
  options.arguments = {"none", "0", "--array", "small"};
  return Require(StartPrivateBoard(options));
}

void ReadRegister(benchmark::State& state) {
  const auto device = Start();
  for (auto _ : state) benchmark::DoNotOptimize(device->Read32(kCompletion));
}
BENCHMARK(ReadRegister);

void WriteRegister(benchmark::State& state) {
  const auto device = Start();
  uint32_t value = 0;
  for (auto _ : state) device->Write32(kExpectedCrc, ++value);
}
BENCHMARK(WriteRegister);

void Command(benchmark::State& state) {
  const auto device = Start();
  device->Write32(kInterruptEnable, 1);
  device->Write32(kCommand, kClear);
  uint32_t index = 0;
  for (auto _ : state) {
    device->Write32(kInterruptPending, 1);
    device->Write32(kSubmit, ++index);
    while (device->Read32(kCompletion) != index) {
      if (!device->WaitForInterrupt(absl::Seconds(1)).ok()) return state.SkipWithError("the board is gone");
    }
  }
}
BENCHMARK(Command)->UseRealTime();

}  // namespace
}  // namespace colonnade::device

BENCHMARK_MAIN();
