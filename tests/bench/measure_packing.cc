// SPDX-License-Identifier: Apache-2.0
// What packing costs in accuracy: one packing job per seed, in this process, measured
// on the integer network.
//
//   COLONNADE_DATA=... measure_packing --network resnet20_cifar10 --recipe R.yaml --seeds 1 2 3
//
// Training data are the first --images records of the network's training file,
// evaluation data its whole test file. Every seed gives one JSON object on a line of
// its own: accuracies in percent, the drop against the dense float network with its
// 95 % interval over the same images, columns, packing efficiency, epochs and seconds.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>

#include "colonnade/recipe.h"
#include "server/base/status.h"
#include "server/nn/transforms.h"
#include "server/pipeline/integer_network.h"
#include "server/pipeline/packing_job.h"
#include "server/recipe/recipe.h"
#include "server/training/trainable_network.h"
#include "tests/support/shared_data.h"

namespace colonnade {
namespace {

using nlohmann::json;
using training::Samples;

struct Flags {
  std::string network = "resnet20_cifar10";
  std::string recipe_file;
  std::string settings;  // YAML, over the file's
  std::string array = "16x18a8";
  std::string report_file;
  std::vector<int64_t> seeds = {1};
  int64_t images = 5000;
  int64_t evaluation_images = int64_t{1} << 40;
  bool scratch = false;
  bool quiet = false;
};

Flags ParseFlags(int argc, char** argv) {
  Flags flags;
  CLI::App app("Accuracy of a packed network against its dense one");
  app.add_option("--network", flags.network, "models/NAME.onnx of COLONNADE_DATA");
  app.add_option("--recipe", flags.recipe_file, "YAML file; every default without one");
  app.add_option("--settings", flags.settings, "more YAML, which wins over the file");
  app.add_option("--array", flags.array, "array configuration");
  app.add_option("--seeds", flags.seeds, "one job each");
  app.add_option("--images", flags.images, "training records");
  app.add_option("--evaluation-images", flags.evaluation_images, "of the test file");
  app.add_option("--report", flags.report_file, "where to write the last job's report");
  app.add_flag("--scratch", flags.scratch, "forget what the network has learnt before the job; for comparison");
  app.add_flag("--quiet", flags.quiet, "no progress");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return flags;
}

[[noreturn]] void Fail(std::string_view message) {
  fmt::print(stderr, "measure_packing: {}\n", message);
  std::exit(1);
}

template <typename T>
T Require(absl::StatusOr<T> value) {
  if (!value.ok()) Fail(value.status().ToString());
  return *std::move(value);
}

v1::Recipe ReadRecipe(const std::string& yaml) {
  const auto recipe = client::RecipeFromYaml(yaml);
  if (!recipe.ok()) Fail(recipe.status().message());
  v1::Recipe parsed;
  parsed.ParseFromString(recipe->serialized());
  return parsed;
}

v1::Recipe RecipeOf(const Flags& flags) {
  v1::Recipe recipe;
  if (!flags.recipe_file.empty()) {
    std::ifstream file(flags.recipe_file);
    if (!file) Fail(flags.recipe_file + ": cannot be read");
    recipe = ReadRecipe({std::istreambuf_iterator<char>(file), {}});
  }
  recipe.MergeFrom(ReadRecipe(flags.settings));
  return recipe;
}

bool IsCifar(const Flags& flags) { return flags.network.find("cifar10") != std::string::npos; }

Samples TrainingImages(const std::filesystem::path& data, const Flags& flags) {
  const std::filesystem::path mnist = data / "mnist";
  if (IsCifar(flags)) return ReadCifar(data / "cifar10/train_10k.bin", flags.images);
  return ReadMnist(mnist / "train-images-idx3-ubyte.gz", mnist / "train-labels-idx1-ubyte.gz", flags.images);
}

Samples EvaluationImages(const std::filesystem::path& data, const Flags& flags) {
  return ReadTestImages(data, flags.network, flags.evaluation_images);
}

std::vector<bool> CorrectOnes(std::span<const int> classes, const Samples& samples) {
  std::vector<bool> correct;
  for (size_t i = 0; i < classes.size(); ++i) correct.push_back(classes[i] == samples.labels[i]);
  return correct;
}

std::vector<int> DenseClasses(const nn::Network& network, const Samples& samples) {
  const training::TrainableNetwork dense(Require(nn::FoldBatchNorms(network)));
  const auto logits = Require(dense.Forward(training::Normalized(samples, 0, samples.size())));
  const size_t classes = logits.size() / size_t(samples.size());
  std::vector<int> best;
  for (size_t i = 0; i < size_t(samples.size()); ++i) {
    best.push_back(training::Argmax(std::span(logits).subspan(i * classes, classes)));
  }
  return best;
}

// Half of the 95 % interval of the difference of two accuracies on the same images.
double PairedInterval(const std::vector<bool>& a, const std::vector<bool>& b) {
  double only_a = 0, only_b = 0;
  const auto n = double(a.size());
  for (size_t i = 0; i < a.size(); ++i) {
    only_a += a[i] && !b[i];
    only_b += b[i] && !a[i];
  }
  const double difference = (only_a - only_b) / n;
  return 1.96 * std::sqrt(((only_a + only_b) / n - difference * difference) / n);
}

void Randomize(std::vector<float>& weight, size_t filters, std::mt19937_64& generator) {
  std::normal_distribution<float> normal(0, std::sqrt(2 * float(filters) / float(weight.size())));
  for (float& value : weight) value = normal(generator);
}

// The same network before any training: normally distributed weights that keep variances
// (He et al., arXiv:1502.01852), no biases, BatchNorms that do nothing.
nn::Network Untrained(nn::Network network, int64_t seed) {
  std::mt19937_64 generator(static_cast<uint64_t>(seed));
  for (nn::Layer& layer : network.layers) {
    if (auto* convolution = layer.as<nn::Convolution>()) {
      Randomize(convolution->weight, size_t(convolution->filters), generator);
      std::ranges::fill(convolution->bias, 0.0f);
    } else if (auto* linear = layer.as<nn::Linear>()) {
      Randomize(linear->weight, size_t(linear->outputs), generator);
      std::ranges::fill(linear->bias, 0.0f);
    } else if (auto* norm = layer.as<nn::BatchNorm>()) {
      std::ranges::fill(norm->scale, 1.0f);
      std::ranges::fill(norm->variance, 1.0f);
      std::ranges::fill(norm->bias, 0.0f);
      std::ranges::fill(norm->mean, 0.0f);
    }
  }
  return network;
}

void PrintEvent(const v1::JobEvent& event) {
  fmt::print(stderr, "{} {}/{}", pipeline::StageName(event.stage()), event.done(), event.total());
  if (event.has_loss()) fmt::print(stderr, " loss {:.4f}", event.loss());
  if (event.has_accuracy()) fmt::print(stderr, " accuracy {:.2f} %", 100 * event.accuracy());
  fmt::print(stderr, " {}\n", event.message());
}

double Percent(double share) { return std::round(1e4 * share) / 100; }

class Measurement {
 public:
  explicit Measurement(const Flags& flags) : flags_(flags) {
    const auto data = SharedData();
    if (!data) Fail("COLONNADE_DATA is not set");
    array_ = Require(array::ParseArrayConfig(flags.array));
    network_ = ReadNetwork(*data, flags.network);
    train_ = TrainingImages(*data, flags);
    evaluation_ = EvaluationImages(*data, flags);
    training::ConfigureRuntime(RecipeOf(flags).training().threads());
    dense_correct_ = CorrectOnes(DenseClasses(network_, evaluation_), evaluation_);
  }

  void Run(int64_t seed) const {
    v1::Recipe recipe = RecipeOf(flags_);
    recipe.mutable_training()->set_seed(seed);
    recipe = Require(recipe::Resolve(recipe, array_.alpha));
    pipeline::Progress progress([&](const v1::JobEvent& event) {
      if (!flags_.quiet) PrintEvent(event);
    });
    const auto began = std::chrono::steady_clock::now();
    const auto packed = Require(pipeline::RunPackingJob(
        {flags_.scratch ? Untrained(network_, seed) : network_, train_, evaluation_, recipe, array_}, {}, progress));
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
    fmt::print("{}\n", ToJson(recipe, packed, seconds.count()).dump());
    std::fflush(stdout);
    if (!flags_.report_file.empty()) std::ofstream(flags_.report_file) << packed.result.report_json() << '\n';
  }

 private:
  json ToJson(const v1::Recipe& recipe, const pipeline::PackedNetwork& packed, double seconds) const {
    const v1::JobResult& result = packed.result;
    const auto classes = Require(pipeline::IntegerClasses(packed.program, evaluation_, /*threads=*/1, {}));
    const auto correct = CorrectOnes(classes, evaluation_);
    const double dense = double(std::ranges::count(dense_correct_, true)) / double(dense_correct_.size());
    return {{"network", flags_.network},
            {"seed", recipe.training().seed()},
            {"alpha", recipe.packing().alpha()},
            {"gamma", recipe.packing().final_gamma()},
            {"scratch", flags_.scratch},
            {"images", train_.size()},
            {"dense", Percent(dense)},
            {"dense_integer", Percent(result.dense_quantized_accuracy())},
            {"packed_float", Percent(result.packed_accuracy())},
            {"integer", Percent(result.quantized_accuracy())},
            {"drop", Percent(dense - result.quantized_accuracy())},
            {"interval", Percent(PairedInterval(dense_correct_, correct))},
            {"columns", {result.dense().columns(), result.packed().columns()}},
            {"efficiency", Percent(result.packing_efficiency())},
            {"epochs", result.epochs()},
            {"seconds", std::round(seconds)}};
  }

  const Flags& flags_;
  array::ArrayConfig array_;
  nn::Network network_;
  Samples train_, evaluation_;
  std::vector<bool> dense_correct_;
};

}  // namespace
}  // namespace colonnade

int main(int argc, char** argv) {
  const colonnade::Flags flags = colonnade::ParseFlags(argc, argv);
  const colonnade::Measurement measurement(flags);
  for (const int64_t seed : flags.seeds) measurement.Run(seed);
}
