// SPDX-License-Identifier: Apache-2.0
// colonnade artifact list | show | pull | delete
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "client/cli/commands.h"
#include "client/cli/progress.h"
#include "client/cli/report.h"
#include "client/cli/text.h"

namespace colonnade::cli {
namespace {

using client::Client;

struct Options {
  std::string name;
  int64_t version = 0;
  std::string output, format = "native";
};

void PrintArtifact(std::ostream& out, const client::Artifact& artifact) {
  out << fmt::format("{} version {}: {}, array {}, from model {} by {}\n", Printable(artifact.name), artifact.version,
                     ByteCount(artifact.size_bytes), Printable(artifact.array), Printable(artifact.model),
                     Printable(artifact.job));
  out << fmt::format("input '{}' {} {}, {} classes, executors {}\n", Printable(artifact.input_name),
                     Printable(artifact.input_datatype), ToText(artifact.input_shape), artifact.classes,
                     Printable(fmt::format("{}", fmt::join(artifact.executors, ", "))));
  PrintResult(out, artifact.result);
}

void PrintArtifacts(std::ostream& out, const std::vector<client::Artifact>& artifacts) {
  Table table({"name", ">version", "array", ">size", ">accuracy", ">columns", ">cycles", "published"});
  for (const auto& artifact : artifacts) {
    table.Add({artifact.name, fmt::to_string(artifact.version), artifact.array, ByteCount(artifact.size_bytes),
               Percent(artifact.result.quantized_accuracy), fmt::to_string(artifact.result.packed.columns),
               fmt::to_string(artifact.result.packed.cycles), ToText(artifact.create_time)});
  }
  out << table.ToString();
}

ExitCode Show(Session& session, const Options& options) {
  return Present(
      session, [&](Client& client) { return client.GetArtifact(options.name, options.version); }, PrintArtifact);
}

ExitCode Delete(Session& session, const Options& options) {
  return Perform(
      session, [&](Client& client) { return client.DeleteArtifact(options.name, options.version); },
      fmt::format("{} version {}: deleted", Printable(options.name), options.version));
}

// Where and as what an artifact arrived.
struct Pulled : client::PulledArtifact {
  std::string name, path;
};

Json ToJson(const Pulled& pulled) {
  return {{"name", pulled.name},
          {"version", pulled.version},
          {"path", pulled.path},
          {"size_bytes", pulled.size_bytes},
          {"sha256", pulled.sha256}};
}

void PrintPulled(std::ostream& out, const Pulled& pulled) {
  out << fmt::format("{}: {} version {}, {}\n", Printable(pulled.path), Printable(pulled.name), pulled.version,
                     ByteCount(pulled.size_bytes));
}

ExitCode Pull(Session& session, const Options& options) {
  const bool onnx = options.format == "onnx";
  const std::string path = options.output.empty() ? options.name + (onnx ? ".onnx" : ".colonnade") : options.output;
  const auto format = onnx ? client::ArtifactFormat::kOnnx : client::ArtifactFormat::kNative;
  const auto pull = [&](Client& client) -> client::Result<Pulled> {
    ProgressBar bar(session, "downloading");
    const auto pulled = client.PullArtifact(options.name, options.version, format, path, bar.callback());
    if (!pulled.ok()) return pulled.status();
    return Pulled{*pulled, options.name, path};
  };
  return Present(session, pull, PrintPulled);
}

// A command on one artifact; the caller adds further flags.
std::shared_ptr<Options> AddOnArtifact(CLI::App& noun, Command& command, const char* verb, const char* help,
                                       ExitCode (*act)(Session&, const Options&)) {
  const auto options = std::make_shared<Options>();
  CLI::App& added = *noun.add_subcommand(verb, help);
  added.add_option("name", options->name, "artifact")->required();
  added.add_option("--version", options->version, "version [the newest]")->check(CLI::PositiveNumber);
  added.callback(
      [&command, options, act] { command = [options, act](Session& session) { return act(session, *options); }; });
  return options;
}

void AddList(CLI::App& noun, Command& command) {
  const auto name = std::make_shared<std::string>();
  CLI::App& list = *noun.add_subcommand("list", "all versions, of one artifact or of all");
  list.add_option("name", *name, "only this artifact");
  list.callback([&command, name] {
    command = [name](Session& session) {
      return PresentList(
          session, "artifacts", [&](Client& client) { return client.ListArtifacts(*name); }, PrintArtifacts);
    };
  });
}

}  // namespace

void AddArtifactCommands(CLI::App& app, Command& command) {
  CLI::App& noun = *app.add_subcommand("artifact", "published results, ready to be served");
  noun.require_subcommand(1);
  AddList(noun, command);
  AddOnArtifact(noun, command, "show", "an artifact and what was measured", Show);
  const auto pull = AddOnArtifact(noun, command, "pull", "download an artifact", Pull);
  CLI::App& flags = *noun.get_subcommand("pull");
  flags.add_option("--output,-o", pull->output, "file to write [NAME.colonnade or NAME.onnx]");
  flags.add_option("--format", pull->format, "native or onnx [native]")->check(CLI::IsMember({"native", "onnx"}));
  AddOnArtifact(noun, command, "delete", "delete one version", Delete);
  noun.get_subcommand("delete")->get_option("--version")->required();
}

}  // namespace colonnade::cli
