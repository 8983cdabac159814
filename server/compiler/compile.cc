// SPDX-License-Identifier: Apache-2.0
#include "server/compiler/compile.h"

#include <fmt/format.h>

#include <set>

#include "server/base/status.h"
#include "server/compiler/cycle_model.h"
#include "server/compiler/pack.h"
#include "server/compiler/tile.h"

namespace colonnade::compiler {
namespace {

using array::ArrayProgram;
using array::MatrixStep;

absl::Status CheckSources(const quant::QuantizedNetwork& network, const Groupings& groupings) {
  std::set<std::string_view> sources;
  for (const quant::QuantizedLayer& layer : network.layers) {
    if (const auto* matrix = std::get_if<quant::MatrixLayer>(&layer.operation))
      sources.insert(matrix->source);
  }
  for (const auto& [source, grouping] : groupings) {
    if (!sources.contains(source)) {
      return absl::InvalidArgumentError(
          fmt::format("column groups are given for '{}', which is no matrix layer of the network", source));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<MatrixStep> PackLayer(const quant::MatrixLayer& layer, const Groupings& groupings,
                                     const array::ArrayConfig& config) {
  const auto found = groupings.find(layer.source);
  MatrixStep step;
  COLONNADE_ASSIGN_OR_RETURN(
      step.matrix,
      Pack(layer.weights, found == groupings.end() ? DenseGrouping(layer.weights) : found->second, config));
  step.input = layer.input;
  step.window = layer.window;
  step.bias = layer.bias;
  step.shift = layer.shift;
  step.residual = layer.residual;
  step.low = layer.low;
  step.high = layer.high;
  step.is_logits = layer.is_logits;
  step.dense_columns = NonzeroColumns(layer.weights);
  return step;
}

absl::Status PackLayers(const quant::QuantizedNetwork& network, const Groupings& groupings,
                        ArrayProgram& program) {
  for (const quant::QuantizedLayer& layer : network.layers) {
    if (const auto* matrix = std::get_if<quant::MatrixLayer>(&layer.operation)) {
      auto step = PackLayer(*matrix, groupings, program.config);
      if (!step.ok()) return Annotate(step.status(), fmt::format("layer '{}'", layer.name));
      program.steps.push_back({layer.name, *std::move(step)});
    } else {
      program.steps.push_back({layer.name, std::get<quant::HostLayer>(layer.operation)});
    }
  }
  return absl::OkStatus();
}

// acc = bias + sum w * q = (bias - 128 * sum w) + sum w * (q + 128). It fits 32 bits,
// being the accumulator for q = -128 everywhere.
void CorrectBiases(MatrixStep& step, const quant::Tensor& input) {
  const array::PackedMatrix& matrix = step.matrix;
  for (int row = 0; row < matrix.rows; ++row) {
    int64_t sum = 0;
    for (int group = 0; group < matrix.groups; ++group)
      sum += matrix.weights[size_t(row) * matrix.groups + group];
    step.bias[row] = static_cast<int32_t>(step.bias[row] - input.zero_point() * sum);
  }
}

}  // namespace

absl::StatusOr<ArrayProgram> Compile(const quant::QuantizedNetwork& network, const Groupings& groupings,
                                     const array::ArrayConfig& config) {
  COLONNADE_RETURN_IF_ERROR(array::Check(config));
  COLONNADE_RETURN_IF_ERROR(quant::Check(network));
  COLONNADE_RETURN_IF_ERROR(CheckSources(network, groupings));
  ArrayProgram program{config, network.input_name,  network.output_name, network.tensors,
                       {},     network.logit_scale, network.softmax,     {}};
  COLONNADE_RETURN_IF_ERROR(PackLayers(network, groupings, program));
  for (size_t i = 0; i < program.steps.size(); ++i) {
    auto* step = std::get_if<MatrixStep>(&program.steps[i].operation);
    if (step == nullptr) continue;
    const nn::Shape& output = program.tensors[i + 1].shape;
    CorrectBiases(*step, program.tensors[step->input]);
    step->tiles = CutIntoTiles(step->matrix, config);
    step->cycles = PredictCycles(config, int64_t{output.height} * output.width, step->tiles);
    program.cycles += step->cycles;
  }
  COLONNADE_RETURN_IF_ERROR(array::Check(program));
  return program;
}

absl::StatusOr<ArrayProgram> CompileDense(const quant::QuantizedNetwork& network,
                                          const array::ArrayConfig& config) {
  return Compile(network, {}, config);
}

}  // namespace colonnade::compiler
