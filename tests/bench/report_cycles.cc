// SPDX-License-Identifier: Apache-2.0
// Predicted cycles of a network on several arrays, dense against packed.
//
//   COLONNADE_DATA=... report_cycles [--network resnet20_cifar10] [--layers] [ARRAY...]
//
// Packs without training (packed_network.h): cycles depend on where weights are, not on their
// values. Convolutions and fully connected layers, which have one pixel, are listed apart.
// "ideal" is what streaming takes: tiles x pixels x word time, so cycles / ideal is the price
// of filling, draining, loading and waiting.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "tests/support/packed_network.h"
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
  int64_t pixels = 0;
  Cost dense, packed;
};

Cost CostOf(const array::MatrixStep& step) { return {static_cast<int64_t>(step.tiles.size()), step.cycles}; }

std::vector<LayerCost> MeasureLayers(const array::ArrayProgram& dense, const array::ArrayProgram& packed) {
  std::vector<LayerCost> layers;
  for (size_t i = 0; i < packed.steps.size(); ++i) {
    const auto* step = std::get_if<array::MatrixStep>(&packed.steps[i].operation);
    if (step == nullptr) continue;
    const nn::Shape& output = packed.tensors[i + 1].shape;
    layers.push_back({packed.steps[i].name, int64_t{output.height} * output.width,
                      CostOf(std::get<array::MatrixStep>(dense.steps[i].operation)), CostOf(*step)});
  }
  return layers;
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
    if (!(layer.pixels > 1 ? convolutions : linear)) continue;
    sum.dense += layer.dense;
    sum.packed += layer.packed;
  }
  if (sum.packed.tiles > 0) Print(name, 0, sum.dense, sum.packed);
}

void Report(const std::filesystem::path& data, const std::string& network, const ArrayConfig& config, bool by_layer) {
  const auto dense = CompileDesign(data, network, Design::kDense, config.alpha, config);
  const auto packed = CompileDesign(data, network, Design::kPacked, config.alpha, config);
  const std::vector<LayerCost> layers = MeasureLayers(*dense, *packed);
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
  fmt::print("{}\n", name);
  for (const std::string& array : arrays) {
    colonnade::Report(*data, name, colonnade::Require(colonnade::array::ParseArrayConfig(array)), by_layer);
  }
}
