// SPDX-License-Identifier: Apache-2.0
// colonnade model push | inspect | list | show | delete
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "client/cli/commands.h"
#include "client/cli/progress.h"
#include "client/cli/text.h"

namespace colonnade::cli {
namespace {

using client::Client;

void PrintReport(std::ostream& out, const client::ModelReport& report) {
  Table nodes({"verdict", "operation", "node", "reason", "remedy"});
  for (const auto& node : report.nodes)
    nodes.Add({Word(node.verdict), node.op_type, node.name, node.reason, node.remedy});
  out << nodes.ToString();
  if (!report.accepted) return;
  Table layers({"filter matrix", ">rows", ">columns", ">pixels", ">nonzeros", "depthwise"});
  for (const auto& layer : report.layers) {
    layers.Add({layer.name, fmt::to_string(layer.rows), fmt::to_string(layer.columns), fmt::to_string(layer.pixels),
                fmt::to_string(layer.nonzeros), layer.depthwise ? "yes" : ""});
  }
  out << "\n" << layers.ToString();
  out << fmt::format(
      "\ninput '{}' {}, output '{}' of {} classes, {} multiply-accumulates, {} parameters, opset {}, {}\n",
      Printable(report.input_name), ToText(report.input_shape), Printable(report.output_name), report.classes,
      report.dense_macs, report.parameters, report.opset, Printable(report.producer));
}

void PrintModel(std::ostream& out, const client::Model& model) {
  out << fmt::format("{}: {}, SHA-256 {}, stored {}\n\n", Printable(model.name), ByteCount(model.size_bytes),
                     Printable(model.sha256), ToText(model.create_time));
  PrintReport(out, model.report);
}

void PrintModels(std::ostream& out, const std::vector<client::Model>& models) {
  Table table({"name", ">size", "input", ">classes", ">filter matrices", "stored"});
  for (const auto& model : models) {
    table.Add({model.name, ByteCount(model.size_bytes), ToText(model.report.input_shape),
               fmt::to_string(model.report.classes), fmt::to_string(model.report.layers.size()),
               ToText(model.create_time)});
  }
  out << table.ToString();
}

ExitCode Push(Session& session, const std::string& path, const std::string& name) {
  const auto push = [&](Client& client) {
    ProgressBar bar(session, "uploading");
    return client.PushModelFile(name, path, bar.callback());
  };
  return Present(session, push, [](std::ostream& out, const client::Model& model) {
    out << fmt::format("{}: {} filter matrices, {} classes, input {}\n", Printable(model.name),
                       model.report.layers.size(), model.report.classes, ToText(model.report.input_shape));
  });
}

// What has a slash or is a file here is a path; names of models have no slash.
bool IsPath(const std::string& target) {
  std::error_code ignored;
  return target.find('/') != std::string::npos || std::filesystem::is_regular_file(target, ignored);
}

ExitCode Inspect(Session& session, const std::string& target) {
  bool accepted = true;
  const auto inspect = [&](Client& client) {
    ProgressBar bar(session, "uploading");
    auto report = IsPath(target) ? client.InspectModelFile(target, bar.callback()) : client.InspectModel(target);
    accepted = !report.ok() || report->accepted;
    return report;
  };
  const ExitCode code = Present(session, inspect, PrintReport);
  if (accepted) return code;
  session.err() << "colonnade: the model is refused: see the nodes with the verdict 'refused'\n";
  return kModelRefused;
}

void AddPush(CLI::App& noun, Command& command) {
  struct Options {
    std::string path, name;
  };
  const auto options = std::make_shared<Options>();
  CLI::App& push = *noun.add_subcommand("push", "upload an ONNX file");
  push.add_option("file", options->path, "ONNX file, at most 1 GiB")->required();
  push.add_option("--name", options->name, "name to store it under")->required();
  push.callback([&command, options] {
    command = [options](Session& session) { return Push(session, options->path, options->name); };
  });
}

ExitCode Show(Session& session, const std::string& name) {
  return Present(
      session, [&](Client& client) { return client.GetModel(name); }, PrintModel);
}

ExitCode Delete(Session& session, const std::string& name) {
  return Perform(
      session, [&](Client& client) { return client.DeleteModel(name); }, Printable(name) + ": deleted");
}

ExitCode List(Session& session) {
  return PresentList(
      session, "models", [](Client& client) { return client.ListModels(); }, PrintModels);
}

}  // namespace

void AddModelCommands(CLI::App& app, Command& command) {
  CLI::App& noun = *app.add_subcommand("model", "networks to pack");
  noun.require_subcommand(1);
  AddPush(noun, command);
  AddNamed(noun, command, "inspect", "what becomes of every node", "a stored model, or an ONNX file", Inspect);
  AddNamed(noun, command, "show", "a stored model", "its name", Show);
  AddNamed(noun, command, "delete", "delete a stored model", "its name", Delete);
  noun.add_subcommand("list", "all stored models")->callback([&command] { command = List; });
}

}  // namespace colonnade::cli
