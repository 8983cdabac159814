// SPDX-License-Identifier: Apache-2.0
// Time and memory of networks shaped like well-known ones, with random weights, on their
// way from ONNX bytes to logits (tests/support/size_run.h says what the stages are).
//
//   measure_size [NAME ...]    of the list below; all of them without a name
//
// Every network gives one JSON object on a line of its own: sizes, and for each stage
// seconds of processor time and the most megabytes (10^6 bytes) resident at once. The exit code is 1 when a
// network cannot be brought through, or reference and kernels differ in a single bit.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/base/status.h"
#include "server/training/trainable_network.h"
#include "tests/support/known_shapes.h"
#include "tests/support/size_run.h"

namespace colonnade {
namespace {

using nlohmann::ordered_json;

struct Flags {
  std::vector<std::string> networks;
  int side = 224;
  int images = 2;
  int threads = 1;
};

using Factory = std::function<nn::Network(int side)>;

// The three networks, then the first one in three depths and three widths.
const std::map<std::string, Factory>& Factories() {
  static const std::map<std::string, Factory> factories = {
      {"resnet18", [](int side) { return MakeResNet({.side = side}); }},
      {"vgg16", [](int side) { return MakeVgg16({.side = side}); }},
      {"mobilenetv2", [](int side) { return MakeMobileNetV2({.side = side}); }},
      {"resnet10",
       [](int side) {
         return MakeResNet({.blocks = {1, 1, 1, 1}, .side = side});
       }},
      {"resnet34",
       [](int side) {
         return MakeResNet({.blocks = {3, 4, 6, 3}, .side = side});
       }},
      {"resnet18-half", [](int side) { return MakeResNet({.width = 32, .side = side}); }},
      {"resnet18-double", [](int side) { return MakeResNet({.width = 128, .side = side}); }},
  };
  return factories;
}

Flags ParseFlags(int argc, char** argv) {
  Flags flags;
  std::vector<std::string> names;
  for (const auto& [name, factory] : Factories()) names.push_back(name);
  CLI::App app("Time and memory of whole networks from ONNX to logits");
  app.add_option("networks", flags.networks, "of the known shapes")->check(CLI::IsMember(names));
  app.add_option("--side", flags.side, "pixels of the images' sides")->check(CLI::Range(32, 1024));
  app.add_option("--images", flags.images, "for calibration")->check(CLI::Range(1, 1000));
  app.add_option("--threads", flags.threads, "of the float network; 0 for all cores");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  if (flags.networks.empty()) flags.networks = names;
  return flags;
}

double Milliseconds(double seconds) { return std::round(seconds * 1000) / 1000; }
int64_t Megabytes(int64_t bytes) { return (bytes + 500'000) / 1'000'000; }

ordered_json ToJson(const std::string& network, const SizeRun& run) {
  ordered_json stages;
  for (const StageUse& stage : run.stages) {
    stages[stage.name] = {{"seconds", Milliseconds(stage.seconds)}, {"peak_megabytes", Megabytes(stage.peak_bytes)}};
  }
  return {{"network", network},
          {"matrix_layers", run.matrix_layers},
          {"weights", run.weights},
          {"dense_macs", run.dense_macs},
          {"columns", {run.dense_columns, run.packed_columns}},
          {"packed_cells", run.packed_cells},
          {"model_megabytes", Megabytes(run.model_bytes)},
          {"artifact_megabytes", Megabytes(run.artifact_bytes)},
          {"seconds", Milliseconds(run.seconds())},
          {"peak_megabytes", Megabytes(run.peak_bytes())},
          {"stages", stages}};
}

// Whether all went well.
bool Measure(const std::string& name, const Flags& flags) {
  const auto run = RunThrough(Factories().at(name)(flags.side), {.images = flags.images});
  if (!run.ok()) {
    fmt::print(stderr, "measure_size: {}: {}\n", name, run.status().ToString());
    return false;
  }
  fmt::print("{}\n", ToJson(name, *run).dump());
  std::fflush(stdout);
  return true;
}

}  // namespace
}  // namespace colonnade

int main(int argc, char** argv) {
  const colonnade::Flags flags = colonnade::ParseFlags(argc, argv);
  colonnade::training::ConfigureRuntime(flags.threads);
  bool good = true;
  for (const std::string& name : flags.networks) good = colonnade::Measure(name, flags) && good;
  return good ? 0 : 1;
}
