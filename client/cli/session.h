// SPDX-License-Identifier: Apache-2.0
// What every command needs: where to write, which server, how to fail.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "client/cli/exit_code.h"
#include "client/cli/json.h"
#include "colonnade/client.h"

namespace colonnade::cli {

// Results go to `out`, everything else to `err`.
struct Terminal {
  std::ostream& out;
  std::ostream& err;
  bool err_is_terminal = false;
};

// Flags of all commands.
struct GlobalOptions {
  std::string server = "127.0.0.1:8500";
  std::string tenant, token, timeout;  // empty: the library's defaults
  bool json = false;
};

class Session {
 public:
  Session(Terminal terminal, GlobalOptions options) : terminal_(terminal), options_(std::move(options)) {}

  bool json() const { return options_.json; }
  std::ostream& out() const { return terminal_.out; }
  std::ostream& err() const { return terminal_.err; }
  bool err_is_terminal() const { return terminal_.err_is_terminal; }

  // The connection, made on first use.
  client::Result<client::Client*> Connect();

  // Says what went wrong and what helps; returns the exit code that fits.
  ExitCode Fail(const client::Status& status) const;

 private:
  Terminal terminal_;
  GlobalOptions options_;
  std::unique_ptr<client::Client> client_;
};

// What a command line asks for.
using Command = std::function<ExitCode(Session&)>;

// Runs `act` on the connection and shows its result: as JSON, or by `show`, which is
// given stream and value.
template <typename Act, typename Show>
ExitCode Present(Session& session, Act&& act, Show&& show) {
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.status());
  const auto result = act(**client);
  if (!result.ok()) return session.Fail(result.status());
  if (session.json()) {
    session.out() << Indented(ToJson(*result));
  } else {
    show(session.out(), *result);
  }
  return kOk;
}

// As Present, for lists: as JSON an object with the array `key`.
template <typename Act, typename Show>
ExitCode PresentList(Session& session, const char* key, Act&& act, Show&& show) {
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.status());
  const auto result = act(**client);
  if (!result.ok()) return session.Fail(result.status());
  if (session.json()) {
    session.out() << Indented({{key, ToJson(*result)}});
  } else {
    show(session.out(), *result);
  }
  return kOk;
}

// For calls without a result; as JSON an empty object.
template <typename Act>
ExitCode Perform(Session& session, Act&& act, const std::string& done) {
  const auto client = session.Connect();
  if (!client.ok()) return session.Fail(client.status());
  const client::Status status = act(**client);
  if (!status.ok()) return session.Fail(status);
  session.out() << (session.json() ? "{}" : done) << "\n";
  return kOk;
}

}  // namespace colonnade::cli
