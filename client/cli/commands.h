// SPDX-License-Identifier: Apache-2.0
// One function per noun, which adds its commands to the parser. Parsing stores the
// command that was given in `command`; nothing runs before parsing has succeeded.
#pragma once

#include <CLI/App.hpp>

#include <memory>
#include <string>

#include "client/cli/session.h"

namespace colonnade::cli {

void AddModelCommands(CLI::App& app, Command& command);
void AddDatasetCommands(CLI::App& app, Command& command);
void AddJobCommands(CLI::App& app, Command& command);
void AddArtifactCommands(CLI::App& app, Command& command);
void AddInferCommand(CLI::App& app, Command& command);
void AddStatusCommand(CLI::App& app, Command& command);

// A command whose only argument is a name: act(session, name).
template <typename Act>
void AddNamed(CLI::App& noun, Command& command, const char* verb, const char* help, const char* argument, Act act) {
  const auto name = std::make_shared<std::string>();
  CLI::App& added = *noun.add_subcommand(verb, help);
  added.add_option("name", *name, argument)->required();
  added.callback([&command, name, act] { command = [name, act](Session& session) { return act(session, *name); }; });
}

}  // namespace colonnade::cli
