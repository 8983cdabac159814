// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/report.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <numeric>
#include <vector>

#include "server/artifact/artifact.h"
#include "server/nn/filter_matrix.h"
#include "server/packing/packing_problem.h"
#include "server/packing/saliency.h"
#include "server/pipeline/report_array.h"

namespace colonnade::pipeline {
namespace {

using array::ArrayProgram;
using nlohmann::json;

v1::Measured MeasuredOf(const ArrayProgram& program) {
  const artifact::Size size = artifact::SizeOnArray(program);
  v1::Measured measured;
  measured.set_columns(size.columns);
  measured.set_tiles(size.tiles);
  measured.set_cycles(size.cycles);
  measured.set_weight_bytes(size.weight_bytes);
  return measured;
}

json ToJson(const v1::Measured& measured) {
  return {{"columns", measured.columns()},
          {"tiles", measured.tiles()},
          {"cycles", measured.cycles()},
          {"weight_bytes", measured.weight_bytes()}};
}

const std::vector<float>* WeightsOf(const nn::Network& network, const std::string& name) {
  for (const nn::Layer& layer : network.layers) {
    if (layer.name != name) continue;
    if (const auto* conv = layer.as<nn::Convolution>()) return &conv->weight;
    if (const auto* linear = layer.as<nn::Linear>()) return &linear->weight;
  }
  return nullptr;
}

double KeptEnergy(const std::vector<float>& dense, const std::vector<float>& packed) {
  double kept = 0, all = 0;
  for (size_t i = 0; i < dense.size(); ++i) {
    const double energy = double(dense[i]) * dense[i];
    all += energy;
    if (packed[i] != 0) kept += energy;
  }
  return all == 0 ? 1 : kept / all;
}

// Of the dense layer's saliency.
void AddSaliency(const LayerPacking& packing, const PackedLayers& layers, json& object) {
  const nn::Network& network = layers.prepared.network;
  const nn::Layer& layer = network.layers[size_t(packing.plan.layer)];
  const auto matrix = nn::ToFilterMatrix(network, layer);
  const std::vector<float> saliency = SaliencyOf(matrix, &layers.prepared.importance, packing.plan.name);
  const int alpha = packing.plan.excluded ? 1 : packing.plan.alpha;
  const packing::PackingProblem problem{matrix, alpha, double(alpha - 1), layers.program.config.feed_rule, saliency};
  const double all = std::accumulate(saliency.begin(), saliency.end(), 0.0);
  if (all == 0) return;
  object["kept_saliency"] = packing::KeptSaliency(problem, layers.combined.groupings.at(packing.plan.name)) / all;
  object["saliency_bound"] = packing::SaliencyBound(problem) / all;
}

double Efficiency(const LayerPacking& packing) {
  const int64_t cells = packing.columns_after * packing.rows;
  return cells == 0 ? 1 : double(packing.nonzeros) / double(cells);
}

// Step i of a program is layer i of the network it was compiled from.
json LayerToJson(const LayerPacking& packing, const PackedLayers& layers) {
  json object = {{"name", packing.plan.name},
                 {"rows", packing.rows},
                 {"columns_before", packing.plan.columns},
                 {"columns_after", packing.columns_after},
                 {"alpha", packing.plan.excluded ? 1 : packing.plan.alpha},
                 {"excluded", packing.plan.excluded},
                 {"weights", packing.weights},
                 {"nonzeros", packing.nonzeros},
                 {"density", double(packing.nonzeros) / double(packing.weights)},
                 {"packing_efficiency", Efficiency(packing)}};
  const auto* dense = WeightsOf(layers.dense, packing.plan.name);
  const auto* packed = WeightsOf(layers.packed, packing.plan.name);
  if (dense && packed) object["kept_energy"] = KeptEnergy(*dense, *packed);
  AddSaliency(packing, layers, object);
  for (size_t i = 0; i < layers.quantized.layers.size(); ++i) {
    const auto* matrix = std::get_if<quant::MatrixLayer>(&layers.quantized.layers[i].operation);
    if (matrix == nullptr || matrix->source != packing.plan.name) continue;
    const auto& step = std::get<array::MatrixStep>(layers.program.steps[i].operation);
    object["tiles"] = step.tiles.size();
    object["cycles"] = step.cycles.total();
    if (i < layers.dense_program.steps.size()) {
      const auto* dense_step = std::get_if<array::MatrixStep>(&layers.dense_program.steps[i].operation);
      if (dense_step) object["dense_cycles"] = dense_step->cycles.total();
    }
  }
  return object;
}

json QuantizationToJson(const Measurements& measurements) {
  json object = {{"images", measurements.layer_error_images}, {"layers", json::array()}};
  for (const LayerError& layer : measurements.layer_errors) {
    json entry = {
        {"name", layer.name}, {"mean_square", layer.mean_square}, {"mean_squared_error", layer.mean_squared_error}};
    const bool has_ratio = layer.mean_square > 0 && layer.mean_squared_error > 0;
    if (has_ratio) entry["signal_to_noise_db"] = 10 * std::log10(layer.mean_square / layer.mean_squared_error);
    object["layers"].push_back(std::move(entry));
  }
  return object;
}

json MakeReport(const v1::JobResult& result, const Measurements& measurements, const PackedLayers& layers) {
  json report = {{"schema", "colonnade.report/1"},
                 {"dense", ToJson(result.dense())},
                 {"packed", ToJson(result.packed())},
                 {"accuracy",
                  {{"dense", result.dense_accuracy()},
                   {"dense_quantized", result.dense_quantized_accuracy()},
                   {"packed", result.packed_accuracy()},
                   {"quantized", result.quantized_accuracy()},
                   {"source", result.accuracy_source()},
                   {"images", result.accuracy_images()}}},
                 {"packing_efficiency", result.packing_efficiency()},
                 {"packing_efficiency_tiled", result.packing_efficiency_tiled()},
                 {"density", layers.combined.density()},
                 {"on_array", {{"dense", ArrayCost(layers.dense_program)}, {"packed", ArrayCost(layers.program)}}},
                 {"pipelined", {{"packed", PipelinedCost(layers.program)}}},
                 {"quantization", QuantizationToJson(measurements)},
                 {"training",
                  {{"images", measurements.training_images},
                   {"epochs", measurements.epochs},
                   {"images_used", measurements.images_used}}}};
  for (const Measurements::Epoch& epoch : measurements.curve) {
    report["training"]["curve"].push_back(
        {{"round", epoch.round}, {"loss", epoch.loss}, {"accuracy", epoch.accuracy}});
  }
  if (!layers.prepared.allocation.empty()) report["pareto"] = ParetoJson(layers.prepared.allocation);
  for (const auto& [stage, seconds] : result.stage_seconds()) report["stage_seconds"][stage] = seconds;
  for (const LayerPacking& packing : layers.combined.layers) report["layers"].push_back(LayerToJson(packing, layers));
  return report;
}

}  // namespace

v1::JobResult MakeResult(const Measurements& measurements, const PackedLayers& layers,
                         const std::map<std::string, double>& stage_seconds) {
  v1::JobResult result;
  *result.mutable_dense() = MeasuredOf(layers.dense_program);
  *result.mutable_packed() = MeasuredOf(layers.program);
  result.set_dense_accuracy(measurements.dense.value());
  result.set_dense_quantized_accuracy(measurements.dense_quantized.value());
  result.set_packed_accuracy(measurements.packed.value());
  result.set_quantized_accuracy(measurements.quantized.value());
  result.set_accuracy_source(measurements.held_out ? "held_out" : "evaluation");
  result.set_accuracy_images(measurements.quantized.images);
  const array::ProgramSize size = array::SizeOf(layers.program);
  result.set_packing_efficiency(size.cells == 0 ? 1 : double(size.nonzero_cells) / double(size.cells));
  result.set_packing_efficiency_tiled(size.tile_cells == 0 ? 1 : double(size.nonzero_cells) / double(size.tile_cells));
  result.set_epochs(measurements.epochs);
  for (const auto& [stage, seconds] : stage_seconds) (*result.mutable_stage_seconds())[stage] = seconds;
  result.set_report_json(MakeReport(result, measurements, layers).dump());
  return result;
}

}  // namespace colonnade::pipeline
