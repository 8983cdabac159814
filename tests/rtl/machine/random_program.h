// SPDX-License-Identifier: Apache-2.0
// Programs of steps made by hand, for a machine of any shape, and what they do in plain integer
// arithmetic. Every run begins with the whole activation memory as its input, and ends with the whole
// memory, or the logits, as its result: so nothing can be written that should not.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "server/array/array_program.h"
#include "tests/rtl/machine/machine_shape.h"
#include "tests/rtl/machine/program_image.h"

namespace colonnade::rtl {

// A tensor's place, or that of a part of one.
struct Place {
  int base = 0, lane = 0, channels = 1, height = 1, width = 1;
};

struct WindowShape {
  int stride_down = 1, stride_right = 1, pad_top = 0, pad_left = 0, output_height = 1, output_width = 1;
  int pixels() const { return output_height * output_width; }
};

enum class VectorKind { kMove = 1, kMaximum = 2, kAverage = 3, kAdd = 4 };

class RandomProgram {
 public:
  RandomProgram(const MachineShape& shape, uint64_t seed);

  // Random convolutions: kernels, strides, padding, several row blocks and column tiles.
  void AddMatrixStep(bool has_residual, bool is_logits);
  // Random taps, windows and lanes; bytes land in other banks than they come from.
  void AddVectorStep(VectorKind kind);
  // Ends the program; nothing is added afterwards.
  void Finish();

  const MachineShape& shape() const { return shape_; }
  const ProgramImage& image() const { return image_; }
  const std::vector<uint8_t>& input() const { return input_; }    // [positions][channels]
  const std::vector<uint8_t>& memory() const { return memory_; }  // after the run
  const std::vector<int32_t>& logits() const { return logits_; }
  bool gives_logits() const { return gives_logits_; }
  const array::Cycles& array_cycles() const { return array_cycles_; }  // by compiler::PredictCycles
  int64_t control_cycles() const { return control_cycles_; }
  int64_t vector_cycles() const { return vector_cycles_; }

 private:
  struct MatrixStep;
  struct VectorStep;

  int Random(int low, int high) { return low + static_cast<int>(random_() % static_cast<uint64_t>(high - low + 1)); }
  uint8_t& Byte(int position, int lane) { return memory_[size_t(position) * shape_.channels + lane]; }
  MemoryWord& Append(int id);
  std::vector<MemoryWord*> AppendStep();
  Place RandomInput();
  WindowShape RandomWindow(const Place& input, int largest);
  void ChooseGroups(MatrixStep& step);
  void ChooseRows(MatrixStep& step);
  void EncodeTiles(const MatrixStep& step);
  void EncodeWeights(const MatrixStep& step, const array::Tile& tile);
  void EncodeColumns(const MatrixStep& step, const array::Tile& tile);
  void EncodeRowBlock(const MatrixStep& step, const array::Tile& tile);
  void EncodeMatrixStep(const MatrixStep& step);
  void PutWindow(MemoryWord** words, const Place& input, int zero_point, const WindowShape& window);
  void Compute(const MatrixStep& step);
  void ChooseTaps(VectorStep& step);
  void ChooseLanes(VectorStep& step);
  void EncodeVectorStep(const VectorStep& step);
  int VectorValue(const VectorStep& step, int pixel, int lane);
  void Compute(const VectorStep& step);

  MachineShape shape_;
  std::mt19937_64 random_;
  ProgramImage image_;
  std::vector<uint8_t> input_, memory_;
  std::vector<int32_t> logits_;
  bool gives_logits_ = false;
  int steps_ = 0;
  array::Cycles array_cycles_;
  int64_t control_cycles_ = 0, vector_cycles_ = 0;
};

}  // namespace colonnade::rtl
