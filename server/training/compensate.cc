// SPDX-License-Identifier: Apache-2.0
// A filter computes y = w . x + b for the column x of activations under its window. The
// dense network gives the targets t, the packed one, whose earlier layers are repaired
// already, the inputs x. With S the weights that are left, and x extended by a 1 for the
// bias, the best ones solve the normal equations
//
//   E[x_S x_S^T] w_S = E[x_S t]
//
// with a little of the mean diagonal added, for inputs that are always zero. The moments
// are the same for all filters of a layer; only S differs, and may be chosen by the same error
// (choose_weights.h).
#include "server/training/compensate.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "server/base/status.h"
#include "server/training/choose_weights.h"
#include "server/training/matrix_threads.h"
#include "server/training/module.h"

namespace colonnade::training {
namespace {

using at::Tensor;

constexpr int64_t kPortion = 50;    // images at a time
constexpr int kPasses = 3;          // over the cells of a filter
constexpr double kMostWork = 2e11;  // multiplications in one layer's exchanges; about half a minute
constexpr double kDamping = 1e-3;   // of the mean second moment

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

// The columns of a filter's weights that are not zero, and behind them the bias's.
std::vector<int64_t> KeptColumns(const Tensor& weights) {
  const auto values = weights.accessor<float, 1>();
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < weights.size(0); ++i) {
    if (values[i] != 0) kept.push_back(i);
  }
  kept.push_back(weights.size(0));
  return kept;
}

// Of each kept column the others of its cell.
std::vector<std::vector<int64_t>> Alternatives(const std::vector<int64_t>& kept,
                                               std::span<const int32_t> cell_of_column) {
  std::map<int32_t, std::vector<int64_t>> columns;
  for (size_t i = 0; i < cell_of_column.size(); ++i) columns[cell_of_column[i]].push_back(int64_t(i));
  std::vector<std::vector<int64_t>> alternatives(kept.size());
  for (size_t i = 0; i + 1 < kept.size(); ++i) {  // the last one is the bias's
    const int32_t cell = cell_of_column[size_t(kept[i])];
    if (cell < 0) continue;
    alternatives[i] = columns[cell];
    std::erase(alternatives[i], kept[i]);
  }
  return alternatives;
}

std::span<const double> Values(const Tensor& tensor) { return {tensor.data_ptr<double>(), size_t(tensor.numel())}; }

// Multiplications that exchanges take.
double WorkOf(const Tensor& weight) {
  const double kept = weight.ne(0).sum().item<double>() / double(weight.size(0));
  return kPasses * double(weight.numel()) * kept * kept;
}

// The normal equations of all filters: targets are [filters][columns + 1] here.
struct Equations {
  Tensor square, targets;
};

Equations EquationsOf(const Moments& moments) {
  Equations equations{moments.inputs.contiguous(), moments.targets.t().contiguous()};
  equations.square.diagonal().add_(kDamping * equations.square.diagonal().mean());
  return equations;
}

// `cell_of_column` is empty where each column stays.
void SolveFilter(const Equations& equations, const Tensor& targets, std::span<const int32_t> cell_of_column,
                 Tensor weight, Tensor bias) {
  std::vector<int64_t> kept = KeptColumns(weight);
  if (!cell_of_column.empty()) {
    ChooseWeights({Values(equations.square), Values(targets)}, Alternatives(kept, cell_of_column), kPasses, kept);
  }
  const Tensor places = at::tensor(kept, at::kLong);
  const Tensor square = equations.square.index_select(0, places).index_select(1, places);
  const Tensor solution = at::linalg_solve(square, targets.index_select(0, places)).to(at::kFloat);
  const int64_t count = places.size(0) - 1;
  weight.zero_();
  weight.index_put_({places.slice(0, 0, count)}, solution.slice(0, 0, count));
  bias.copy_(solution[count]);
}

// weight is [filters][columns]; `cells` null, or of this layer.
void Solve(const Moments& moments, const Cells* cells, const Tensor& weight, const Tensor& bias) {
  const Equations equations = EquationsOf(moments);
  const auto columns = size_t(weight.size(1));
  const OneMatrixThread one_each;
  at::parallel_for(0, weight.size(0), 1, [&](int64_t begin, int64_t end) {
    const at::NoGradGuard no_gradients;  // of each thread
    for (int64_t filter = begin; filter < end; ++filter) {
      std::span<const int32_t> own;
      if (cells != nullptr) own = std::span(cells->of_weight).subspan(size_t(filter) * columns, columns);
      SolveFilter(equations, equations.targets[filter], own, weight[filter], bias[filter]);
    }
  });
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

void RepairLayer(Module& dense, Module& packed, int layer, std::span<const Cells> cells,
                 const std::vector<Tensor>& portions) {
  const std::string& name = packed.network().layers[size_t(layer)].name;
  const WeightAndBias parameters = ParametersOf(packed, name);
  const auto own = std::ranges::find(cells, name, &Cells::layer);
  Tensor weight = parameters.weight->contiguous().flatten(1);
  const bool chooses = own != cells.end() && WorkOf(weight) <= kMostWork;
  Solve(MomentsOf(dense, packed, layer, portions), chooses ? &*own : nullptr, weight, *parameters.bias);
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
                                       std::span<const Cells> cells, std::span<const float> images,
                                       std::stop_token stop) {
  Module target(dense), repaired(packed);
  COLONNADE_RETURN_IF_ERROR(Guarded([&]() -> absl::Status {
    const at::NoGradGuard no_gradients;
    const std::vector<Tensor> portions = Portions(images, dense.input_shape());
    for (int layer = 0; layer < int(packed.layers.size()); ++layer) {
      if (stop.stop_requested()) return absl::CancelledError("stopped");
      if (CanRepair(packed.layers[size_t(layer)])) RepairLayer(target, repaired, layer, cells, portions);
    }
    Reestimate(repaired, portions);
    return absl::OkStatus();
  }));
  return repaired.Export();
}

}  // namespace colonnade::training
