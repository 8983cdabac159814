// SPDX-License-Identifier: Apache-2.0
// colonnade-train-digits: trains the dense network that the quickstart packs.
//
//   colonnade-train-digits DIGITS.csv.gz OUTPUT.onnx [--epochs N] [--seed N]
//
// Three convolutions and a linear layer, trained on the first 1,297 digits of the
// fixed order (digits.h) and measured on the other 500. Exit code 1 when something
// failed, 2 on wrong usage.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <string>

#include "deploy/models/digits.h"
#include "deploy/models/small_cnn.h"
#include "server/base/files.h"
#include "server/base/status.h"
#include "server/onnx/export.h"
#include "server/training/trainable_network.h"
#include "server/training/trainer.h"

namespace colonnade {
namespace {

struct Settings {
  std::string digits, output;
  int epochs = 60;
  uint64_t seed = 1;
};

absl::Status Print(std::string_view name, const nn::Network& network, const training::Samples& samples) {
  COLONNADE_ASSIGN_OR_RETURN(const training::Accuracy accuracy,
                             MeasureAccuracy(training::TrainableNetwork(network), samples));
  fmt::print("{}: {} of {} right ({:.2f} %)\n", name, accuracy.correct, accuracy.images, 100 * accuracy.value());
  return absl::OkStatus();
}

absl::Status Run(const Settings& settings) {
  training::ConfigureRuntime(1);  // repeatable everywhere, and enough
  COLONNADE_ASSIGN_OR_RETURN(const training::Samples digits, ReadDigits(settings.digits));
  const training::Samples train = DigitRange(digits, 0, kDigitsTrain);
  const training::Samples held_out = DigitRange(digits, kDigitsTrain, kDigits);
  COLONNADE_ASSIGN_OR_RETURN(const nn::Network untrained, UntrainedCnn(train.shape, {16, 32, 32}, 10, settings.seed));
  training::TrainerOptions options;
  options.batch_size = 32;
  options.learning_rate = 0.05;
  options.distillation = 0;
  options.augmentation.translate = true;
  options.seed = settings.seed;
  training::Trainer trainer(untrained, nullptr, train, options);
  for (int epoch = 0; epoch < settings.epochs; ++epoch) {
    COLONNADE_ASSIGN_OR_RETURN(const auto result, trainer.RunEpoch(epoch, settings.epochs, {}));
    if ((epoch + 1) % 10 == 0) fmt::print("epoch {}: loss {:.4f}\n", epoch + 1, result.loss);
  }
  const nn::Network trained = trainer.network();
  COLONNADE_RETURN_IF_ERROR(Print("training images", trained, train));
  COLONNADE_RETURN_IF_ERROR(Print("held-out images", trained, held_out));
  return PublishFile(settings.output, onnx::ExportOnnx(trained));
}

}  // namespace
}  // namespace colonnade

int main(int argc, char** argv) {
  colonnade::Settings settings;
  CLI::App app("Trains the dense digits network of the quickstart.", "colonnade-train-digits");
  app.add_option("digits", settings.digits, "digits.csv.gz of scikit-learn")->required();
  app.add_option("output", settings.output, "ONNX file to write")->required();
  app.add_option("--epochs", settings.epochs, "passes over the training digits")->check(CLI::Range(1, 1000));
  app.add_option("--seed", settings.seed, "of initial weights, order and variation");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (const absl::Status status = colonnade::Run(settings); !status.ok()) {
    fmt::print(stderr, "colonnade-train-digits: {}\n", colonnade::Message(status));
    return 1;
  }
  return 0;
}
