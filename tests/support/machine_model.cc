// SPDX-License-Identifier: Apache-2.0
#include "tests/support/machine_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace colonnade {
namespace {

enum { kActivations, kWeights, kColumns, kRows, kTiles, kSteps, kTaps, kResults };
enum { kMatrix, kMove, kMaximum, kAverage, kAdd };
constexpr int kStepWords = 16;

uint64_t Bits(uint64_t word, int high, int low) { return word >> low & ((uint64_t{2} << (high - low)) - 1); }

// Bits of a word of several values.
uint64_t Bits(const std::vector<uint64_t>& word, int high, int low) {
  uint64_t value = 0;
  for (int bit = high; bit >= low; --bit) value = value << 1 | (word[bit / 64] >> (bit % 64) & 1);
  return value;
}

int Signed(uint64_t value, int bits) {
  const uint64_t sign = uint64_t{1} << (bits - 1);
  return static_cast<int>(static_cast<int64_t>(value ^ sign) - static_cast<int64_t>(sign));
}

int64_t Floor(int64_t numerator, int64_t denominator) {
  return numerator >= 0 ? numerator / denominator : -((denominator - 1 - numerator) / denominator);
}

int64_t Rounded(int64_t value, int shift) {
  return Floor(value + (shift > 0 ? int64_t{1} << (shift - 1) : 0), int64_t{1} << shift);
}

}  // namespace

// The sixteen words of a step, as the manual's tables name their fields.
struct MachineModel::StepWords {
  uint32_t words[kStepWords] = {};

  int field(int word, int high, int low) const { return static_cast<int>(Bits(words[word], high, low)); }

  int kind() const { return field(0, 3, 0); }
  bool has_residual() const { return field(0, 4, 4) != 0; }
  bool is_logits() const { return field(0, 5, 5) != 0; }
  int input() const { return field(1, 15, 0); }
  int input_zero() const { return field(1, 23, 16); }
  int height() const { return field(2, 15, 0); }
  int width() const { return field(2, 31, 16); }
  int stride_down() const { return field(3, 7, 0); }
  int stride_right() const { return field(3, 15, 8); }
  int pad_top() const { return field(3, 23, 16); }
  int pad_left() const { return field(3, 31, 24); }
  int output_width() const { return field(4, 15, 0); }
  int pixels() const { return field(5, 15, 0) + 1; }
  int count() const { return field(6, 15, 0) + 1; }  // of tiles or taps
  int first() const { return field(6, 31, 16); }
  int output() const { return field(10, 15, 0); }
  int output_zero() const { return field(10, 23, 16); }
  int low() const { return Signed(field(11, 8, 0), 9); }
  int high() const { return Signed(field(11, 24, 16), 9); }

  int64_t Clamp(int64_t q) const { return std::min<int64_t>(std::max<int64_t>(q, low()), high()); }

  // The window's corner for an output pixel.
  int corner_y(int pixel) const { return pixel / output_width() * stride_down() - pad_top(); }
  int corner_x(int pixel) const { return pixel % output_width() * stride_right() - pad_left(); }
  bool inside(int y, int x) const { return 0 <= y && y < height() && 0 <= x && x < width(); }
};

MachineModel::MachineModel(const array::ArrayConfig& config, const machine::DeviceLimits& limits)
    : config_(config), limits_(limits), memories_(machine::kMemories) {
  std::mt19937_64 random(1);
  for (int memory = kWeights; memory <= kResults; ++memory) {
    const auto id = static_cast<machine::MemoryId>(memory);
    memories_[memory].resize(size_t(machine::DepthOf(id, limits)) * machine::WordLength(id, config, limits));
    std::generate(memories_[memory].begin(), memories_[memory].end(), random);
  }
  activations_.resize(size_t(limits.positions) * limits.channels);
  for (uint8_t& byte : activations_) byte = static_cast<uint8_t>(random());
}

void MachineModel::Clear() {
  for (std::vector<uint64_t>& memory : memories_) std::fill(memory.begin(), memory.end(), 0);
  std::fill(activations_.begin(), activations_.end(), 0);
}

absl::Status MachineModel::Load(int memory, int64_t first, std::span<const uint64_t> words) {
  if (memory < kWeights || memory > kTaps) {
    return absl::InvalidArgumentError(fmt::format("memory {} is not loaded", memory));
  }
  const auto length = machine::WordLength(static_cast<machine::MemoryId>(memory), config_, limits_);
  std::vector<uint64_t>& bits = memories_[memory];
  if (words.size() % length != 0 || first < 0 || first * length + int64_t(words.size()) > int64_t(bits.size())) {
    return absl::InvalidArgumentError(fmt::format("memory {} has no {} values from word {} on; {} words of {}", memory,
                                                  words.size(), first, bits.size() / length, length));
  }
  std::copy(words.begin(), words.end(), bits.begin() + first * length);
  return absl::OkStatus();
}

absl::Status MachineModel::LoadSections(std::span<const uint8_t> bytes) {
  const absl::Status cut = absl::InvalidArgumentError("a section is cut off");
  std::vector<uint64_t> values(bytes.size() / 8);
  for (size_t i = 0; i < values.size() * 8; ++i) values[i / 8] |= uint64_t{bytes[i]} << (i % 8 * 8);
  if (values.empty() || bytes.size() % 8 != 0) return cut;
  for (size_t at = 0; at < values.size();) {
    const uint64_t header = values[at++];
    const auto memory = static_cast<int>(Bits(header, 7, 0));
    if (memory < kWeights || memory > kTaps) return Load(memory, 0, {});
    const uint64_t count =
        Bits(header, 63, 32) * uint64_t(machine::WordLength(static_cast<machine::MemoryId>(memory), config_, limits_));
    if (count == 0 || count > values.size() - at) return cut;
    if (absl::Status status = Load(memory, int64_t(Bits(header, 31, 8)), std::span(values).subspan(at, count));
        !status.ok()) {
      return status;
    }
    at += count;
  }
  return absl::OkStatus();
}

void MachineModel::Fail(std::string message) {
  if (failure_.empty()) failure_ = std::move(message);
}

MachineModel::Word MachineModel::Read(int memory, int64_t index) {
  const auto length = machine::WordLength(static_cast<machine::MemoryId>(memory), config_, limits_);
  const std::vector<uint64_t>& bits = memories_[memory];
  if (index < 0 || (index + 1) * length > int64_t(bits.size())) {
    Fail(fmt::format("memory {} has no word {}", memory, index));
    return Word(length);
  }
  return Word(bits.begin() + index * length, bits.begin() + (index + 1) * length);
}

uint8_t MachineModel::ReadByte(int64_t position, int byte) {
  if (position < limits_.positions && byte < limits_.channels) return activations_[position * limits_.channels + byte];
  Fail(fmt::format("the activation memory has no byte {} of word {}", byte, position));
  return 0;
}

void MachineModel::WriteByte(int64_t position, int byte, uint8_t value) {
  if (position < limits_.positions && byte < limits_.channels) {
    activations_[position * limits_.channels + byte] = value;
  } else {
    Fail(fmt::format("the activation memory has no byte {} of word {} to write", byte, position));
  }
}

uint32_t MachineModel::Header(int word) const {
  return word < int(memories_[kSteps].size()) ? static_cast<uint32_t>(memories_[kSteps][word]) : 0;
}

int64_t MachineModel::input_bytes() const { return int64_t(8 * Bits(Header(1), 31, 24) * Bits(Header(2), 16, 0)); }

int64_t MachineModel::output_bytes() const {
  const uint64_t count = Bits(Header(5), 16, 0);
  return int64_t(Bits(Header(3), 0, 0) ? (4 * count + 7) / 8 * 8 : 8 * Bits(Header(3), 23, 16) * count);
}

void MachineModel::ReadInput(std::span<const uint8_t> input) {
  const auto base = int64_t(Bits(Header(1), 15, 0));
  const auto first = int(Bits(Header(1), 23, 16)), banks = int(Bits(Header(1), 31, 24));
  for (size_t i = 0; i < input.size(); ++i) {
    WriteByte(base + int64_t(i) / (8 * banks), 8 * first + int(i) % (8 * banks), input[i]);
  }
}

std::vector<uint8_t> MachineModel::WriteOutput() const {
  std::vector<uint8_t> bytes(output_bytes());
  if (Bits(Header(3), 0, 0)) {
    for (size_t i = 0; i < 4 * Bits(Header(5), 16, 0); ++i) {
      bytes[i] = static_cast<uint8_t>(memories_[kResults][i / 4] >> (8 * (i % 4)));
    }
    return bytes;
  }
  const auto base = int64_t(Bits(Header(4), 15, 0));
  const auto first = int64_t(Bits(Header(3), 15, 8)), banks = int64_t(Bits(Header(3), 23, 16));
  for (int64_t i = 0; i < int64_t(bytes.size()); ++i) {
    bytes[i] = activations_[(base + i / (8 * banks)) * limits_.channels + 8 * first + i % (8 * banks)];
  }
  return bytes;
}

MachineModel::StepWords MachineModel::ReadStep(int index) {
  StepWords step;
  for (int word = 0; word < kStepWords; ++word) {
    step.words[word] = static_cast<uint32_t>(Read(kSteps, int64_t(index + 1) * kStepWords + word)[0]);
  }
  return step;
}

absl::StatusOr<std::vector<uint8_t>> MachineModel::Run(std::span<const uint8_t> input,
                                                       const std::function<void(int)>& after_step) {
  if (int64_t(input.size()) != input_bytes()) {
    return absl::InvalidArgumentError(fmt::format("{} bytes of input; {} are needed", input.size(), input_bytes()));
  }
  failure_.clear();
  ReadInput(input);
  for (int index = 0; index < int(Bits(Header(0), 15, 0)); ++index) {
    const StepWords step = ReadStep(index);
    if (step.output_width() == 0 || step.kind() > kAdd) Fail(fmt::format("kind {}", step.kind()));
    if (failure_.empty()) step.kind() == kMatrix ? RunMatrixStep(step) : RunVectorStep(step);
    if (!failure_.empty()) return absl::InternalError(fmt::format("step {}: {}", index, failure_));
    if (after_step) after_step(index);
  }
  return WriteOutput();
}

void MachineModel::RunMatrixStep(const StepWords& step) {
  std::vector<uint32_t> sums(size_t(config_.rows) * step.pixels());  // [rows][pixels]
  int64_t weight_word = step.words[7], block = -1;
  if (step.pixels() > limits_.pixels || step.count() > limits_.tiles)
    return Fail("more pixels or tiles than there are");
  for (int64_t tile = 0; tile < step.count(); ++tile) {
    const uint64_t word = Read(kTiles, step.first() + tile)[0];
    const int rows = int(Bits(word, 7, 0)) + 1;
    if (rows > config_.rows) return Fail("a tile has more rows than the array");
    if (!Bits(word, 8, 8)) BeginSums(step, ++block, sums);
    AddTile(step, tile, rows, weight_word, sums);
    if (Bits(word, 9, 9)) EndSums(step, block, rows, sums);
  }
}

void MachineModel::BeginSums(const StepWords& step, int64_t block, std::vector<uint32_t>& sums) {
  for (int row = 0; row < config_.rows; ++row) {
    const uint64_t word = Read(kRows, step.words[9] + block * config_.rows + row)[0];
    for (int pixel = 0; pixel < step.pixels(); ++pixel) {
      uint32_t sum = static_cast<uint32_t>(Bits(word, 31, 0));
      if (step.has_residual()) {
        sum += uint32_t{ReadByte(step.field(12, 15, 0) + pixel, int(Bits(word, 58, 51)))} << Bits(word, 41, 37);
      }
      sums[size_t(row) * step.pixels() + pixel] = sum;
    }
  }
}

MachineModel::Lanes MachineModel::FeedColumn(const StepWords& step, const Word& column, int pixel) {
  const int dy = int(Bits(column[0], 7, 0)), dx = int(Bits(column[0], 15, 8));
  const int y = step.corner_y(pixel) + dy, x = step.corner_x(pixel) + dx;
  if (int(Bits(column[0], 31, 16)) != (dy * step.width() + dx) % 65536) Fail("dy * w + dx is wrong");
  Lanes lanes;
  lanes.fill(static_cast<uint8_t>(step.input_zero()));
  if (!step.inside(y, x)) return lanes;
  for (int lane = 0; lane < config_.alpha; ++lane) {
    const int byte = config_.feed_rule == nn::FeedRule::kChannelBlock
                         ? int(Bits(column[0], 39, 32)) * config_.alpha + lane
                         : int(column[(32 + 8 * lane) / 64] >> ((32 + 8 * lane) % 64) & 255);
    lanes[lane] = ReadByte(step.input() + y * step.width() + x, byte);
  }
  return lanes;
}

void MachineModel::AddTile(const StepWords& step, int64_t tile, int rows, int64_t& weight_word,
                           std::vector<uint32_t>& sums) {
  const int width = 8 + array::SelectBits(config_);
  std::vector<Word> weights(rows);
  for (int row = rows - 1; row >= 0; --row) weights[row] = Read(kWeights, weight_word++);
  for (int column = 0; column < config_.columns; ++column) {
    const Word word = Read(kColumns, step.words[8] + tile * config_.columns + column);
    std::vector<uint64_t> cells;  // of this column
    for (const Word& row : weights) cells.push_back(Bits(row, (column + 1) * width - 1, column * width));
    for (int pixel = 0; pixel < step.pixels(); ++pixel) {
      const Lanes lanes = FeedColumn(step, word, pixel);
      for (int row = 0; row < rows; ++row) {
        const uint64_t weight = cells[row];
        const uint32_t product = uint32_t(Bits(weight, 6, 0)) * lanes[weight >> 8];
        sums[size_t(row) * step.pixels() + pixel] += Bits(weight, 7, 7) ? 0 - product : product;
      }
    }
  }
}

void MachineModel::EndSums(const StepWords& step, int64_t block, int rows, const std::vector<uint32_t>& sums) {
  for (int row = 0; row < config_.rows; ++row) {
    const uint64_t word = Read(kRows, step.words[9] + block * config_.rows + row)[0];
    if (!Bits(word, 42, 42)) continue;
    if (row >= rows) return Fail("a row is used beyond its tile");
    for (int pixel = 0; pixel < step.pixels(); ++pixel) {
      const auto sum = static_cast<int32_t>(sums[size_t(row) * step.pixels() + pixel]);
      const int64_t q = step.Clamp(Rounded(sum, int(Bits(word, 36, 32))));
      if (!step.is_logits()) {
        WriteByte(step.output() + pixel, int(Bits(word, 50, 43)), static_cast<uint8_t>(q + step.output_zero()));
      } else if (block * config_.rows + row < limits_.result_words) {
        memories_[kResults][block * config_.rows + row] = static_cast<uint32_t>(sum);
      } else {
        return Fail("more logits than the results memory has words");
      }
    }
  }
}

// By input lane: q before the output's zero point is added.
std::vector<int64_t> MachineModel::Combine(const StepWords& step, int pixel) {
  std::vector<int64_t> values(limits_.channels, 0);
  const int zero = step.input_zero(), left = step.field(13, 4, 0);
  bool first = true;
  for (int tap = 0; tap < step.count(); ++tap) {
    const Word word = Read(kTaps, step.first() + tap);
    const int dy = Signed(Bits(word, 15, 0), 16), dx = Signed(Bits(word, 31, 16), 16);
    if (Bits(word, 47, 32) != uint16_t(dy * step.width() + dx)) Fail("dy * w + dx is wrong");
    const int y = step.corner_y(pixel) + dy, x = step.corner_x(pixel) + dx;
    const bool inside = step.inside(y, x);
    if (step.kind() == kMaximum && !inside) continue;
    for (int lane = 0; lane < limits_.channels; ++lane) {
      const int64_t byte = inside ? ReadByte(step.input() + y * step.width() + x, lane) : zero;
      if (step.kind() == kMaximum) {
        values[lane] = first ? byte - zero : std::max(values[lane], byte - zero);
      } else if (step.kind() == kAverage) {
        values[lane] += byte;
      } else if (step.kind() == kAdd || Bits(word, 48 + lane, 48 + lane)) {
        values[lane] = byte - zero;
      }
    }
    first = false;
  }
  for (int lane = 0; lane < limits_.channels; ++lane) {
    if (step.kind() == kAverage) {
      const int64_t count = step.field(14, 15, 0);
      if (count < 1 || count > 256) Fail("a count that is not 1 to 256");
      values[lane] =
          Floor(2 * (values[lane] << left) + count, 2 * std::max<int64_t>(count, 1)) - (int64_t{zero} << left);
    } else if (step.kind() == kAdd) {
      const int other = lane + 8 * (step.field(12, 31, 24) - step.field(7, 15, 8));
      const int64_t b = ReadByte(step.field(12, 15, 0) + pixel, (other + limits_.channels) % limits_.channels) -
                        step.field(12, 23, 16);
      values[lane] = Rounded(values[lane] * (int64_t{1} << left) + b * (int64_t{1} << step.field(13, 12, 8)),
                             step.field(13, 20, 16));
    }
  }
  return values;
}

void MachineModel::WriteLanes(const StepWords& step, int pixel, const std::vector<int64_t>& values) {
  const int rotation = 8 * step.field(7, 7, 0);
  for (int lane = step.field(9, 7, 0); lane <= step.field(9, 15, 8); ++lane) {
    const bool has_data = step.field(8, 7, 0) <= lane && lane <= step.field(8, 15, 8);
    const int from = ((lane - rotation) % limits_.channels + limits_.channels) % limits_.channels;
    const int64_t q = has_data ? step.Clamp(values[from]) : 0;
    WriteByte(step.output() + pixel, lane, static_cast<uint8_t>(q + step.output_zero()));
  }
}

void MachineModel::RunVectorStep(const StepWords& step) {
  for (int pixel = 0; pixel < step.pixels() && failure_.empty(); ++pixel) {
    WriteLanes(step, pixel, Combine(step, pixel));
  }
}

}  // namespace colonnade
