// SPDX-License-Identifier: Apache-2.0
#include "tests/support/mixing_model.h"

#include <cstring>
#include <random>

#include "server/machine/encode_image.h"

namespace colonnade {
namespace {

using device::Program;

constexpr int kSteps = 5;  // memory
constexpr int kLowest = 1, kHighest = 6;
constexpr int kBanks = 2;  // of the input

void Append(std::vector<uint8_t>& bytes, uint64_t word) {
  for (int byte = 0; byte < 8; ++byte) bytes.push_back(static_cast<uint8_t>(word >> (8 * byte)));
}

// Header of a section: `count` words of a memory from word 0 on.
void AppendHeader(std::vector<uint8_t>& bytes, int memory, uint64_t count) {
  Append(bytes, uint64_t(memory) | count << 32);
}

}  // namespace

machine::DeviceLimits MixingLimits() { return {}; }

Program MixingProgram(const array::ArrayConfig& config, int seed, int positions, int results) {
  std::mt19937_64 random{uint64_t(seed)};
  Program program;
  program.config = config;
  program.needs = MixingLimits();
  const MixingModel widths(config);
  for (int memory = kLowest; memory <= kHighest; ++memory) {
    if (memory == kSteps) continue;
    AppendHeader(program.sections, memory, 20);
    for (int i = 0; i < 20 * ((widths.WordBits(memory) + 63) / 64); ++i) Append(program.sections, random());
  }
  const uint64_t header[] = {1, uint64_t{kBanks} << 24, uint64_t(positions), 1, 0, uint64_t(results)};
  AppendHeader(program.sections, kSteps, std::size(header));
  for (const uint64_t word : header) Append(program.sections, word);
  program.input_bytes = size_t(positions) * kBanks * 8;
  program.result_bytes = size_t(results + 1) / 2 * 8;
  return program;
}

int MixingModel::WordBits(int memory) const {
  return machine::WordBits(machine::MemoryId(memory), config_, MixingLimits());
}

void MixingModel::Write(int memory, int64_t word, std::span<const uint64_t> bits) {
  words_[{memory, word}].assign(bits.begin(), bits.end());
}

uint32_t MixingModel::Header(int word) const {
  const auto found = words_.find({kSteps, word});
  return found == words_.end() ? 0 : uint32_t(found->second[0]);
}

size_t MixingModel::input_bytes() const { return size_t{Header(1) >> 24} * Header(2) * 8; }
size_t MixingModel::result_bytes() const { return size_t{Header(5) + 1} / 2 * 8; }

FunctionalModel::Result MixingModel::Run(std::span<const uint8_t> input) {
  std::vector<uint8_t> all(input.begin(), input.end());
  for (const auto& [place, bits] : words_) {
    Append(all, uint64_t(place.first) << 32 | uint64_t(place.second));
    for (const uint64_t word : bits) Append(all, word);
  }
  Result result;
  std::mt19937 mixed(machine::Crc32(all));
  for (size_t i = 0; i < result_bytes(); ++i) result.bytes.push_back(static_cast<uint8_t>(mixed()));
  for (uint32_t i = 0; i < result.cycles.size(); ++i) result.cycles[i] = 100 + i;
  return result;
}

std::vector<uint8_t> MixingResult(const Program& program, std::span<const uint8_t> input) {
  MixingModel model(program.config);
  const std::vector<uint8_t>& bytes = program.sections;
  std::vector<uint64_t> words(bytes.size() / 8);
  std::memcpy(words.data(), bytes.data(), bytes.size());
  for (size_t at = 0; at < words.size();) {
    const int memory = int(words[at] & 0xff);
    const auto count = int64_t(words[at++] >> 32);
    const size_t each = size_t(model.WordBits(memory) + 63) / 64;
    for (int64_t i = 0; i < count; ++i, at += each) model.Write(memory, i, std::span(words).subspan(at, each));
  }
  return model.Run(input).bytes;
}

}  // namespace colonnade
