// SPDX-License-Identifier: Apache-2.0
// How long one image of ResNet-20 for CIFAR-10 takes: packed with random weights, every group
// full and of channels chosen at random, beside the dense network in oneDNN. Time per image;
// the names' last part is the number of threads, each with images of its own.
//
//   resnet20/alpha8/kernels/1        the kernels executor, best instruction set
//   resnet20/alpha8/kernels_avx2/1   with an older one
//   resnet20/alpha8/reference/1      the plain loops
//   resnet20/alpha8/load             preparing the executor
//   resnet20/dense/onednn_int8/1     every weight, 8 bits (onednn_resnet20.h)
//   resnet20/dense/onednn_fp32/1
//
// ONEDNN_MAX_CPU_ISA=AVX2 holds oneDNN to the older set too.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <omp.h>

#include <chrono>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "server/executors/kernels.h"
#include "server/executors/reference.h"
#include "tests/bench/onednn_resnet20.h"
#include "tests/bench/resnet20.h"

namespace colonnade::bench {
namespace {

using executors::ArrayExecutor;
using executors::InstructionSet;
using executors::KernelsExecutor;

constexpr int kImages = 200;  // of each thread, at a time

std::vector<uint8_t> RandomImage() {
  std::vector<uint8_t> image(3 * 32 * 32);
  std::mt19937 random(1);
  for (uint8_t& byte : image) byte = static_cast<uint8_t>(random());
  return image;
}

// Something that runs an image, made in the thread that calls it.
using Runner = std::function<void()>;
using MakeRunner = std::function<Runner()>;

void OneThread(benchmark::State& state, const MakeRunner& make) {
  omp_set_num_threads(1);
  const Runner run = make();
  for (auto _ : state) run();
}

void Threads(benchmark::State& state, const MakeRunner& make, int threads) {
  for (auto _ : state) {
    std::vector<double> seconds(static_cast<size_t>(threads));
    std::vector<std::jthread> workers;
    for (double& spent : seconds) {
      workers.emplace_back([&] {
        omp_set_num_threads(1);
        const Runner run = make();
        run();
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < kImages; ++i) run();
        spent = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      });
    }
    workers.clear();
    double rate = 0;  // images per second of all threads
    for (const double spent : seconds) rate += kImages / spent;
    state.SetIterationTime(1 / rate);
  }
}

void Register(const std::string& name, const MakeRunner& make) {
  benchmark::RegisterBenchmark((name + "/1").c_str(), OneThread, make)->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark((name + "/2").c_str(), Threads, make, 2)
      ->Unit(benchmark::kMicrosecond)
      ->UseManualTime()
      ->Iterations(10);
}

MakeRunner RunnerOf(std::shared_ptr<const ArrayExecutor> executor) {
  return [executor] {
    return [executor, image = RandomImage(), workspace = std::make_shared<executors::Workspace>(),
            result = std::make_shared<std::vector<int32_t>>(10)] {
      benchmark::DoNotOptimize(executor->RunInto(image, *workspace, *result));
    };
  };
}

void RegisterPacked(int alpha) {
  const auto program = ResNet20(alpha);
  const auto name = [&](std::string_view executor) { return fmt::format("resnet20/alpha{}/{}", alpha, executor); };
  Register(name("kernels"), RunnerOf(std::make_shared<KernelsExecutor>(program)));
  for (const InstructionSet set : {InstructionSet::kAvx2, InstructionSet::kPortable}) {
    if (!IsSupported(set)) continue;
    Register(name(fmt::format("kernels_{}", ToString(set))), RunnerOf(std::make_shared<KernelsExecutor>(program, set)));
  }
  Register(name("reference"), RunnerOf(std::make_shared<executors::ReferenceExecutor>(program)));
  benchmark::RegisterBenchmark(name("load").c_str(), [program](benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(KernelsExecutor(program));
  })->Unit(benchmark::kMicrosecond);
}

void RegisterDense(const std::string& name, DenseResNet20::Type type) {
  Register(name, [type] { return [network = std::make_shared<DenseResNet20>(type)] { network->Run(); }; });
}

}  // namespace
}  // namespace colonnade::bench

int main(int argc, char** argv) {
  using colonnade::bench::DenseResNet20;
  for (const int alpha : {8, 4, 1}) colonnade::bench::RegisterPacked(alpha);
  colonnade::bench::RegisterDense("resnet20/dense/onednn_int8", DenseResNet20::Type::kInt8);
  colonnade::bench::RegisterDense("resnet20/dense/onednn_fp32", DenseResNet20::Type::kFloat);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
