// SPDX-License-Identifier: Apache-2.0
#include "tests/cosim/core_cosim.h"

#include <fmt/format.h>

#include <array>

#include "server/array/schedule.h"
#include "server/executors/reference.h"
#include "server/machine/transfer.h"
#include "tests/support/require.h"

namespace colonnade::rtl {
namespace {

using machine::MemoryId;

// As the core's bench takes them, in beats.
std::vector<MemoryWord> WordsOf(const machine::MemoryWords& memory) {
  std::vector<MemoryWord> words;
  for (size_t at = 0; at < memory.bits.size(); at += memory.length) {
    words.emplace_back(64 * memory.length);
    for (int i = 0; i < memory.length; ++i) words.back().Put(64 * i, 64, memory.bits[at + i]);
  }
  return words;
}

ProgramImage ImageOf(const machine::MachineProgram& program, std::span<const MemoryId> memories) {
  ProgramImage image;
  for (const MemoryId id : memories) image.memories[static_cast<size_t>(id)] = WordsOf(program.memory(id));
  return image;
}

// The bytes of 64-bit words, lowest first.
std::vector<uint8_t> BytesOf(const std::vector<uint64_t>& words) {
  std::vector<uint8_t> bytes;
  for (const uint64_t word : words) {
    for (int byte = 0; byte < 8; ++byte) bytes.push_back(static_cast<uint8_t>(word >> (8 * byte)));
  }
  return bytes;
}

// Whether the next step of the machine belongs to another step of the program.
bool CompletesTensor(const machine::MachineProgram& lowered, size_t step) {
  return step + 1 == lowered.sources.size() || lowered.sources[step + 1] != lowered.sources[step];
}

std::vector<int32_t> Widened(const std::vector<uint8_t>& bytes, int zero_point) {
  std::vector<int32_t> values;
  for (const uint8_t byte : bytes) values.push_back(byte - zero_point);
  return values;
}

}  // namespace

std::string ToString(const Divergence& d) {
  const std::string values =
      fmt::format("channel {}, pixel {}: {}, must be {}", d.channel, d.pixel, d.found, d.expected);
  if (d.tile < 0) return fmt::format("layer '{}', {}", d.layer, values);
  return fmt::format("layer '{}', tile {}, row {}, cycle {} of its step, {}", d.layer, d.tile, d.row, d.cycle, values);
}

machine::DeviceLimits LimitsOf(const MachineShape& shape) {
  return {shape.channels, shape.positions, 4096, 4096, 1024, 1024, 512, 256, 64, 1 << COSIM_PIXEL_BITS, 1 << 8};
}

void CoreCosim::Load(std::shared_ptr<const array::ArrayProgram> program, const machine::MachineProgram& lowered) {
  program_ = std::move(program);
  lowered_ = lowered;
  constexpr std::array kLoaded = {MemoryId::kWeights, MemoryId::kColumns, MemoryId::kRows, MemoryId::kTiles,
                                  MemoryId::kTaps};
  bench_.Load(ImageOf(lowered_, kLoaded));  // the steps come with each run
}

void CoreCosim::Corrupt(MemoryId memory, int word, int bit) {
  machine::MemoryWords& words = lowered_.memories[static_cast<size_t>(memory)];
  words.bits[size_t(word) * words.length + bit / 64] ^= uint64_t{1} << bit % 64;
  const std::array only = {memory};
  bench_.Load(ImageOf(lowered_, only));
}

machine::MachineProgram CoreCosim::EndingAfter(int step) const {
  machine::MachineProgram program = lowered_;
  const size_t tensor = size_t(lowered_.sources[step]) + 1;
  if (step + 1 == static_cast<int>(lowered_.sources.size())) return program;
  const machine::TensorPlace& place = *lowered_.tensors[tensor];
  std::vector<uint64_t>& header = program.memories[static_cast<size_t>(MemoryId::kSteps)].bits;
  header[0] = static_cast<uint64_t>(step + 1);
  header[3] = static_cast<uint64_t>(place.first_bank() << 8 | place.banks() << 16);
  header[4] = static_cast<uint64_t>(place.base);
  header[5] = static_cast<uint64_t>(place.positions());
  program.tensors.back() = place;
  program.is_logits = false;
  program.output_zero_point = program_->tensors[tensor].zero_point();
  return program;
}

CoreRun CoreCosim::RunUntil(int step, std::span<const uint8_t> image, int stalls) {
  const std::array only = {MemoryId::kSteps};
  bench_.Load(ImageOf(EndingAfter(step), only));
  // Twice as long as predicted, and the host's waits, is forever.
  return bench_.Run(Require(machine::InputBytes(lowered_, image)), stalls, 4 * lowered_.cycles.total());
}

std::vector<int32_t> CoreCosim::ResultUntil(int step, std::span<const uint8_t> image) {
  const machine::MachineProgram program = EndingAfter(step);
  std::vector<uint8_t> bytes = BytesOf(RunUntil(step, image, 0).output);
  bytes.resize(program.output_bytes());  // a run that stopped early has zeros there
  return Require(machine::ResultsOf(program, bytes));
}

Divergence CoreCosim::At(int tensor, int index) const {
  const nn::Shape& shape = program_->tensors[tensor].shape;
  const int pixels = shape.height * shape.width;
  Divergence at;
  at.layer = program_->steps[tensor - 1].name;
  at.channel = index / pixels;
  at.pixel = index % pixels;
  const auto* matrix = std::get_if<array::MatrixStep>(&program_->steps[tensor - 1].operation);
  if (matrix == nullptr) return at;
  for (size_t i = 0; i < matrix->tiles.size(); ++i) {
    const array::Tile& tile = matrix->tiles[i];
    if (tile.row_begin <= at.channel && at.channel < tile.row_end) at.tile = static_cast<int>(i);
  }
  at.row = at.channel - matrix->tiles[at.tile].row_begin;
  const array::Schedule schedule = array::MakeSchedule(program_->config, pixels, matrix->tiles);
  at.cycle = schedule.tiles[at.tile].issue + array::kStartUp + array::WordCycles(program_->config) * at.pixel + at.row +
             program_->config.columns + array::kSumBits - 1 + array::kRequantize;
  return at;
}

std::optional<Divergence> CoreCosim::FirstDivergence(std::span<const uint8_t> image, bool every_tensor) {
  executors::Workspace workspace;
  const executors::ReferenceExecutor reference(program_);
  const std::vector<int32_t> result = Require(reference.Run(image, workspace));
  for (size_t step = 0; step < lowered_.sources.size(); ++step) {
    const int tensor = lowered_.sources[step] + 1;
    const bool is_last = step + 1 == lowered_.sources.size();
    if (!is_last && (!every_tensor || !CompletesTensor(lowered_, step))) continue;
    const std::vector<int32_t> expected =
        is_last ? result : Widened(reference.BytesOf(tensor, workspace), program_->tensors[tensor].zero_point());
    const std::vector<int32_t> found = ResultUntil(static_cast<int>(step), image);
    for (size_t i = 0; i < expected.size(); ++i) {
      if (found[i] == expected[i]) continue;
      Divergence at = At(tensor, static_cast<int>(i));
      at.expected = expected[i];
      at.found = found[i];
      return at;
    }
  }
  return std::nullopt;
}

std::string CoreCosim::WrongCounter(std::span<const uint8_t> image, int stalls) {
  static constexpr std::array kNames = {"fill",   "stream",  "drain", "weight_load", "stall",
                                        "vector", "control", "input", "output"};
  const CoreRun run = RunUntil(static_cast<int>(lowered_.sources.size()) - 1, image, stalls);
  if (run.timed_out) return "the run does not end";
  const machine::RunCycles& c = lowered_.cycles;
  const std::array<int64_t, 9> predicted = {c.array.fill,        c.array.stream, c.array.drain,
                                            c.array.weight_load, c.array.stall,  c.vector,
                                            c.control,           c.input,        c.output};
  int64_t sum = 0;
  for (size_t i = 0; i < kNames.size(); ++i) {
    sum += run.cycles[i];
    const bool may_wait = stalls > 0 && i >= 7;
    if (may_wait ? run.cycles[i] >= predicted[i] : run.cycles[i] == predicted[i]) continue;
    return fmt::format("{}: {} cycles, {} predicted", kNames[i], run.cycles[i], predicted[i]);
  }
  return sum == run.total_cycles ? "" : fmt::format("{} cycles counted of {}", sum, run.total_cycles);
}

}  // namespace colonnade::rtl
