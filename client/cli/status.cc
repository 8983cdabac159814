// SPDX-License-Identifier: Apache-2.0
// colonnade status
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "client/cli/commands.h"
#include "client/cli/text.h"

namespace colonnade::cli {
namespace {

void PrintStatus(std::ostream& out, const client::ServerStatus& status) {
  out << fmt::format("colonnaded {}, {} since {}, tenant {}\n", Printable(status.version),
                     status.ready ? "ready" : "not ready", ToText(status.start_time), Printable(status.tenant));
  out << fmt::format("executors {}; arrays {}\n", Printable(fmt::format("{}", fmt::join(status.executors, ", "))),
                     Printable(fmt::format("{}", fmt::join(status.arrays, ", "))));
  out << fmt::format("{} artifacts", status.artifacts);
  for (const auto& [state, count] : status.jobs) out << fmt::format(", {} jobs {}", count, Printable(state));
  out << "\n";
}

// A server that takes no work is as good as none.
ExitCode Show(Session& session) {
  bool ready = true;
  const auto ask = [&](client::Client& client) {
    auto status = client.GetStatus();
    ready = !status.ok() || status->ready;
    return status;
  };
  const ExitCode code = Present(session, ask, PrintStatus);
  return ready ? code : kUnavailable;
}

}  // namespace

void AddStatusCommand(CLI::App& app, Command& command) {
  app.add_subcommand("status", "what the server is and does; exit code 6 unless it is ready")->callback([&command] {
    command = Show;
  });
}

}  // namespace colonnade::cli
