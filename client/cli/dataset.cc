// SPDX-License-Identifier: Apache-2.0
// colonnade dataset push | list | show | delete | sources | erasures
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "client/cli/arguments.h"
#include "client/cli/commands.h"
#include "client/cli/images.h"
#include "client/cli/progress.h"
#include "client/cli/text.h"

namespace colonnade::cli {
namespace {

using client::Client;

struct PushOptions {
  ImageOptions images;
  client::DatasetOptions dataset;
  std::string role = "train", normalize, retain;
};

// Fills options.dataset from the flags that are more than a word or a number.
client::Status Resolve(PushOptions& options) {
  const auto role = ParseRole(options.role);
  if (!role.ok()) return role.status();
  options.dataset.role = *role;
  const auto normalization = ParseNormalization(options.normalize);
  if (!normalization.ok()) return normalization.status();
  options.dataset.normalization = *normalization;
  if (options.retain.empty()) return {};
  const auto retain = ParseDuration("--retain", options.retain);
  if (!retain.ok()) return retain.status();
  options.dataset.retain = std::chrono::duration_cast<std::chrono::seconds>(*retain);
  return {};
}

void PrintBudget(std::ostream& out, const client::Source& source) {
  out << fmt::format("data budget of {}: {} of {} records used ({} of {} samples allowed)\n", Printable(source.name),
                     source.used, source.ceiling, Percent(source.ceiling_fraction), source.samples);
}

void PrintDataset(std::ostream& out, const client::Dataset& dataset) {
  out << fmt::format("{}: {} records ({} distinct), {}, {} classes, role {}, {}\n", Printable(dataset.name),
                     dataset.records, dataset.distinct_records, ToText(dataset.shape), dataset.classes,
                     Word(dataset.role), Word(dataset.state));
  if (dataset.erase_time) out << fmt::format("erased at {} at the latest\n", ToText(*dataset.erase_time));
  PrintBudget(out, dataset.source_usage);
}

void PrintDatasets(std::ostream& out, const std::vector<client::Dataset>& datasets) {
  Table table({"name", "role", "source", ">records", "shape", ">classes", "state", "stored"});
  for (const auto& dataset : datasets) {
    table.Add({dataset.name, Word(dataset.role), dataset.source, fmt::to_string(dataset.records), ToText(dataset.shape),
               fmt::to_string(dataset.classes), Word(dataset.state), ToText(dataset.create_time)});
  }
  out << table.ToString();
}

void PrintSources(std::ostream& out, const std::vector<client::Source>& sources) {
  Table table({"name", ">samples", ">allowed", ">used", ">evaluation"});
  for (const auto& source : sources) {
    table.Add({source.name, fmt::to_string(source.samples), fmt::to_string(source.ceiling), fmt::to_string(source.used),
               fmt::to_string(source.evaluation_records)});
  }
  out << table.ToString();
}

void PrintErasures(std::ostream& out, const std::vector<client::ErasureRecord>& erasures) {
  Table table({">number", "data set", "source", ">records", "erased", "reason"});
  for (const auto& record : erasures) {
    table.Add({fmt::to_string(record.sequence), record.dataset, record.source, fmt::to_string(record.records),
               ToText(record.erase_time), record.reason});
  }
  out << table.ToString();
}

void PrintErasure(std::ostream& out, const client::ErasureRecord& record) {
  out << fmt::format("{}: erased at {}, record {} (SHA-256 of the ciphertext {})\n", Printable(record.dataset),
                     ToText(record.erase_time), record.sequence, Printable(record.ciphertext_sha256));
}

ExitCode Push(Session& session, PushOptions options) {
  if (const client::Status status = Resolve(options); !status.ok()) return session.Fail(status);
  const auto records = ReadImages(options.images);
  if (!records.ok()) return session.Fail(records.status());
  const auto push = [&](Client& client) {
    ProgressBar bar(session, "uploading");
    return client.PushDataset(*records, options.dataset, bar.callback());
  };
  return Present(session, push, PrintDataset);
}

void AddPush(CLI::App& noun, Command& command) {
  const auto options = std::make_shared<PushOptions>();
  CLI::App& push = *noun.add_subcommand("push", "decode images and upload them");
  push.add_option("path", options->images.path, "file or folder of images")->required();
  AddImageOptions(push, options->images);
  push.add_option("--name", options->dataset.name, "name to store it under")->required();
  push.add_option("--source", options->dataset.source, "collection that the images come from")->required();
  push.add_option("--source-size", options->dataset.source_samples, "samples in that collection, all of it")
      ->required();
  push.add_option("--normalize", options->normalize,
                  "MEAN[,...]/DEVIATION[,...] the network was trained with, of "
                  "pixel / 255; 0/1 for none")
      ->required();
  push.add_option("--role", options->role, "train (counts against the data budget) or evaluation [train]");
  push.add_option("--classes", options->dataset.classes, "number of classes [as the data say]")
      ->check(CLI::Range(1, 65536));
  push.add_option("--retain", options->retain, "erase after this time at the latest, such as 2h");
  push.add_flag("--keep", options->dataset.keep_after_jobs, "keep it after jobs have ended; needs --retain");
  push.callback([&command, options] { command = [options](Session& session) { return Push(session, *options); }; });
}

ExitCode Show(Session& session, const std::string& name) {
  return Present(
      session, [&](Client& client) { return client.GetDataset(name); }, PrintDataset);
}

ExitCode Delete(Session& session, const std::string& name) {
  return Present(
      session, [&](Client& client) { return client.DeleteDataset(name); }, PrintErasure);
}

ExitCode List(Session& session) {
  return PresentList(
      session, "datasets", [](Client& client) { return client.ListDatasets(); }, PrintDatasets);
}

ExitCode Sources(Session& session) {
  return PresentList(
      session, "sources", [](Client& client) { return client.ListSources(); }, PrintSources);
}

ExitCode Erasures(Session& session) {
  return PresentList(
      session, "erasures", [](Client& client) { return client.ListErasures(); }, PrintErasures);
}

}  // namespace

void AddDatasetCommands(CLI::App& app, Command& command) {
  CLI::App& noun = *app.add_subcommand("dataset", "records to retrain and evaluate with");
  noun.require_subcommand(1);
  AddPush(noun, command);
  AddNamed(noun, command, "show", "a data set and its budget", "its name", Show);
  AddNamed(noun, command, "delete", "erase a data set and its key", "its name", Delete);
  noun.add_subcommand("list", "all data sets")->callback([&command] { command = List; });
  noun.add_subcommand("sources", "collections and their data budgets")->callback([&command] { command = Sources; });
  noun.add_subcommand("erasures", "proofs of erasure, oldest first")->callback([&command] { command = Erasures; });
}

}  // namespace colonnade::cli
