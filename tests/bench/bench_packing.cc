// SPDX-License-Identifier: Apache-2.0
// How long grouping by search takes on one core, and what it finds.
//
//   grouping/resnet20/alphaN/RULE   all convolutions of models/resnet20_cifar10.onnx under
//                                   COLONNADE_DATA, under each feed rule
//   grouping/512x512/alpha8         a layer of random weights, feed rule any
//   grouping/columns/N              256 rows, N columns of random weights, feed rule any: how
//                                   time grows with the columns
//
// Counters, of the squared weights: kept, the most that could be (bound) and what columns
// in file order keep (file_order), each as a share of all; gain = (kept - file order) /
// (bound - file order). One iteration includes all three.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <random>
#include <string>
#include <vector>

#include "server/nn/filter_matrix.h"
#include "server/packing/group_search.h"
#include "tests/support/shared_network.h"

namespace colonnade::packing {
namespace {

using Matrices = std::vector<nn::FilterMatrix>;

absl::StatusOr<Matrices> ReadResNet20() {
  const auto data = SharedData();
  if (!data) return absl::NotFoundError("COLONNADE_DATA is not set: no network");
  const nn::Network network = ReadNetwork(*data, "resnet20_cifar10");
  Matrices matrices;
  for (const nn::Layer& layer : network.layers) {
    if (layer.as<nn::Convolution>()) matrices.push_back(nn::ToFilterMatrix(network, layer));
  }
  return matrices;
}

Matrices RandomLayer(int rows, int columns) {
  nn::FilterMatrix matrix{rows, columns, std::vector<float>(size_t(rows) * size_t(columns)), {}};
  std::mt19937_64 random(1);
  std::normal_distribution<float> weight;
  for (float& value : matrix.values) value = weight(random);
  for (int column = 0; column < columns; ++column) matrix.column_sites.push_back({column, 0, 0});
  return {matrix};
}

struct Sums {
  double kept = 0, bound = 0, file_order = 0, all = 0;
};

absl::StatusOr<Sums> GroupAll(const Matrices& matrices, int alpha, nn::FeedRule rule) {
  Sums sums;
  for (const nn::FilterMatrix& matrix : matrices) {
    const auto result = GroupBySearch({matrix, alpha, double(alpha - 1), rule});
    if (!result.ok()) return result.status();
    sums.kept += result->kept;
    sums.bound += result->bound;
    sums.file_order += result->file_order;
  }
  return sums;
}

void Measure(benchmark::State& state, const absl::StatusOr<Matrices>& matrices, int alpha, nn::FeedRule rule) {
  if (!matrices.ok()) return state.SkipWithError(matrices.status().ToString().c_str());
  absl::StatusOr<Sums> sums;
  for (auto _ : state) {
    sums = GroupAll(*matrices, alpha, rule);
    if (!sums.ok()) return state.SkipWithError(sums.status().ToString().c_str());
  }
  double all = 0;
  for (const nn::FilterMatrix& matrix : *matrices) all += TotalSaliency({matrix, alpha, double(alpha - 1), rule});
  state.counters["kept"] = sums->kept / all;
  state.counters["bound"] = sums->bound / all;
  state.counters["file_order"] = sums->file_order / all;
  state.counters["gain"] = ShareOfGain(sums->kept, sums->file_order, sums->bound);
}

void Register(const std::string& name, absl::StatusOr<Matrices> matrices, int alpha, nn::FeedRule rule) {
  benchmark::RegisterBenchmark(("grouping/" + name).c_str(), Measure, std::move(matrices), alpha, rule)
      ->Unit(benchmark::kMillisecond);
}

void RegisterAll() {
  const absl::StatusOr<Matrices> resnet20 = ReadResNet20();
  for (const int alpha : {2, 4, 8, 16}) {
    for (const nn::FeedRule rule :
         {nn::FeedRule::kAny, nn::FeedRule::kSameRow, nn::FeedRule::kSameTap, nn::FeedRule::kChannelBlock}) {
      Register(fmt::format("resnet20/alpha{}/{}", alpha, nn::ToString(rule)), resnet20, alpha, rule);
    }
  }
  Register("512x512/alpha8", RandomLayer(512, 512), 8, nn::FeedRule::kAny);
  for (int columns = 64; columns <= 2048; columns *= 2) {
    Register(fmt::format("columns/{}", columns), RandomLayer(256, columns), 8, nn::FeedRule::kAny);
  }
}

}  // namespace
}  // namespace colonnade::packing

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  colonnade::packing::RegisterAll();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
