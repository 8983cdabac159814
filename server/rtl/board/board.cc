// SPDX-License-Identifier: Apache-2.0
#include "server/rtl/board/board.h"

#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "absl/time/clock.h"
#include "server/base/status.h"
#include "server/rtl/board/bridge.h"
#include "server/rtl/board/buffer_bus.h"
#include "server/rtl/board/endpoint.h"

namespace colonnade::rtl {
namespace {

enum ExitCode { kDone = 0, kFailed = 1, kUsage = 2 };

struct Arguments {
  std::string array = "default", folder, trace;
  int layer = 0;
  size_t buffer_bytes = size_t{8} << 20;
  bool coherent = true;
};

int Complain(const absl::Status& status, ExitCode code) {
  fmt::print(stderr, "colonnade-board: {}\n", Message(status));
  return code;
}

void Describe(CLI::App& app, Arguments& arguments) {
  app.add_option("--array", arguments.array, "array configuration")->type_name("NAME");
  app.add_option("--folder", arguments.folder, "offer files like those of a device under Linux there")
      ->type_name("DIR");
  app.add_option("--buffer-bytes", arguments.buffer_bytes, "size of the buffer in the folder")
      ->check(CLI::Range(size_t{4096}, size_t{1} << 30));
  app.add_flag("!--incoherent", arguments.coherent, "let clients in the folder synchronize the buffer");
  app.add_option("--trace", arguments.trace, "write the waveform of a layer")->type_name("FILE");
  app.add_option("--layer", arguments.layer, "which one: the step of the program, from 0")
      ->check(CLI::NonNegativeNumber);
  app.set_version_flag("--version", "colonnade-board " COLONNADE_VERSION);
}

// Soon after the client did something it may do more: look often, then ever less.
absl::Duration Pause(absl::Duration idle) {
  return std::clamp(idle / 32, absl::Microseconds(20), absl::Milliseconds(10));
}

void Serve(Bridge& bridge, InterruptLine& line) {
  absl::Time last_use = absl::Now();
  while (line.Attend()) {
    const bool used = bridge.Step();
    const absl::Time now = absl::Now();
    if (used) {
      last_use = now;
    } else {
      absl::SleepFor(Pause(now - last_use));
    }
  }
}

int Run(const Arguments& arguments, const MachineMaker& make) {
  const absl::StatusOr<array::ArrayConfig> config = array::ParseArrayConfig(arguments.array);
  if (!config.ok()) return Complain(config.status(), kUsage);
  absl::StatusOr<Endpoint> endpoint =
      arguments.folder.empty() ? EndpointOfParent()
                               : EndpointInFolder(arguments.folder, arguments.buffer_bytes, arguments.coherent);
  if (!endpoint.ok()) return Complain(endpoint.status(), kFailed);
  BufferBus bus(endpoint->buffer.bytes());
  const auto machine = make({*config, arguments.trace, arguments.layer}, bus);
  if (!machine.ok()) {
    endpoint->line->Announce(machine.status());
    return kUsage;
  }
  Bridge bridge(**machine, endpoint->registers, *endpoint->line);
  endpoint->line->Announce(absl::OkStatus());
  Serve(bridge, *endpoint->line);
  return kDone;
}

}  // namespace

int BoardMain(int argc, char** argv, const std::string& machines, const MachineMaker& make) {
  ::signal(SIGPIPE, SIG_IGN);
  Arguments arguments;
  CLI::App app("Hosts a simulated machine behind shared memory: " + machines + ".", "colonnade-board");
  Describe(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return kDone;
  } catch (const CLI::CallForVersion&) {
    fmt::print("{}\n", app.version());
    return kDone;
  } catch (const CLI::ParseError& error) {
    return Complain(absl::InvalidArgumentError(error.what()), kUsage);
  }
  return Run(arguments, make);
}

}  // namespace colonnade::rtl
