// SPDX-License-Identifier: Apache-2.0
#include "server/machine/transfer.h"

#include <fmt/format.h>

#include "server/base/status.h"

namespace colonnade::machine {
namespace {

absl::Status CheckSize(std::string_view what, size_t found, int64_t expected) {
  if (static_cast<int64_t>(found) == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("{} has {} bytes; the program has {}", what, found, expected));
}

// Calls visit(channel-major index, position, channel) for every byte of a tensor, in order.
template <typename Function>
void ForEachByte(const TensorPlace& place, const Function& visit) {
  size_t index = 0;
  for (int channel = 0; channel < place.shape.channels; ++channel) {
    for (int position = 0; position < place.positions(); ++position) visit(index++, position, channel);
  }
}

int32_t ReadResult(std::span<const uint8_t> bytes, int index) {
  uint32_t value = 0;
  for (int byte = 3; byte >= 0; --byte) value = value << 8 | bytes[size_t(4) * index + byte];
  return static_cast<int32_t>(value);
}

}  // namespace

absl::StatusOr<std::vector<uint8_t>> InputBytes(const MachineProgram& program, std::span<const uint8_t> image) {
  const TensorPlace& place = *program.tensors.front();
  COLONNADE_RETURN_IF_ERROR(CheckSize("the image", image.size(), place.shape.size()));
  std::vector<uint8_t> bytes(program.input_bytes());
  const size_t word = size_t(8) * place.banks();
  ForEachByte(place, [&](size_t index, int position, int channel) { bytes[position * word + channel] = image[index]; });
  return bytes;
}

absl::StatusOr<std::vector<int32_t>> ResultsOf(const MachineProgram& program, std::span<const uint8_t> bytes) {
  COLONNADE_RETURN_IF_ERROR(CheckSize("the result", bytes.size(), program.output_bytes()));
  std::vector<int32_t> results;
  if (program.is_logits) {
    for (int i = 0; i < program.results; ++i) results.push_back(ReadResult(bytes, i));
    return results;
  }
  const TensorPlace& place = *program.tensors.back();
  const size_t word = size_t(8) * place.banks();
  ForEachByte(place, [&](size_t, int position, int channel) {
    results.push_back(bytes[position * word + channel] - program.output_zero_point);
  });
  return results;
}

std::vector<uint8_t> BytesAt(const TensorPlace& place, int channels, std::span<const uint8_t> activations) {
  std::vector<uint8_t> bytes;
  ForEachByte(place, [&](size_t, int position, int channel) {
    bytes.push_back(activations[size_t(place.base + position) * channels + place.lane + channel]);
  });
  return bytes;
}

}  // namespace colonnade::machine
