// SPDX-License-Identifier: Apache-2.0
// The machine of docs/machine_manual.md as a function of its memories: executes header and steps
// word by word, without time. A twin of the RTL and of the lowering, and knows nothing of either:
// it reads every word with its own code, from the manual's tables.
//
// Strict where the hardware would do something: a step that reads or writes words that a memory
// does not have, or that uses a row beyond its tile's, is an error.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/array/array_config.h"
#include "server/machine/device_limits.h"

namespace colonnade {

class MachineModel {
 public:
  // Memories begin with bits that mean nothing.
  MachineModel(const array::ArrayConfig& config, const machine::DeviceLimits& limits);

  // Memories 0 to 7 are zeros afterwards.
  void Clear();

  // Words `first` and up, each as ceil(bits / 64) values, lowest bits first. INVALID_ARGUMENT
  // when the memory is none that is loaded, has not these words, or the values are no whole words.
  absl::Status Load(int memory, int64_t first, std::span<const uint64_t> words);

  // The sections of a load (section 6). INVALID_ARGUMENT when a section is cut off or names a
  // memory or words that do not exist: the error 3 of the registers. Sections before it are loaded.
  absl::Status LoadSections(std::span<const uint8_t> bytes);

  // The bytes that a run has to read and writes, by the header.
  int64_t input_bytes() const;
  int64_t output_bytes() const;

  // One run. INVALID_ARGUMENT when the input has another size; INTERNAL, naming the step, when the
  // program does what no program may. `after_step(i)`, if given, is called when step i is done.
  absl::StatusOr<std::vector<uint8_t>> Run(std::span<const uint8_t> input,
                                           const std::function<void(int)>& after_step = nullptr);

  // Word after word of the memory, limits.channels bytes each.
  std::span<const uint8_t> activations() const { return activations_; }

 private:
  using Word = std::vector<uint64_t>;     // as it travels
  using Lanes = std::array<uint8_t, 16>;  // of one column
  struct StepWords;

  Word Read(int memory, int64_t index);
  uint32_t Header(int word) const;
  uint8_t ReadByte(int64_t position, int byte);
  void WriteByte(int64_t position, int byte, uint8_t value);
  void Fail(std::string message);

  void ReadInput(std::span<const uint8_t> input);
  std::vector<uint8_t> WriteOutput() const;
  StepWords ReadStep(int index);

  void RunMatrixStep(const StepWords& step);
  void BeginSums(const StepWords& step, int64_t block, std::vector<uint32_t>& sums);
  void AddTile(const StepWords& step, int64_t tile, int rows, int64_t& weight_word, std::vector<uint32_t>& sums);
  Lanes FeedColumn(const StepWords& step, const Word& column, int pixel);
  void EndSums(const StepWords& step, int64_t block, int rows, const std::vector<uint32_t>& sums);

  void RunVectorStep(const StepWords& step);
  std::vector<int64_t> Combine(const StepWords& step, int pixel);
  void WriteLanes(const StepWords& step, int pixel, const std::vector<int64_t>& values);

  const array::ArrayConfig config_;
  const machine::DeviceLimits limits_;
  std::vector<std::vector<uint64_t>> memories_;  // 1 to 7
  std::vector<uint8_t> activations_;
  std::string failure_;
};

}  // namespace colonnade
