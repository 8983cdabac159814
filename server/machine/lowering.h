// SPDX-License-Identifier: Apache-2.0
// The program while it is made: what every kind of step needs. One file per kind of step
// implements the free functions below.
#pragma once

#include <array>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/array/array_program.h"
#include "server/machine/machine_program.h"
#include "server/machine/storage.h"

namespace colonnade::machine {

inline constexpr int kStepWords = 16;

enum class StepKind { kMatrix, kMove, kMaximum, kAverage, kAdd };

// The words of a step; fields are named by word and lowest bit, as in the manual's tables.
class StepWords {
 public:
  explicit StepWords(StepKind kind) { Set(0, 0, 4, static_cast<uint64_t>(kind)); }

  // REQUIRES: the value fits.
  void Set(int word, int low, int bits, uint64_t value);

  const std::array<uint32_t, kStepWords>& words() const { return words_; }

 private:
  std::array<uint32_t, kStepWords> words_ = {};
};

// Where to read: an offset from the window's corner, in pixels.
using Tap = std::pair<int, int>;  // dy, dx

class Lowering {
 public:
  // REQUIRES: array::Check(program), Check(limits).
  Lowering(const array::ArrayProgram& program, const DeviceLimits& limits);

  // Gives every tensor that is stored its place.
  absl::Status PlaceTensors();

  // The whole program but for the header.
  absl::Status LowerSteps();

  // The header, and what the program needs.
  MachineProgram Finish();

  const array::ArrayProgram& program() const { return program_; }
  const array::ArrayConfig& config() const { return program_.config; }
  const DeviceLimits& limits() const { return limits_; }
  const quant::Tensor& tensor(int index) const { return program_.tensors[index]; }

  // Where a tensor lies, flattened or not. REQUIRES: it is stored.
  const TensorPlace& place(int tensor) const { return *made_.tensors[tensor]; }

  // The same for a step that reads it as what it is: refused (flatten) when that is a flattened
  // image of more than one pixel.
  absl::StatusOr<TensorPlace> PlaceAsIs(int tensor) const;

  int count(MemoryId memory) const { return made_.memory(memory).count(); }
  // A word of zeros at the end of a memory, to be filled.
  std::span<uint64_t> AppendWord(MemoryId memory);
  void AppendStep(const StepWords& step);
  void AppendTap(const Tap& tap, int width, int first_lane, const std::vector<int>& channels);
  // Tells needs() of a matrix step.
  void CountMatrixStep(int64_t pixels, int64_t tiles);

 private:
  absl::Status CheckShapes() const;
  absl::Status LowerStep(int index);
  absl::Status CheckDepths() const;

  const array::ArrayProgram& program_;
  const DeviceLimits limits_;
  const Storage storage_;
  MachineProgram made_;
  int step_ = 0;  // of the program, being lowered
};

// Words 1 to 5: the input, its window and the output's size. A window's kernel and its last pads
// are not in them. Refused: height, width, stride, pad.
absl::Status SetWindow(const TensorPlace& input, int zero_point, const nn::Window& window, const nn::Shape& output,
                       StepWords& step);

// Words 10 and 11.
void SetOutput(const TensorPlace& output, int zero_point, int low, int high, StepWords& step);

// Words 7 to 9 of a vector step whose output has the input's channels, `offset` channels up, and
// zeros in its other ones from channel `first` to `last`. Refused: offset.
absl::Status SetLanes(const TensorPlace& input, const TensorPlace& output, int offset, int first, int last,
                      const DeviceLimits& limits, StepWords& step);

// Word 6 and the taps: each with the channels that it reads. Refused: tap.
absl::Status SetTaps(const std::map<Tap, std::vector<int>>& taps, const TensorPlace& input, Lowering& lowering,
                     StepWords& step);

// Channel 0 and up, for a tap that reads all of a tensor.
std::vector<int> EveryChannel(const TensorPlace& tensor);

// One per operation. `output` is the tensor that the step writes.
absl::Status LowerMatrix(const array::MatrixStep& matrix, int output, Lowering& lowering);
absl::Status LowerPool(const quant::MaxPoolLayer& layer, int output, Lowering& lowering);
absl::Status LowerPool(const quant::AveragePoolLayer& layer, int output, Lowering& lowering);
absl::Status LowerAdd(const quant::AddLayer& layer, int output, Lowering& lowering);
absl::Status LowerMove(const quant::ShiftLayer& layer, int output, Lowering& lowering);
absl::Status LowerMove(const quant::SubsampleLayer& layer, int output, Lowering& lowering);
absl::Status LowerMove(const quant::ConcatLayer& layer, int output, Lowering& lowering);
absl::Status LowerMove(const quant::ClipLayer& layer, int output, Lowering& lowering);
// `before` moves pixels first; none without.
absl::Status LowerMove(const quant::PadChannelsLayer& layer, const quant::SubsampleLayer* before, int output,
                       Lowering& lowering);

}  // namespace colonnade::machine
