// SPDX-License-Identifier: Apache-2.0
// colonnade infer NAME --images PATH
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "client/cli/classify.h"
#include "client/cli/commands.h"
#include "client/cli/images.h"
#include "client/cli/progress.h"
#include "client/cli/text.h"

namespace colonnade::cli {
namespace {

using client::Artifact;
using client::Client;
using client::Records;

constexpr int64_t kBatchImages = 64;
constexpr int64_t kBatchValues = int64_t{8} << 20;  // 32 MiB of FP32

struct Options {
  std::string name;
  int64_t version = 0;
  ImageOptions images;
  std::string executor;
};

bool IsComplete(const client::Normalization& normalization, const Artifact& artifact) {
  if (artifact.input_datatype == "UINT8") return true;
  const size_t count = normalization.mean.size();
  return count == normalization.deviation.size() && (count == 1 || count == size_t(artifact.input_shape.channels));
}

client::Status CheckInput(const Artifact& artifact, const Records& records) {
  const client::Shape given{records.channels, records.height, records.width};
  if (!IsComplete(artifact.normalization, artifact)) {
    return {client::Code::kInternal, "the server does not say how the artifact's images are normalized"};
  }
  if (given == artifact.input_shape) return {};
  return client::InvalidField("--images", fmt::format("the images are {}, {} takes {}", ToText(given), artifact.name,
                                                      ToText(artifact.input_shape)));
}

// Images [first, first + count) as the artifact wants them.
client::InferRequest MakeRequest(const Artifact& artifact, const Records& records, const std::string& executor,
                                 int64_t first, int64_t count) {
  client::InferRequest request{.artifact = artifact.name,
                               .version = artifact.version,
                               .executor = executor,
                               .input_name = artifact.input_name,
                               .shape = artifact.input_shape,
                               .images = count};
  const int64_t values = artifact.input_shape.values();
  const std::span pixels(records.pixels.data() + first * values, size_t(count * values));
  if (artifact.input_datatype == "UINT8") {
    request.pixels.assign(pixels.begin(), pixels.end());
  } else {
    request.values = client::Normalize(pixels, artifact.input_shape, artifact.normalization);
  }
  return request;
}

client::Status InferBatch(Client& client, const client::InferRequest& request, const Records& records, int64_t first,
                          int64_t offset, Answers& answers) {
  const auto result = client.Infer(request);
  if (!result.ok()) return result.status();
  answers.executor = result->executor;
  answers.array_cycles += result->array_cycles;
  const auto classes = size_t(result->classes);
  for (int64_t i = 0; i < result->images; ++i) {
    const std::span logits(result->logits.data() + size_t(i) * classes, classes);
    answers.images.push_back(Classify(offset + first + i, records.labels[size_t(first + i)], logits));
  }
  return {};
}

client::Result<Answers> InferAll(const Session& session, Client& client, const Options& options) {
  const auto records = ReadImages(options.images);
  if (!records.ok()) return records.status();
  const auto artifact = client.GetArtifact(options.name, options.version);
  if (!artifact.ok()) return artifact.status();
  if (client::Status status = CheckInput(*artifact, *records); !status.ok()) return status;
  Answers answers{.artifact = artifact->name, .version = artifact->version, .class_names = records->class_names};
  const int64_t batch = std::clamp<int64_t>(kBatchValues / artifact->input_shape.values(), 1, kBatchImages);
  ProgressBar bar(session, "inferred", ProgressBar::Unit::kImages);
  for (int64_t first = 0; first < records->size(); first += batch) {
    const int64_t count = std::min(batch, records->size() - first);
    const auto request = MakeRequest(*artifact, *records, options.executor, first, count);
    const auto status = InferBatch(client, request, *records, first, options.images.selection.offset, answers);
    if (!status.ok()) return status;
    bar.Update(first + count, records->size());
  }
  return answers;
}

std::string ClassText(const Answers& answers, int64_t value) {
  if (size_t(value) >= answers.class_names.size()) return fmt::to_string(value);
  return fmt::format("{} ({})", value, answers.class_names[size_t(value)]);
}

void PrintAnswers(std::ostream& out, const Answers& answers) {
  Table table({">image", "class", ">score", "label"});
  for (const Answer& answer : answers.images) {
    table.Add({fmt::to_string(answer.index), ClassText(answers, answer.best), fmt::format("{:.4f}", answer.score),
               answer.label ? ClassText(answers, *answer.label) : ""});
  }
  out << table.ToString();
  if (const auto accuracy = Accuracy(answers)) out << fmt::format("accuracy {}, ", Percent(*accuracy));
  out << fmt::format("{} images, {} array cycles, executor {}\n", answers.images.size(), answers.array_cycles,
                     Printable(answers.executor));
}

ExitCode Infer(Session& session, const Options& options) {
  return Present(
      session, [&](Client& client) { return InferAll(session, client, options); }, PrintAnswers);
}

}  // namespace

void AddInferCommand(CLI::App& app, Command& command) {
  const auto options = std::make_shared<Options>();
  CLI::App& infer = *app.add_subcommand("infer", "classify images with an artifact");
  infer.add_option("name", options->name, "artifact")->required();
  infer.add_option("--version", options->version, "version [the newest]")->check(CLI::PositiveNumber);
  infer.add_option("--images", options->images.path, "file or folder of images")->required();
  AddImageOptions(infer, options->images);
  infer.add_option("--executor", options->executor, "reference, kernels, ... [the server's default]");
  infer.footer(
      "The score of a class is the softmax of the logits; logits that are probabilities already are taken as "
      "they are. Images are normalized as the artifact says. With --json: {name, version, executor, "
      "array_cycles, accuracy, images: [{index, class, score, label, logits}]}.");
  infer.callback([&command, options] { command = [options](Session& session) { return Infer(session, *options); }; });
}

}  // namespace colonnade::cli
