// SPDX-License-Identifier: Apache-2.0
// What packing saves on the array, in the form of the column combining paper's bars
// (arXiv:1811.04770): dense, combined without conflicts, packed. Nothing is trained.
//
//   COLONNADE_DATA=... report_designs [--array 16x18a8] [--alpha 8] [NETWORK...]
//
// Tiles, cycles and modelled energy of one image, layer by layer, each relative to dense in
// brackets; then one array per layer with pixels streaming through all of them, against the
// packed network layer by layer. One JSON object per row with --json.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/pipeline/report_array.h"
#include "tests/support/packed_network.h"
#include "tests/support/shared_network.h"

namespace colonnade {
namespace {

using nlohmann::json;

json Row(const std::string& network, const char* design, const array::ArrayProgram& program) {
  json row = pipeline::ArrayCost(program);
  row["network"] = network;
  row["design"] = design;
  row["tiles"] = array::SizeOf(program).tiles;
  row["total_cycles"] = program.cycles.total();
  return row;
}

json PipelinedRow(const std::string& network, const array::ArrayProgram& program) {
  json row = pipeline::PipelinedCost(program);
  row["network"] = network;
  row["design"] = "pipelined";
  row["cells_layer_by_layer"] = program.config.rows * program.config.columns;
  row["latency_layer_by_layer"] = program.cycles.total();
  return row;
}

void Print(const json& row, const json& dense, bool as_json) {
  if (as_json) return fmt::print("{}\n", row.dump());
  if (row["design"] == "pipelined") {
    const double latency = row["latency"], in_turn = row["latency_layer_by_layer"];
    fmt::print("{:<18} pipelined     {} arrays, {} cells (one array: {}), latency {} (layer by layer {}: {:.1f}x), "
               "an image every {} cycles\n",
               row["network"].get<std::string>(), row["arrays"].get<int>(), row["cells"].get<int64_t>(),
               row["cells_layer_by_layer"].get<int64_t>(), latency, in_turn, in_turn / latency,
               row["interval"].get<int64_t>());
    return;
  }
  const auto against = [&](const char* path) {
    const json::json_pointer pointer(path);
    return row[pointer].get<double>() / dense[pointer].get<double>();
  };
  fmt::print("{:<18} {:<13} tiles {:>5} ({:.3f})  cycles {:>9} (throughput {:.2f}x, stream {:.2f}x)  "
             "{:>9.0f} nJ modelled ({:.3f})\n",
             row["network"].get<std::string>(), row["design"].get<std::string>(), row["tiles"].get<int64_t>(),
             against("/tiles"), row["total_cycles"].get<int64_t>(), 1 / against("/total_cycles"),
             1 / against("/cycles/stream"), row["energy"]["nanojoules"].get<double>(), against("/energy/nanojoules"));
}

void Report(const std::filesystem::path& data, const std::string& network, int alpha, const array::ArrayConfig& config,
            bool as_json) {
  const auto dense = CompileDesign(data, network, Design::kDense, alpha, config);
  const auto combined = CompileDesign(data, network, Design::kCombineOnly, alpha, config);
  const auto packed = CompileDesign(data, network, Design::kPacked, alpha, config);
  const json base = Row(network, "dense", *dense);
  Print(base, base, as_json);
  Print(Row(network, "combine only", *combined), base, as_json);
  Print(Row(network, "packed", *packed), base, as_json);
  Print(PipelinedRow(network, *packed), base, as_json);
}

}  // namespace
}  // namespace colonnade

int main(int argc, char** argv) {
  std::string array = "16x18a8";
  int alpha = 8;
  bool as_json = false;
  std::vector<std::string> networks = {"lenet5_mnist", "lenet5_shift_mnist", "shiftnet_cifar10", "resnet20_cifar10"};
  CLI::App app("Dense, combined without conflicts, packed: tiles, cycles, energy, latency");
  app.add_option("--array", array, "array configuration");
  app.add_option("--alpha", alpha, "columns of a group");
  app.add_flag("--json", as_json, "an object per line");
  app.add_option("networks", networks, "models/NAME.onnx of COLONNADE_DATA");
  CLI11_PARSE(app, argc, argv);
  const auto data = colonnade::SharedData();
  const auto config = colonnade::array::ParseArrayConfig(array);
  if (!data || !config.ok()) {
    fmt::print(stderr, "report_designs: {}\n", data ? config.status().ToString() : "COLONNADE_DATA is not set");
    return 1;
  }
  for (const std::string& network : networks) colonnade::Report(*data, network, alpha, *config, as_json);
}
