// SPDX-License-Identifier: Apache-2.0
// Predicted cycles of a network on several arrays, dense against packed.
//
//   COLONNADE_DATA=... report_cycles [--network resnet20_cifar10] [--layers] [ARRAY...]
//
// Packs without training: searched groups, conflicts pruned, as a job's first round does;
// cycles depend on where weights are, not on their values. Convolutions and fully
// connected layers are listed apart. "ideal" is what streaming takes: tiles x pixels x
// word time, so cycles / ideal is the price of filling, draining, loading and waiting.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "server/compiler/cycle_model.h"
#include "server/compiler/pack.h"
#include "server/compiler/tile.h"
#include "server/nn/filter_matrix.h"
#include "server/packing/group_search.h"
#include "server/packing/prune_conflicts.h"
#include "tests/support/require.h"
#include "tests/support/shared_network.h"

namespace colonnade {
namespace {

using array::ArrayConfig;
using array::Cycles;

struct Cost {
  int64_t tiles = 0;
  Cycles cycles;

  Cost& operator+=(const Cost& other) {
    tiles += other.tiles;
    cycles += other.cycles;
    return *this;
  }
};

struct LayerCost {
  std::string name;
  bool convolution = false;
  int64_t pixels = 0;
  Cost dense, packed;
};

// The weights' signs: enough to see which cells are empty.
quant::WeightMatrix Signs(const nn::FilterMatrix& matrix) {
  quant::WeightMatrix signs{matrix.rows, matrix.columns, {}, matrix.column_sites};
  for (const float value : matrix.values) signs.values.push_back(value > 0 ? 1 : value < 0 ? -1 : 0);
  return signs;
}

Cost CostOf(const nn::FilterMatrix& matrix, const packing::Grouping& grouping, int64_t pixels,
            const ArrayConfig& config) {
  const array::PackedMatrix packed = Require(compiler::Pack(Signs(matrix), grouping, config));
  std::vector<array::Tile> tiles = compiler::CutIntoTiles(packed, config);
  const Cycles cycles = compiler::PredictCycles(config, pixels, tiles);
  return {static_cast<int64_t>(tiles.size()), cycles};
}

LayerCost MeasureLayer(const nn::Network& network, const nn::Layer& layer, const ArrayConfig& config) {
  nn::FilterMatrix matrix = nn::ToFilterMatrix(network, layer);
  const bool convolution = layer.as<nn::Convolution>() != nullptr;
  const int64_t pixels = convolution ? int64_t{layer.output.height} * layer.output.width : 1;
  LayerCost cost{layer.name, convolution, pixels, {}, {}};
  cost.dense = CostOf(matrix, compiler::DenseGrouping(Signs(matrix)), pixels, config);
  const auto found =
      Require(packing::GroupBySearch({matrix, config.alpha, double(config.alpha - 1), config.feed_rule}));
  packing::PruneConflicts(found.grouping, matrix);
  cost.packed = CostOf(matrix, found.grouping, pixels, config);
  return cost;
}

void Print(const std::string& name, int64_t pixels, const Cost& dense, const Cost& packed) {
  const Cycles& c = packed.cycles;
  fmt::print("{:<28} {:>6} {:>6} {:>6} {:>9} {:>8} {:>8} {:>6} {:>6} {:>6} {:>6} {:>7.4f} {:>7.2f} {:>7.2f}\n", name,
             pixels == 0 ? "" : fmt::to_string(pixels), dense.tiles, packed.tiles, dense.cycles.total(), c.total(),
             c.stream, c.fill, c.drain, c.weight_load, c.stall, double(c.total()) / double(c.stream),
             double(dense.cycles.stream) / double(c.stream), double(dense.cycles.total()) / double(c.total()));
}

void PrintHead(const std::string& array) {
  fmt::print("\n{:<28} {:>6} {:^13} {:^18} {:^42} {:>7} {:^15}\n", array, "", "tiles", "cycles", "of the packed ones",
             "/ ideal", "dense / packed");
  fmt::print("{:<28} {:>6} {:>6} {:>6} {:>9} {:>8} {:>8} {:>6} {:>6} {:>6} {:>6} {:>7} {:>7} {:>7}\n", "", "pixels",
             "dense", "packed", "dense", "packed", "stream", "fill", "drain", "load", "stall", "packed", "stream",
             "all");
}

void PrintSum(const std::string& name, const std::vector<LayerCost>& layers, bool convolutions, bool linear) {
  LayerCost sum;
  for (const LayerCost& layer : layers) {
    if (!(layer.convolution ? convolutions : linear)) continue;
    sum.dense += layer.dense;
    sum.packed += layer.packed;
  }
  if (sum.packed.tiles > 0) Print(name, 0, sum.dense, sum.packed);
}

void Report(const nn::Network& network, const ArrayConfig& config, bool by_layer) {
  std::vector<LayerCost> layers;
  for (const nn::Layer& layer : network.layers) {
    if (layer.is_matrix()) layers.push_back(MeasureLayer(network, layer, config));
  }
  PrintHead(array::Name(config));
  for (const LayerCost& layer : layers) {
    if (by_layer) Print(layer.name, layer.pixels, layer.dense, layer.packed);
  }
  PrintSum("convolutions", layers, true, false);
  PrintSum("fully connected", layers, false, true);
  PrintSum("all", layers, true, true);
}

}  // namespace
}  // namespace colonnade

int main(int argc, char** argv) {
  std::string name = "resnet20_cifar10";
  bool by_layer = false;
  std::vector<std::string> arrays = {"16x18a8", "8x8a8", "16x16a8", "32x32a8"};
  CLI::App app("Predicted cycles, dense against packed");
  app.add_option("--network", name, "models/NAME.onnx of COLONNADE_DATA");
  app.add_flag("--layers", by_layer, "a line per layer too");
  app.add_option("arrays", arrays, "array configurations");
  CLI11_PARSE(app, argc, argv);
  const auto data = colonnade::SharedData();
  if (!data) {
    fmt::print(stderr, "report_cycles: COLONNADE_DATA is not set\n");
    return 1;
  }
  const colonnade::nn::Network network = colonnade::ReadNetwork(*data, name);
  fmt::print("{}\n", name);
  for (const std::string& array : arrays) {
    colonnade::Report(network, colonnade::Require(colonnade::array::ParseArrayConfig(array)), by_layer);
  }
}
