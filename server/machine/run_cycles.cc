// SPDX-License-Identifier: Apache-2.0
#include "server/machine/run_cycles.h"

#include <span>

#include "server/machine/lowering.h"
#include "server/machine/machine_cycles.h"

namespace colonnade::machine {
namespace {

constexpr int64_t kInputWord = 1;
constexpr int64_t kStartOutput = 1;
constexpr int64_t kOutputWord = 3, kOutputLogits = 4;  // per word of 64 bits

using Words = std::span<const uint64_t>;

int64_t Field(Words step, int word, int low, int bits) {
  return static_cast<int64_t>(step[word] >> low & ((uint64_t{1} << bits) - 1));
}

int64_t VectorCycles(Words step) {
  const int64_t positions = Field(step, 5, 0, 16) + 1, taps = Field(step, 6, 0, 16) + 1;
  const int64_t banks = Field(step, 8, 8, 8) / 8 - Field(step, 8, 0, 8) / 8 + 1;
  switch (static_cast<StepKind>(Field(step, 0, 0, 4))) {
    case StepKind::kMove: return MoveCycles(positions, taps);
    case StepKind::kMaximum: return MaximumCycles(positions, taps);
    case StepKind::kAverage: return AverageCycles(positions, taps, banks);
    default: return AddCycles(positions, banks);
  }
}

}  // namespace

RunCycles PredictRun(const MachineProgram& program, const array::Cycles& array) {
  RunCycles cycles;
  cycles.array = array;
  cycles.control = HeaderControlCycles();
  const Words words = program.memory(MemoryId::kSteps).bits;
  for (size_t at = kStepWords; at < words.size(); at += kStepWords) {
    const Words step = words.subspan(at, kStepWords);
    if (Field(step, 0, 0, 4) == static_cast<int64_t>(StepKind::kMatrix)) {
      cycles.control += MatrixControlCycles(Field(step, 6, 0, 16) + 1);
    } else {
      cycles.control += VectorControlCycles();
      cycles.vector += VectorCycles(step);
    }
  }
  cycles.input = kInputWord * program.input_bytes() / 8;
  cycles.output = kStartOutput + (program.is_logits ? kOutputLogits : kOutputWord) * program.output_bytes() / 8;
  return cycles;
}

}  // namespace colonnade::machine
