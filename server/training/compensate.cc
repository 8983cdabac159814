// SPDX-License-Identifier: Apache-2.0
// A filter computes y = w . x + b for the column x of activations under its window. The
// dense network gives the targets t, the packed one, whose earlier layers are repaired
// already, the inputs x. With S the weights that are left, and x extended by a 1 for the
// bias, the best ones solve the normal equations
//
//   E[x_S x_S^T] w_S = E[x_S t]
//
// with a little of the mean diagonal added, for inputs that are always zero. The moments
// are the same for all filters of a layer; only S differs.
#include "server/training/compensate.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "server/base/status.h"
#include "server/training/module.h"

namespace colonnade::training {
namespace {

using at::Tensor;

constexpr int64_t kPortion = 50;      // images at a time
constexpr double kDamping = 1e-3;     // of the mean second moment

struct Moments {
  Tensor inputs;   // [columns + 1][columns + 1]: E[x x^T]
  Tensor targets;  // [columns + 1][filters]: E[x t]
};

std::vector<Tensor> Portions(std::span<const float> images, const nn::Shape& shape) {
  const int64_t count = int64_t(images.size()) / shape.size();
  std::vector<Tensor> portions;
  for (int64_t begin = 0; begin < count; begin += kPortion) {
    const int64_t size = std::min(kPortion, count - begin);
    const auto portion = images.subspan(size_t(begin * shape.size()), size_t(size * shape.size()));
    portions.push_back(ImagesToTensor(portion, shape));
  }
  return portions;
}

Moments MomentsOf(Module& dense, Module& packed, int layer, const std::vector<Tensor>& portions) {
  Moments moments;
  for (const Tensor& images : portions) {
    const int input = packed.network().layers[size_t(layer)].inputs[0];
    const Tensor columns = packed.Columns(layer, packed.ValuesOf(input, images));
    const Tensor x = at::cat({columns, at::ones({1, columns.size(1)})});
    const Tensor t = dense.ValuesOf(layer, images).contiguous().flatten(2).permute({0, 2, 1}).flatten(0, 1);
    const Tensor inputs = at::matmul(x, x.t()).to(at::kDouble), targets = at::matmul(x, t).to(at::kDouble);
    moments.inputs = moments.inputs.defined() ? moments.inputs + inputs : inputs;
    moments.targets = moments.targets.defined() ? moments.targets + targets : targets;
  }
  return moments;
}

// weight is [filters][columns].
void Solve(const Moments& moments, Tensor& weight, Tensor& bias) {
  const double damping = kDamping * moments.inputs.diagonal().mean().item<double>();
  const Tensor ones = at::ones({1}, at::kBool);
  for (int64_t filter = 0; filter < weight.size(0); ++filter) {
    const Tensor kept = at::cat({weight[filter].ne(0), ones}).nonzero().flatten();
    Tensor square = moments.inputs.index_select(0, kept).index_select(1, kept);
    square.diagonal().add_(damping);
    const Tensor right = moments.targets.index_select(0, kept).select(1, filter);
    const Tensor solution = at::linalg_solve(square, right).to(at::kFloat);
    const Tensor places = kept.slice(0, 0, kept.size(0) - 1);
    weight[filter].index_put_({places}, solution.slice(0, 0, places.size(0)));
    bias[filter] = solution[places.size(0)];
  }
}

struct WeightAndBias {
  Tensor *weight = nullptr, *bias = nullptr;
};

WeightAndBias ParametersOf(Module& module, const std::string& layer) {
  WeightAndBias found;
  for (const Module::Parameter& parameter : module.Parameters()) {
    if (parameter.name == layer + ".weight") found.weight = parameter.tensor;
    if (parameter.name == layer + ".bias") found.bias = parameter.tensor;
  }
  return found;
}

void RepairLayer(Module& dense, Module& packed, int layer, const std::vector<Tensor>& portions) {
  const WeightAndBias parameters = ParametersOf(packed, packed.network().layers[size_t(layer)].name);
  Tensor weight = parameters.weight->contiguous().flatten(1);
  Solve(MomentsOf(dense, packed, layer, portions), weight, *parameters.bias);
  parameters.weight->copy_(weight.view(parameters.weight->sizes()));
}

bool CanRepair(const nn::Layer& layer) {
  const auto* conv = layer.as<nn::Convolution>();
  return conv ? conv->groups == 1 : layer.as<nn::Linear>() != nullptr;
}

void Reestimate(Module& module, const std::vector<Tensor>& portions) {
  for (size_t i = 0; i < portions.size(); ++i) {
    module.SetRunningShare(1.0 / double(i + 1));
    module.Forward(portions[i], /*training=*/true);
  }
}

}  // namespace

absl::StatusOr<nn::Network> Compensate(const nn::Network& dense, const nn::Network& packed,
                                       std::span<const float> images, std::stop_token stop) {
  Module target(dense), repaired(packed);
  COLONNADE_RETURN_IF_ERROR(Guarded([&]() -> absl::Status {
    const at::NoGradGuard no_gradients;
    const std::vector<Tensor> portions = Portions(images, dense.input_shape());
    for (int layer = 0; layer < int(packed.layers.size()); ++layer) {
      if (stop.stop_requested()) return absl::CancelledError("stopped");
      if (CanRepair(packed.layers[size_t(layer)])) RepairLayer(target, repaired, layer, portions);
    }
    Reestimate(repaired, portions);
    return absl::OkStatus();
  }));
  return repaired.Export();
}

}  // namespace colonnade::training
