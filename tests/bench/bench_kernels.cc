// SPDX-License-Identifier: Apache-2.0
// How long one image takes on one thread: ResNet-20 for CIFAR-10 in shape, random
// weights, every group full.
//
//   Kernels/alpha:1|4|8            the kernels executor, best instruction set
//   KernelsPortable/alpha:4        without vector instructions beyond the baseline
//   KernelsAvx2/alpha:4
//   Reference/alpha:4              the plain loops
//   Load/alpha:4                   preparing the executor
#include <benchmark/benchmark.h>

#include <random>

#include "server/compiler/compile.h"
#include "server/executors/kernels.h"
#include "server/executors/reference.h"

namespace colonnade::executors {
namespace {

class ResNet20 {
 public:
  explicit ResNet20(int alpha) : alpha_(alpha) {
    network_.input_name = "image";
    network_.output_name = "logits";
    network_.tensors.push_back({"image", {3, 32, 32}, 1.0, true});
    Convolution(0, 16, 1);
    for (const int channels : {16, 32, 64}) {
      for (int block = 0; block < 3; ++block) Block(channels, channels > 16 && block == 0 ? 2 : 1);
    }
    Classifier();
  }

  std::shared_ptr<const array::ArrayProgram> Compile() const {
    auto program = compiler::Compile(network_, groupings_, {});
    if (!program.ok()) std::abort();
    return std::make_shared<const array::ArrayProgram>(*std::move(program));
  }

 private:
  int last() const { return int(network_.tensors.size()) - 1; }
  const nn::Shape& shape(int tensor) const { return network_.tensors[tensor].shape; }

  template <typename Layer>
  void Append(Layer layer, const nn::Shape& shape) {
    const std::string name = std::to_string(last());
    network_.layers.push_back({name, std::move(layer)});
    network_.tensors.push_back({name, shape, 1.0, false});
  }

  // Runs of alpha channels per tap; each row keeps one weight of each.
  packing::Grouping PackRandomly(int rows, int channels, int kernel, quant::WeightMatrix& weights) {
    const int taps = kernel * kernel;
    weights.rows = rows;
    weights.columns = channels * taps;
    weights.values.resize(size_t(rows) * weights.columns);
    for (int c = 0; c < weights.columns; ++c) {
      weights.column_sites.push_back({c / taps, c % taps / kernel, c % kernel});
    }
    packing::Grouping grouping;
    for (int tap = 0; tap < taps; ++tap) {
      for (int first = 0; first < channels; first += alpha_) {
        std::vector<int> members;
        for (int c = first; c < std::min(first + alpha_, channels); ++c) members.push_back(c * taps + tap);
        for (int row = 0; row < rows; ++row) {
          weights.values[size_t(row) * weights.columns + members[random_() % members.size()]] =
              static_cast<int8_t>(1 + random_() % 127);
        }
        grouping.groups.push_back(std::move(members));
      }
    }
    return grouping;
  }

  void Matrix(int input, int rows, int kernel, quant::MatrixLayer layer, const nn::Shape& output) {
    layer.input = input;
    layer.source = std::to_string(last());
    groupings_[layer.source] = PackRandomly(rows, shape(input).channels, kernel, layer.weights);
    layer.bias.assign(rows, 1000);
    layer.shift.assign(rows, 10);
    Append(std::move(layer), output);
  }

  void Convolution(int input, int filters, int stride, std::optional<int> residual = {}) {
    quant::MatrixLayer layer;
    layer.window = {3, 3, stride, stride, 1, 1, 1, 1};
    if (residual) layer.residual = quant::Residual{*residual, 0};
    Matrix(input, filters, 3, std::move(layer),
           {filters, shape(input).height / stride, shape(input).width / stride});
  }

  void Block(int channels, int stride) {
    const int input = last();
    int shortcut = input;
    if (stride > 1) {
      const nn::Shape half{shape(input).channels, shape(input).height / 2, shape(input).width / 2};
      Append(quant::HostLayer(quant::SubsampleLayer{input, 2, 2}), half);
      const int added = channels - half.channels;
      Append(quant::HostLayer(quant::PadChannelsLayer{last(), added / 2, added - added / 2}),
             {channels, half.height, half.width});
      shortcut = last();
    }
    Convolution(input, channels, stride);
    Convolution(last(), channels, 1, shortcut);
  }

  void Classifier() {
    Append(quant::HostLayer(quant::AveragePoolLayer{last(), {8, 8, 8, 8}}), {64, 1, 1});
    quant::MatrixLayer layer;
    layer.is_logits = true;
    Matrix(last(), 10, 1, std::move(layer), {10, 1, 1});
  }

  const int alpha_;
  std::mt19937 random_{20};
  quant::QuantizedNetwork network_;
  compiler::Groupings groupings_;
};

void RunOneImage(benchmark::State& state, const ArrayExecutor& executor) {
  std::vector<uint8_t> image(3 * 32 * 32);
  std::mt19937 random(1);
  for (uint8_t& byte : image) byte = static_cast<uint8_t>(random());
  Workspace workspace;
  for (auto _ : state) benchmark::DoNotOptimize(executor.Run(image, workspace));
  const array::ProgramSize size = array::SizeOf(executor.program());
  state.counters["array_cycles"] = double(executor.program().cycles.total());
  state.counters["columns"] = double(size.columns);
  state.counters["nonzero_cells"] = double(size.nonzero_cells);
}

void Kernels(benchmark::State& state) {
  RunOneImage(state, KernelsExecutor(ResNet20(int(state.range(0))).Compile()));
}
BENCHMARK(Kernels)->ArgName("alpha")->Arg(1)->Arg(4)->Arg(8)->Unit(benchmark::kMicrosecond);

void KernelsPortable(benchmark::State& state) {
  RunOneImage(state, KernelsExecutor(ResNet20(int(state.range(0))).Compile(), InstructionSet::kPortable));
}
BENCHMARK(KernelsPortable)->ArgName("alpha")->Arg(4)->Unit(benchmark::kMicrosecond);

void KernelsAvx2(benchmark::State& state) {
  if (!IsSupported(InstructionSet::kAvx2)) return state.SkipWithError("no AVX2 here");
  RunOneImage(state, KernelsExecutor(ResNet20(int(state.range(0))).Compile(), InstructionSet::kAvx2));
}
BENCHMARK(KernelsAvx2)->ArgName("alpha")->Arg(4)->Unit(benchmark::kMicrosecond);

void Reference(benchmark::State& state) {
  RunOneImage(state, ReferenceExecutor(ResNet20(int(state.range(0))).Compile()));
}
BENCHMARK(Reference)->ArgName("alpha")->Arg(4)->Unit(benchmark::kMicrosecond);

void Load(benchmark::State& state) {
  const auto program = ResNet20(int(state.range(0))).Compile();
  for (auto _ : state) benchmark::DoNotOptimize(KernelsExecutor(program));
}
BENCHMARK(Load)->ArgName("alpha")->Arg(4)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace colonnade::executors

BENCHMARK_MAIN();
