// SPDX-License-Identifier: Apache-2.0
#include "colonnade/client.h"

#include <sodium.h>

#include <algorithm>
#include <charconv>

#include "client/src/impl.h"

namespace colonnade::client {
namespace {

// Anything else could not travel as metadata.
bool IsPrintable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

bool IsPort(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

bool IsAddress(const std::string& server) {
  if (!IsPrintable(server)) return false;
  if (server.starts_with("unix:")) return server.size() > 5;
  const size_t colon = server.rfind(':');
  if (colon == std::string::npos || colon == 0 || !IsPort(std::string_view(server).substr(colon + 1))) return false;
  const std::string host = server.substr(0, colon);
  if (host.front() == '[') return host.back() == ']';
  return host.find_first_of(":/") == std::string::npos;
}

Status Check(const ClientOptions& options) {
  if (!IsAddress(options.server)) {
    return InvalidField("server", "'" + options.server + "' is not HOST:PORT, [IPV6]:PORT or unix:PATH");
  }
  if (!IsPrintable(options.tenant)) return InvalidField("tenant", "must be a name, without spaces");
  if (!IsPrintable(options.token)) return InvalidField("token", "must be printable ASCII, without spaces");
  if (options.timeout.count() <= 0) return InvalidField("timeout", "must be above 0");
  if (options.transfer_timeout.count() <= 0) return InvalidField("transfer_timeout", "must be above 0");
  if (options.retry.attempts < 1) return InvalidField("retry.attempts", "must be at least 1");
  return {};
}

}  // namespace

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::Connect(ClientOptions options) {
  if (Status status = Check(options); !status.ok()) return status;
  if (sodium_init() < 0) return Status(Code::kInternal, "the random number generator cannot be used");
  return std::unique_ptr<Client>(new Client(std::make_unique<Impl>(std::move(options))));
}

}  // namespace colonnade::client
