// SPDX-License-Identifier: Apache-2.0
#include "client/cli/session.h"

#include "client/cli/arguments.h"
#include "client/cli/text.h"

namespace colonnade::cli {
namespace {

client::Result<client::ClientOptions> ToClientOptions(const GlobalOptions& options) {
  client::ClientOptions result{.server = options.server, .tenant = options.tenant, .token = options.token};
  if (options.timeout.empty()) return result;
  const auto timeout = ParseDuration("--timeout", options.timeout);
  if (!timeout.ok()) return timeout.status();
  result.timeout = result.transfer_timeout = *timeout;
  return result;
}

const char* Remedy(const client::Status& status) {
  switch (ExitCodeOf(status)) {
    case kUnavailable:
      return "is colonnaded running there? --server or COLONNADE_SERVER says where, --timeout how long to wait";
    case kModelRefused: return "`colonnade model inspect FILE` shows the verdict on every node";
    case kNotAllowed:
      return status.reason() == "DATA_BUDGET_EXCEEDED" ? "`colonnade dataset sources` shows what is used and allowed"
                                                       : nullptr;
    default: return nullptr;
  }
}

}  // namespace

client::Result<client::Client*> Session::Connect() {
  if (client_) return client_.get();
  const auto options = ToClientOptions(options_);
  if (!options.ok()) return options.status();
  auto client = client::Client::Connect(*options);
  if (!client.ok()) return client.status();
  client_ = *std::move(client);
  return client_.get();
}

ExitCode Session::Fail(const client::Status& status) const {
  std::string message = status.message().empty() ? CodeName(status.code()) : status.message();
  if (message.find(status.field()) == std::string::npos) message = status.field() + ": " + message;
  err() << "colonnade: " << Printable(message) << "\n";
  if (const char* remedy = Remedy(status)) err() << "  " << remedy << "\n";
  return ExitCodeOf(status);
}

}  // namespace colonnade::cli
