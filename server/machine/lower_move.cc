// SPDX-License-Identifier: Apache-2.0
#include "server/base/status.h"
#include "server/machine/lowering.h"

namespace colonnade::machine {
namespace {

// A move of a whole tensor: what is special about it.
struct Move {
  int input = 0;
  int stride_h = 1, stride_w = 1;
  std::map<Tap, std::vector<int>> taps;  // none: each channel from its own place
  int offset = 0;                        // of channels
  int first = 0, last = 0;               // channels of the output that are written
  int low = 0, high = 0;
};

Move MoveOf(int input, int output, const Lowering& lowering) {
  const quant::Tensor& out = lowering.tensor(output);
  return {input, 1, 1, {}, 0, 0, out.shape.channels - 1, out.lowest(), out.highest()};
}

absl::Status AppendMove(const Move& move, int output, Lowering& lowering) {
  COLONNADE_ASSIGN_OR_RETURN(const TensorPlace input, lowering.PlaceAsIs(move.input));
  const TensorPlace& out = lowering.place(output);
  nn::Window window;
  window.stride_h = move.stride_h;
  window.stride_w = move.stride_w;
  StepWords step(StepKind::kMove);
  COLONNADE_RETURN_IF_ERROR(SetWindow(input, lowering.tensor(move.input).zero_point(), window, out.shape, step));
  COLONNADE_RETURN_IF_ERROR(SetLanes(input, out, move.offset, move.first, move.last, lowering.limits(), step));
  const std::map<Tap, std::vector<int>> in_place{{{0, 0}, EveryChannel(input)}};
  COLONNADE_RETURN_IF_ERROR(SetTaps(move.taps.empty() ? in_place : move.taps, input, lowering, step));
  SetOutput(out, lowering.tensor(output).zero_point(), move.low, move.high, step);
  lowering.AppendStep(step);
  return absl::OkStatus();
}

}  // namespace

absl::Status LowerMove(const quant::ShiftLayer& layer, int output, Lowering& lowering) {
  Move move = MoveOf(layer.input, output, lowering);
  move.stride_h = layer.stride_h;
  move.stride_w = layer.stride_w;
  for (size_t channel = 0; channel < layer.dy.size(); ++channel) {
    move.taps[{layer.dy[channel], layer.dx[channel]}].push_back(static_cast<int>(channel));
  }
  return AppendMove(move, output, lowering);
}

absl::Status LowerMove(const quant::SubsampleLayer& layer, int output, Lowering& lowering) {
  Move move = MoveOf(layer.input, output, lowering);
  move.stride_h = layer.stride_h;
  move.stride_w = layer.stride_w;
  return AppendMove(move, output, lowering);
}

absl::Status LowerMove(const quant::PadChannelsLayer& layer, const quant::SubsampleLayer* before, int output,
                       Lowering& lowering) {
  Move move = MoveOf(before != nullptr ? before->input : layer.input, output, lowering);
  if (before != nullptr) {
    move.stride_h = before->stride_h;
    move.stride_w = before->stride_w;
  }
  move.offset = layer.before;
  return AppendMove(move, output, lowering);
}

absl::Status LowerMove(const quant::ConcatLayer& layer, int output, Lowering& lowering) {
  int channel = 0;
  for (const int input : layer.inputs) {
    Move move = MoveOf(input, output, lowering);
    const int channels = lowering.tensor(input).shape.channels;
    move.offset = move.first = channel;
    move.last = channel + channels - 1;
    COLONNADE_RETURN_IF_ERROR(AppendMove(move, output, lowering));
    channel += channels;
  }
  return absl::OkStatus();
}

absl::Status LowerMove(const quant::ClipLayer& layer, int output, Lowering& lowering) {
  Move move = MoveOf(layer.input, output, lowering);
  move.low = layer.low;
  move.high = layer.high;
  return AppendMove(move, output, lowering);
}

}  // namespace colonnade::machine
