// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "server/base/status.h"
#include "server/machine/lowering.h"
#include "server/machine/refusals.h"

namespace colonnade::machine {
namespace {

constexpr int kMostCount = 256;

std::map<Tap, std::vector<int>> TapsOf(const nn::Window& window, const TensorPlace& input) {
  std::map<Tap, std::vector<int>> taps;
  for (int dy = 0; dy < window.kernel_h; ++dy) {
    for (int dx = 0; dx < window.kernel_w; ++dx) taps[{dy, dx}] = EveryChannel(input);
  }
  return taps;
}

// Everything but what the kinds of pools differ in.
absl::StatusOr<StepWords> Pool(StepKind kind, int tensor, const nn::Window& window, int output, Lowering& lowering) {
  COLONNADE_ASSIGN_OR_RETURN(const TensorPlace input, lowering.PlaceAsIs(tensor));
  const TensorPlace& out = lowering.place(output);
  const quant::Tensor& result = lowering.tensor(output);
  // Before the taps are listed: a window may be larger than any memory.
  COLONNADE_RETURN_IF_ERROR(CheckAtMost("taps", int64_t{window.kernel_h} * window.kernel_w, lowering.limits().tap_words,
                                        "pool in smaller windows, one after another"));
  StepWords step(kind);
  COLONNADE_RETURN_IF_ERROR(SetWindow(input, lowering.tensor(tensor).zero_point(), window, out.shape, step));
  COLONNADE_RETURN_IF_ERROR(SetLanes(input, out, 0, 0, out.shape.channels - 1, lowering.limits(), step));
  COLONNADE_RETURN_IF_ERROR(SetTaps(TapsOf(window, input), input, lowering, step));
  SetOutput(out, result.zero_point(), result.lowest(), result.highest(), step);
  return step;
}

// Whether a window reaches over the image's edge.
bool ReachesOutside(const nn::Window& window, const nn::Shape& input, const nn::Shape& output) {
  const int end_y = (output.height - 1) * window.stride_h - window.pad_top + window.kernel_h;
  const int end_x = (output.width - 1) * window.stride_w - window.pad_left + window.kernel_w;
  return window.pad_top > 0 || window.pad_left > 0 || end_y > input.height || end_x > input.width;
}

absl::Status CheckCount(const quant::AveragePoolLayer& layer, const nn::Shape& input, const nn::Shape& output) {
  COLONNADE_RETURN_IF_ERROR(CheckAtMost("count", int64_t{layer.window.kernel_h} * layer.window.kernel_w, kMostCount,
                                        "average in smaller windows, one after another"));
  if (layer.count_include_pad || !ReachesOutside(layer.window, input, output)) return absl::OkStatus();
  return InvalidField("count",
                      fmt::format("fewer than {} pixels where the window reaches over the edge; the same number "
                                  "everywhere; average without pads, or count them",
                                  layer.window.kernel_h * layer.window.kernel_w));
}

}  // namespace

absl::Status LowerPool(const quant::MaxPoolLayer& layer, int output, Lowering& lowering) {
  COLONNADE_ASSIGN_OR_RETURN(const StepWords step,
                             Pool(StepKind::kMaximum, layer.input, layer.window, output, lowering));
  lowering.AppendStep(step);
  return absl::OkStatus();
}

absl::Status LowerPool(const quant::AveragePoolLayer& layer, int output, Lowering& lowering) {
  COLONNADE_RETURN_IF_ERROR(CheckCount(layer, lowering.tensor(layer.input).shape, lowering.tensor(output).shape));
  COLONNADE_ASSIGN_OR_RETURN(StepWords step, Pool(StepKind::kAverage, layer.input, layer.window, output, lowering));
  step.Set(13, 0, 5, layer.left);
  step.Set(14, 0, 16, int64_t{layer.window.kernel_h} * layer.window.kernel_w);
  lowering.AppendStep(step);
  return absl::OkStatus();
}

}  // namespace colonnade::machine
