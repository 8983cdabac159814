// SPDX-License-Identifier: Apache-2.0
// The fields that several kinds of steps have in common.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "server/base/status.h"
#include "server/machine/bit_fields.h"
#include "server/machine/lowering.h"
#include "server/machine/refusals.h"

namespace colonnade::machine {
namespace {

constexpr int kMost8Bits = 255;
constexpr int kLeastTap = -(1 << 15), kMostTap = (1 << 15) - 1;

absl::Status CheckTap(int offset) {
  if (kLeastTap <= offset && offset <= kMostTap) return absl::OkStatus();
  return InvalidField("tap", fmt::format("{} pixels from the window's corner; {} to {}; use a smaller window", offset,
                                         kLeastTap, kMostTap));
}

}  // namespace

absl::Status SetWindow(const TensorPlace& input, int zero_point, const nn::Window& window, const nn::Shape& output,
                       StepWords& step) {
  COLONNADE_RETURN_IF_ERROR(
      CheckAtMost("stride", std::max(window.stride_h, window.stride_w), kMost8Bits, "use a smaller stride"));
  COLONNADE_RETURN_IF_ERROR(
      CheckAtMost("pad", std::max(window.pad_top, window.pad_left), kMost8Bits, "use smaller pads"));
  step.Set(1, 0, 16, input.base);
  step.Set(1, 16, 8, zero_point);
  step.Set(2, 0, 16, input.shape.height);
  step.Set(2, 16, 16, input.shape.width);
  step.Set(3, 0, 8, window.stride_h);
  step.Set(3, 8, 8, window.stride_w);
  step.Set(3, 16, 8, window.pad_top);
  step.Set(3, 24, 8, window.pad_left);
  step.Set(4, 0, 16, output.width);
  step.Set(5, 0, 16, int64_t{output.height} * output.width - 1);
  return absl::OkStatus();
}

void SetOutput(const TensorPlace& output, int zero_point, int low, int high, StepWords& step) {
  step.Set(10, 0, 16, output.base);
  step.Set(10, 16, 8, zero_point);
  step.Set(11, 0, 9, TwosComplement(low, 9));
  step.Set(11, 16, 9, TwosComplement(high, 9));
}

absl::Status SetLanes(const TensorPlace& input, const TensorPlace& output, int offset, int first, int last,
                      const DeviceLimits& limits, StepWords& step) {
  if (offset % 8 != 0) {
    return InvalidField("offset",
                        fmt::format("channels move by {}; a multiple of 8; pad by multiples of 8, or give the "
                                    "tensors before channels in multiples of 8",
                                    offset));
  }
  const int banks = limits.channels / 8;
  const int rotation = output.first_bank() + offset / 8 - input.first_bank();
  step.Set(7, 0, 8, (rotation + banks) % banks);
  step.Set(7, 8, 8, input.first_bank());
  step.Set(8, 0, 8, output.lane + offset);
  step.Set(8, 8, 8, output.lane + offset + input.shape.channels - 1);
  step.Set(9, 0, 8, output.lane + first);
  step.Set(9, 8, 8, output.lane + last);
  return absl::OkStatus();
}

absl::Status SetTaps(const std::map<Tap, std::vector<int>>& taps, const TensorPlace& input, Lowering& lowering,
                     StepWords& step) {
  const DeviceLimits& limits = lowering.limits();
  const int64_t words = int64_t{lowering.count(MemoryId::kTaps)} + static_cast<int64_t>(taps.size());
  COLONNADE_RETURN_IF_ERROR(CheckAtMost("taps", words, std::min(limits.tap_words, 1 << 16),
                                        "use a device with a deeper memory, or smaller windows"));
  step.Set(6, 0, 16, taps.size() - 1);
  step.Set(6, 16, 16, lowering.count(MemoryId::kTaps));
  for (const auto& [tap, channels] : taps) {
    COLONNADE_RETURN_IF_ERROR(CheckTap(tap.first));
    COLONNADE_RETURN_IF_ERROR(CheckTap(tap.second));
    lowering.AppendTap(tap, input.shape.width, input.lane, channels);
  }
  return absl::OkStatus();
}

std::vector<int> EveryChannel(const TensorPlace& tensor) {
  std::vector<int> channels(tensor.shape.channels);
  std::iota(channels.begin(), channels.end(), 0);
  return channels;
}

}  // namespace colonnade::machine
