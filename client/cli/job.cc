// SPDX-License-Identifier: Apache-2.0
// colonnade job submit | watch | list | show | cancel
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

#include "client/cli/commands.h"
#include "client/cli/progress.h"
#include "client/cli/report.h"
#include "client/cli/text.h"

namespace colonnade::cli {
namespace {

using client::Client;

struct SubmitOptions {
  client::JobOptions job;
  std::string recipe;
  std::optional<int> alpha;
  std::optional<double> gamma;
  bool watch = false;
};

client::Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file && text << file.rdbuf()) return text.str();
  return client::Status(client::Code::kNotFound, fmt::format("--recipe: '{}' cannot be read", path),
                        {.field = "--recipe"});
}

// The recipe file with the flags on top of it.
client::Result<client::Recipe> MakeRecipe(const SubmitOptions& options) {
  client::Recipe recipe;
  if (!options.recipe.empty()) {
    const auto text = ReadFile(options.recipe);
    if (!text.ok()) return text.status();
    const auto parsed = client::RecipeFromYaml(*text);
    if (!parsed.ok()) return parsed.status();
    recipe = *parsed;
  }
  if (options.alpha) recipe.SetAlpha(*options.alpha);
  if (options.gamma) recipe.SetGamma(*options.gamma);
  return recipe;
}

ExitCode ExitCodeOf(const client::Job& job) {
  return job.state == client::JobState::kFailed || job.state == client::JobState::kCancelled ? kFailed : kOk;
}

void PrintJobs(std::ostream& out, const std::vector<client::Job>& jobs) {
  Table table({"name", "state", "stage", "model", "data set", "artifact", "array", "submitted"});
  for (const auto& job : jobs) {
    table.Add({job.name, Word(job.state), Word(job.stage), job.model, job.dataset, job.artifact, job.array,
               ToText(job.create_time)});
  }
  out << table.ToString();
}

// Shows how the job has ended; a failed one fails the command.
ExitCode ShowEnd(Session& session, Client& client, const std::string& name) {
  const auto job = client.GetJob(name);
  if (!job.ok()) return session.Fail(job.status());
  if (session.json()) {
    session.out() << Indented(ToJson(*job));
  } else {
    PrintJob(session.out(), *job);
  }
  return ExitCodeOf(*job);
}

ExitCode FollowToEnd(Session& session, Client& client, const std::string& name) {
  {
    JobLines lines(session.err(), session.err_is_terminal());
    const client::Status status = client.WatchJob(name, 1, [&](const client::JobEvent& event) {
      lines.Show(event);
      return true;
    });
    if (!status.ok()) return session.Fail(status);
  }
  return ShowEnd(session, client, name);
}

ExitCode Submit(Session& session, SubmitOptions options) {
  const auto recipe = MakeRecipe(options);
  if (!recipe.ok()) return session.Fail(recipe.status());
  options.job.recipe = *recipe;
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.status());
  const auto job = (*client)->SubmitJob(options.job);
  if (!job.ok()) return session.Fail(job.status());
  if (!options.watch) {
    session.out() << (session.json() ? Indented(ToJson(*job)) : fmt::format("{}\n", Printable(job->name)));
    return kOk;
  }
  session.err() << Printable(job->name) << "\n";
  return FollowToEnd(session, **client, job->name);
}

ExitCode Watch(Session& session, const std::string& name, int64_t from) {
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.status());
  JobLines lines(session.out(), false);
  const client::Status status = (*client)->WatchJob(name, from, [&](const client::JobEvent& event) {
    if (session.json()) {
      session.out() << OneLine(ToJson(event)) << std::flush;
    } else {
      lines.Show(event);
    }
    return bool(session.out());
  });
  if (!status.ok()) return session.Fail(status);
  const auto job = (*client)->GetJob(name);
  return job.ok() ? ExitCodeOf(*job) : session.Fail(job.status());
}

void AddSubmit(CLI::App& noun, Command& command) {
  const auto options = std::make_shared<SubmitOptions>();
  CLI::App& submit = *noun.add_subcommand("submit", "pack a model with a data set");
  submit.add_option("--model", options->job.model, "stored model")->required();
  submit.add_option("--dataset", options->job.dataset, "data set in role train; none for recipes in mode data_free");
  submit.add_option("--evaluation", options->job.evaluation, "data set in role evaluation [a held-out 10 %]");
  submit.add_option("--name", options->job.artifact, "artifact to publish")->required();
  submit.add_option("--array", options->job.array, "array configuration [16x18a8]");
  submit.add_option("--recipe", options->recipe, "YAML file of settings");
  submit.add_option("--alpha", options->alpha, "most columns of a group");
  submit.add_option("--gamma", options->gamma, "most conflicts per row of a group, on average");
  submit.add_option("--priority", options->job.priority, "higher runs first, -100 to 100 [0]");
  submit.add_flag("--watch", options->watch, "follow the job; exit code 1 if it fails");
  submit.callback([&command, options] { command = [options](Session& session) { return Submit(session, *options); }; });
}

void AddWatch(CLI::App& noun, Command& command) {
  struct Options {
    std::string name;
    int64_t from = 1;
  };
  const auto options = std::make_shared<Options>();
  CLI::App& watch = *noun.add_subcommand("watch", "follow a job's events to its end; exit code 1 if it fails");
  watch.add_option("name", options->name, "job")->required();
  watch.add_option("--from", options->from, "first event [1]")->check(CLI::PositiveNumber);
  watch.callback([&command, options] {
    command = [options](Session& session) { return Watch(session, options->name, options->from); };
  });
}

ExitCode Show(Session& session, const std::string& name) {
  return Present(
      session, [&](Client& client) { return client.GetJob(name); }, PrintJob);
}

ExitCode Cancel(Session& session, const std::string& name) {
  return Present(
      session, [&](Client& client) { return client.CancelJob(name); }, PrintJob);
}

ExitCode List(Session& session) {
  return PresentList(
      session, "jobs", [](Client& client) { return client.ListJobs(); }, PrintJobs);
}

}  // namespace

void AddJobCommands(CLI::App& app, Command& command) {
  CLI::App& noun = *app.add_subcommand("job", "packing jobs");
  noun.require_subcommand(1);
  AddSubmit(noun, command);
  AddWatch(noun, command);
  AddNamed(noun, command, "show", "a job and its result", "its name", Show);
  AddNamed(noun, command, "cancel", "stop a job", "its name", Cancel);
  noun.add_subcommand("list", "all jobs, newest first")->callback([&command] { command = List; });
}

}  // namespace colonnade::cli
