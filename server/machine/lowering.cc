// SPDX-License-Identifier: Apache-2.0
#include "server/machine/lowering.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <numeric>

#include "server/base/status.h"
#include "server/machine/bit_fields.h"
#include "server/machine/place_rectangles.h"
#include "server/machine/refusals.h"
#include "server/machine/run_cycles.h"

namespace colonnade::machine {
namespace {

constexpr int kMost16Bits = (1 << 16) - 1;

// Tensors begin at whole banks and, where a block of lanes is read at once, at whole blocks.
int BankAlignment(const array::ArrayConfig& config) {
  return config.feed_rule == nn::FeedRule::kChannelBlock ? std::lcm(8, config.alpha) / 8 : 1;
}

}  // namespace

void StepWords::Set(int word, int low, [[maybe_unused]] int bits, uint64_t value) {
  assert(bits == 32 || value >> bits == 0);
  words_[word] |= static_cast<uint32_t>(value) << low;
}

Lowering::Lowering(const array::ArrayProgram& program, const DeviceLimits& limits)
    : program_(program), limits_(limits), storage_(PlanStorage(program)) {
  made_.config = program.config;
  made_.needs = {limits.channels, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  for (int memory = 0; memory < kMemories; ++memory) {
    made_.memories[memory].length = WordLength(static_cast<MemoryId>(memory), program.config, limits);
  }
  made_.memories[static_cast<size_t>(MemoryId::kSteps)].bits.resize(kStepWords);  // the header
}

absl::Status Lowering::CheckShapes() const {
  for (size_t tensor = 0; tensor < program_.tensors.size(); ++tensor) {
    if (!storage_.of_tensor[tensor]) continue;
    const nn::Shape& shape = storage_.stored[*storage_.of_tensor[tensor]].shape;
    absl::Status status = CheckAtMost("channels", shape.channels, limits_.channels,
                                      "split the layer, or use a device with more CHANNELS");
    if (status.ok()) status = CheckAtMost("height", shape.height, kMost16Bits, "use smaller images");
    if (status.ok()) status = CheckAtMost("width", shape.width, kMost16Bits, "use smaller images");
    if (!status.ok()) return Annotate(status, fmt::format("step '{}'", program_.tensors[tensor].name));
  }
  return absl::OkStatus();
}

absl::Status Lowering::PlaceTensors() {
  COLONNADE_RETURN_IF_ERROR(CheckShapes());
  std::vector<Rectangle> rectangles;
  for (const Stored& stored : storage_.stored) {
    const TensorPlace size{0, 0, stored.shape};
    rectangles.push_back({size.positions(), size.banks(), stored.first_step, stored.last_step});
  }
  const Placement placement = PlaceRectangles(rectangles, limits_.channels / 8, BankAlignment(config()));
  made_.needs.positions = placement.positions;
  for (const std::optional<int>& stored : storage_.of_tensor) {
    made_.tensors.emplace_back();
    if (!stored) continue;
    const Corner& corner = placement.corners[*stored];
    made_.tensors.back() = {corner.base, 8 * corner.bank, storage_.stored[*stored].shape};
    const absl::Status status = CheckAtMost("positions", corner.base + rectangles[*stored].positions, limits_.positions,
                                            "use a device with more activation memory, or smaller images");
    if (!status.ok()) return Annotate(status, fmt::format("step '{}'", tensor(int(made_.tensors.size()) - 1).name));
  }
  return absl::OkStatus();
}

absl::StatusOr<TensorPlace> Lowering::PlaceAsIs(int index) const {
  if (place(index).shape == tensor(index).shape) return place(index);
  return InvalidField("flatten", fmt::format("'{}' flattens an image of {} pixels; at most 1 unless only fully "
                                             "connected layers read it; pool the image before",
                                             tensor(index).name, place(index).positions()));
}

std::span<uint64_t> Lowering::AppendWord(MemoryId memory) {
  MemoryWords& words = made_.memories[static_cast<size_t>(memory)];
  words.bits.resize(words.bits.size() + words.length);
  return std::span(words.bits).last(words.length);
}

void Lowering::AppendStep(const StepWords& step) {
  for (const uint32_t word : step.words()) AppendWord(MemoryId::kSteps)[0] = word;
  made_.sources.push_back(step_);
}

void Lowering::AppendTap(const Tap& tap, int width, int first_lane, const std::vector<int>& channels) {
  const std::span<uint64_t> word = AppendWord(MemoryId::kTaps);
  SetBits(word, 0, 16, TwosComplement(tap.first, 16));
  SetBits(word, 16, 16, TwosComplement(tap.second, 16));
  SetBits(word, 32, 16, TwosComplement(int64_t{tap.first} * width + tap.second, 16));
  for (const int channel : channels) SetBits(word, 48 + first_lane + channel, 1, 1);
}

void Lowering::CountMatrixStep(int64_t pixels, int64_t tiles) {
  made_.needs.pixels = std::max(made_.needs.pixels, static_cast<int>(pixels));
  made_.needs.tiles = std::max(made_.needs.tiles, static_cast<int>(tiles));
}

absl::Status Lowering::LowerStep(int index) {
  step_ = index;
  if (storage_.skipped[index]) return absl::OkStatus();
  const array::Step& step = program_.steps[index];
  if (const auto* matrix = std::get_if<array::MatrixStep>(&step.operation)) {
    return LowerMatrix(*matrix, index + 1, *this);
  }
  const auto& layer = std::get<quant::HostLayer>(step.operation);
  if (const auto* max = std::get_if<quant::MaxPoolLayer>(&layer)) return LowerPool(*max, index + 1, *this);
  if (const auto* mean = std::get_if<quant::AveragePoolLayer>(&layer)) return LowerPool(*mean, index + 1, *this);
  if (const auto* add = std::get_if<quant::AddLayer>(&layer)) return LowerAdd(*add, index + 1, *this);
  if (const auto* shift = std::get_if<quant::ShiftLayer>(&layer)) return LowerMove(*shift, index + 1, *this);
  if (const auto* subsample = std::get_if<quant::SubsampleLayer>(&layer)) {
    return LowerMove(*subsample, index + 1, *this);
  }
  if (const auto* concat = std::get_if<quant::ConcatLayer>(&layer)) return LowerMove(*concat, index + 1, *this);
  if (const auto* clip = std::get_if<quant::ClipLayer>(&layer)) return LowerMove(*clip, index + 1, *this);
  return LowerMove(std::get<quant::PadChannelsLayer>(layer), storage_.absorbed[index], index + 1, *this);
}

absl::Status Lowering::CheckDepths() const {
  for (int memory = 1; memory < kMemories - 1; ++memory) {
    const auto id = static_cast<MemoryId>(memory);
    COLONNADE_RETURN_IF_ERROR(CheckAtMost(ToString(id), count(id), DepthOf(id, limits_),
                                          "use a device with a deeper memory, or a smaller network"));
  }
  return absl::OkStatus();
}

absl::Status Lowering::LowerSteps() {
  for (int step = 0; step < static_cast<int>(program_.steps.size()); ++step) {
    absl::Status status = LowerStep(step);
    if (status.ok()) status = CheckDepths();
    if (!status.ok()) return Annotate(status, fmt::format("step '{}'", program_.steps[step].name));
  }
  if (made_.sources.empty()) return InvalidField("steps", "0; at least 1; there is nothing to run on a device");
  return absl::OkStatus();
}

MachineProgram Lowering::Finish() {
  MachineProgram& made = made_;
  std::vector<uint64_t>& header = made.memories[static_cast<size_t>(MemoryId::kSteps)].bits;
  const TensorPlace& input = place(0);
  header[0] = made.sources.size();
  header[1] = static_cast<uint64_t>(input.base | input.first_bank() << 16) | static_cast<uint64_t>(input.banks()) << 24;
  header[2] = static_cast<uint64_t>(input.positions());
  made.input_zero_point = program_.tensors.front().zero_point();
  made.output_zero_point = program_.tensors.back().zero_point();
  made.is_logits = !made.tensors.back();
  if (made.is_logits) {
    made.results = made.needs.result_words = program_.tensors.back().shape.channels;
    header[3] = 1;
    header[5] = static_cast<uint64_t>(made.results);
  } else {
    const TensorPlace& output = *made.tensors.back();
    header[3] = static_cast<uint64_t>(output.first_bank() << 8 | output.banks() << 16);
    header[4] = static_cast<uint64_t>(output.base);
    header[5] = static_cast<uint64_t>(output.positions());
  }
  made.needs.weight_words = count(MemoryId::kWeights);
  made.needs.column_words = count(MemoryId::kColumns);
  made.needs.row_words = count(MemoryId::kRows);
  made.needs.tile_words = count(MemoryId::kTiles);
  made.needs.step_words = count(MemoryId::kSteps);
  made.needs.tap_words = count(MemoryId::kTaps);
  made.cycles = PredictRun(made, program_.cycles);
  return std::move(made);
}

}  // namespace colonnade::machine
