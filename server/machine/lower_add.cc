// SPDX-License-Identifier: Apache-2.0
#include "server/base/status.h"
#include "server/machine/lowering.h"

namespace colonnade::machine {

absl::Status LowerAdd(const quant::AddLayer& layer, int output, Lowering& lowering) {
  COLONNADE_ASSIGN_OR_RETURN(const TensorPlace a, lowering.PlaceAsIs(layer.a));
  COLONNADE_ASSIGN_OR_RETURN(const TensorPlace b, lowering.PlaceAsIs(layer.b));
  const TensorPlace& out = lowering.place(output);
  StepWords step(StepKind::kAdd);
  COLONNADE_RETURN_IF_ERROR(SetWindow(a, lowering.tensor(layer.a).zero_point(), {}, out.shape, step));
  COLONNADE_RETURN_IF_ERROR(SetLanes(a, out, 0, 0, out.shape.channels - 1, lowering.limits(), step));
  COLONNADE_RETURN_IF_ERROR(SetTaps({{{0, 0}, EveryChannel(a)}}, a, lowering, step));
  SetOutput(out, lowering.tensor(output).zero_point(), layer.low, layer.high, step);
  step.Set(12, 0, 16, b.base);
  step.Set(12, 16, 8, lowering.tensor(layer.b).zero_point());
  step.Set(12, 24, 8, b.first_bank());
  step.Set(13, 0, 5, layer.left_a);
  step.Set(13, 8, 5, layer.left_b);
  step.Set(13, 16, 5, layer.shift);
  lowering.AppendStep(step);
  return absl::OkStatus();
}

}  // namespace colonnade::machine
