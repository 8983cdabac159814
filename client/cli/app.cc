// SPDX-License-Identifier: Apache-2.0
#include "client/cli/app.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "client/cli/commands.h"

#ifndef COLONNADE_VERSION
#error "the build names the version"
#endif

namespace colonnade::cli {
namespace {

constexpr char kFooter[] =
    R"(Results go to standard output, as tables or with --json as one JSON document (`job watch --json`: one line per
event). Errors, with the field they are about, and progress go to standard error, with and without --json.

Exit codes: 0 done; 1 failed, also a job that failed or was cancelled; 2 wrong usage or invalid argument; 3 model
refused; 4 not found; 5 not allowed, or over the data budget; 6 unavailable, busy or no answer in time.

The environment may hold COLONNADE_SERVER, COLONNADE_TENANT, and COLONNADE_TOKEN (sent as bearer token).)";

void AddGlobalOptions(CLI::App& app, GlobalOptions& options) {
  app.add_option("--server", options.server, "HOST:PORT or unix:PATH of the daemon [127.0.0.1:8500]")
      ->envname("COLONNADE_SERVER");
  app.add_option("--tenant", options.tenant, "act for this tenant")->envname("COLONNADE_TENANT");
  app.add_option("--timeout", options.timeout, "longest time of a call, such as 30s [60s; transfers 1h]");
  app.add_flag("--json", options.json, "print JSON");
}

// Its last word: help and version to standard output, mistakes to standard error.
int End(CLI::App& app, const CLI::ParseError& error, const Terminal& terminal) {
  return app.exit(error, terminal.out, terminal.err) == 0 ? kOk : kUsage;
}

}  // namespace

int Run(int argc, const char* const* argv, const Terminal& terminal) {
  CLI::App app("Packs convolutional networks for systolic arrays and serves them.", "colonnade");
  GlobalOptions options;
  Command command;
  app.fallthrough()->require_subcommand(1)->footer(kFooter);
  app.set_version_flag("--version", "colonnade " COLONNADE_VERSION);
  AddGlobalOptions(app, options);
  AddModelCommands(app, command);
  AddDatasetCommands(app, command);
  AddJobCommands(app, command);
  AddArtifactCommands(app, command);
  AddInferCommand(app, command);
  AddStatusCommand(app, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return End(app, error, terminal);
  }
  if (const char* token = std::getenv("COLONNADE_TOKEN")) options.token = token;
  Session session(terminal, options);
  return command(session);
}

}  // namespace colonnade::cli
