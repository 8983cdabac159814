// SPDX-License-Identifier: Apache-2.0
// The vector steps of random programs.
#include <algorithm>

#include "server/machine/machine_cycles.h"
#include "server/quant/requantization.h"
#include "tests/rtl/machine/random_program.h"

namespace colonnade::rtl {

struct RandomProgram::VectorStep {
  struct Tap {
    int dy = 0, dx = 0;
    std::vector<bool> lanes;  // of the input's words
  };
  VectorKind kind = VectorKind::kMove;
  Place input, second;
  WindowShape window;
  int output_base = 0;
  int rotation = 0;  // banks
  int data_first = 0, data_last = 0, write_first = 0, write_last = 0;
  int input_zero = 0, second_zero = 0, output_zero = 0, low = 0, high = 255;
  int left = 0, second_left = 0, right = 0, count = 1;
  std::vector<Tap> taps;
};

// Every lane has one tap or none.
void RandomProgram::ChooseTaps(VectorStep& step) {
  step.taps.resize(step.kind == VectorKind::kAdd ? 1 : Random(1, 9));
  for (VectorStep::Tap& tap : step.taps) {
    tap.lanes.resize(shape_.channels);
    if (step.kind == VectorKind::kAdd) continue;
    tap.dy = Random(-1, 3);
    tap.dx = Random(-1, 3);
  }
  for (int lane = 0; lane < shape_.channels; ++lane) {
    const int tap = Random(0, static_cast<int>(step.taps.size()));
    if (tap < static_cast<int>(step.taps.size())) step.taps[tap].lanes[lane] = true;
  }
}

void RandomProgram::ChooseLanes(VectorStep& step) {
  step.rotation = Random(0, shape_.banks() - 1);
  step.data_first = Random(0, shape_.channels - 1);
  step.data_last = Random(step.data_first, shape_.channels - 1);
  step.write_first = Random(0, step.data_first);
  step.write_last = Random(step.data_last, shape_.channels - 1);
}

void RandomProgram::AddVectorStep(VectorKind kind) {
  VectorStep step;
  step.kind = kind;
  step.input = RandomInput();
  step.window = RandomWindow(step.input, 5);
  if (kind == VectorKind::kAdd) step.window = {1, 1, 0, 0, step.input.height, step.input.width};
  step.second = step.input;
  step.second.base = Random(0, shape_.positions / 2 - step.window.pixels());
  step.second.lane = 8 * Random(0, shape_.banks() - 1);
  step.output_base = Random(shape_.positions / 2, shape_.positions - step.window.pixels());
  ChooseTaps(step);
  ChooseLanes(step);
  step.input_zero = Random(0, 1) * 128;
  step.second_zero = Random(0, 1) * 128;
  step.output_zero = Random(0, 1) * 128;
  step.low = step.output_zero == 128 ? Random(-128, 0) : Random(0, 3);
  step.high = step.output_zero == 128 ? 127 : Random(200, 255);
  step.left = Random(0, 16);
  step.second_left = Random(0, 16);
  step.right = Random(0, kind == VectorKind::kAdd ? 26 : 0);
  step.count = Random(0, 1) == 0 ? static_cast<int>(step.taps.size()) << Random(0, 4) : Random(1, 256);
  EncodeVectorStep(step);
  Compute(step);

  const int64_t positions = step.window.pixels();
  const auto taps = static_cast<int64_t>(step.taps.size());
  const int64_t banks = step.data_last / 8 - step.data_first / 8 + 1;
  control_cycles_ += machine::VectorControlCycles();
  vector_cycles_ += kind == VectorKind::kAverage   ? machine::AverageCycles(positions, taps, banks)
                    : kind == VectorKind::kAdd     ? machine::AddCycles(positions, banks)
                    : kind == VectorKind::kMaximum ? machine::MaximumCycles(positions, taps)
                                                   : machine::MoveCycles(positions, taps);
}

void RandomProgram::EncodeVectorStep(const VectorStep& step) {
  auto words = AppendStep();
  words[0]->Put(0, 4, static_cast<uint64_t>(step.kind));
  PutWindow(words.data(), step.input, step.input_zero, step.window);
  words[6]->Put(0, 16, step.taps.size() - 1).Put(16, 16, image_.memories[6].size());
  words[7]->Put(0, 8, step.rotation).Put(8, 8, step.input.lane / 8);
  words[8]->Put(0, 8, step.data_first).Put(8, 8, step.data_last);
  words[9]->Put(0, 8, step.write_first).Put(8, 8, step.write_last);
  words[10]->Put(0, 16, step.output_base).Put(16, 8, step.output_zero);
  words[11]->Put(0, 9, static_cast<uint64_t>(step.low)).Put(16, 9, static_cast<uint64_t>(step.high));
  words[12]->Put(0, 16, step.second.base).Put(16, 8, step.second_zero).Put(24, 8, step.second.lane / 8);
  words[13]->Put(0, 5, step.left).Put(8, 5, step.second_left).Put(16, 5, step.right);
  words[14]->Put(0, 16, step.count);
  for (const VectorStep::Tap& tap : step.taps) {
    MemoryWord& word = Append(6);
    word.Put(0, 16, static_cast<uint64_t>(tap.dy)).Put(16, 16, static_cast<uint64_t>(tap.dx));
    word.Put(32, 16, static_cast<uint64_t>(tap.dy * step.input.width + tap.dx));
    for (int lane = 0; lane < shape_.channels; ++lane) word.Put(48 + lane, 1, tap.lanes[lane]);
  }
}

// The unclamped q of input lane `lane`, at one output pixel.
int RandomProgram::VectorValue(const VectorStep& step, int pixel, int lane) {
  int64_t sum = 0;
  int moved = step.input_zero, largest = 0, first = 0;
  for (const VectorStep::Tap& tap : step.taps) {
    const int y = pixel / step.window.output_width * step.window.stride_down - step.window.pad_top + tap.dy;
    const int x = pixel % step.window.output_width * step.window.stride_right - step.window.pad_left + tap.dx;
    const bool in_image = y >= 0 && x >= 0 && y < step.input.height && x < step.input.width;
    const int byte = in_image ? Byte(step.input.base + y * step.input.width + x, lane) : step.input_zero;
    sum += byte;
    first = byte;
    if (tap.lanes[lane]) moved = byte;
    if (in_image) largest = std::max(largest, byte);
  }
  switch (step.kind) {
    case VectorKind::kMove: return moved - step.input_zero;
    case VectorKind::kMaximum: return largest - step.input_zero;
    case VectorKind::kAverage: {
      const int64_t mean = quant::RoundingDivide(sum << step.left, step.count) - (int64_t{step.input_zero} << step.left);
      return static_cast<int>(std::clamp<int64_t>(mean, -1000, 1000));
    }
    case VectorKind::kAdd: break;
  }
  const int banks = shape_.banks();
  const int second_bank = (lane / 8 - step.input.lane / 8 + step.second.lane / 8 + banks) % banks;
  const int second = Byte(step.second.base + pixel, 8 * second_bank + lane % 8);
  const int total = ((first - step.input_zero) << step.left) + ((second - step.second_zero) << step.second_left);
  return quant::Requantize(total, step.right, -1000, 1000);
}

void RandomProgram::Compute(const VectorStep& step) {
  gives_logits_ = false;
  for (int pixel = 0; pixel < step.window.pixels(); ++pixel) {
    for (int lane = step.write_first; lane <= step.write_last; ++lane) {
      const int from = (lane - 8 * step.rotation + shape_.channels) % shape_.channels;
      const bool has_data = lane >= step.data_first && lane <= step.data_last;
      const int q = has_data ? std::clamp(VectorValue(step, pixel, from), step.low, step.high) : 0;
      Byte(step.output_base + pixel, lane) = static_cast<uint8_t>(q + step.output_zero);
    }
  }
}

}  // namespace colonnade::rtl
