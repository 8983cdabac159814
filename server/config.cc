// SPDX-License-Identifier: Apache-2.0
#include "server/config.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "server/base/status.h"
#include "server/config_sources.h"

namespace colonnade {
namespace {

constexpr char kDefaultListen[] = "127.0.0.1:8500";

// Names other than this one are anybody's.
bool IsLoopback(const std::string& host) {
  in_addr v4;
  in6_addr v6;
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  if (::inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return host == "localhost";
}

absl::Status ReadText(const Values& values, std::string& out) {
  if (values.size() != 1 || values[0].empty()) return absl::InvalidArgumentError("takes one value");
  out = values[0];
  return absl::OkStatus();
}

template <typename Number>
absl::Status ReadNumber(const Values& values, Number lowest, Number highest, Number& out) {
  std::string text;
  COLONNADE_RETURN_IF_ERROR(ReadText(values, text));
  const auto number = ParseNumber<Number>(text);
  if (number && *number >= lowest && *number <= highest) {
    out = *number;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(fmt::format("'{}' is not a number from {} to {}", text, lowest, highest));
}

absl::Status ReadSwitch(const Values& values, bool& out) {
  std::string text;
  COLONNADE_RETURN_IF_ERROR(ReadText(values, text));
  if (text != "true" && text != "false" && text != "1" && text != "0") {
    return absl::InvalidArgumentError(fmt::format("'{}' is neither true nor false", text));
  }
  out = text == "true" || text == "1";
  return absl::OkStatus();
}

absl::Status ReadListen(const Values& values, std::vector<Endpoint>& out) {
  for (const std::string& text : values) {
    COLONNADE_ASSIGN_OR_RETURN(Endpoint endpoint, ParseEndpoint(text));
    out.push_back(std::move(endpoint));
  }
  return absl::OkStatus();
}

absl::Status ReadMetrics(const Values& values, std::string& out) {
  COLONNADE_RETURN_IF_ERROR(ReadText(values, out));
  COLONNADE_ASSIGN_OR_RETURN(const Endpoint endpoint, ParseEndpoint(out));
  if (endpoint.is_unix()) return absl::InvalidArgumentError("metrics need HOST:PORT");
  return absl::OkStatus();
}

absl::Status ReadCeiling(const Values& values, double& out) {
  COLONNADE_RETURN_IF_ERROR(ReadNumber<double>(values, 0.0, 1.0, out));
  if (out > 0.0) return absl::OkStatus();
  return absl::InvalidArgumentError("must be above 0 and at most 1");
}

absl::Status ReadLevel(const Values& values, std::string& out) {
  static const Values kLevels = {"debug", "info", "warning", "error"};
  COLONNADE_RETURN_IF_ERROR(ReadText(values, out));
  if (std::find(kLevels.begin(), kLevels.end(), out) != kLevels.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("'{}' is none of {}", out, fmt::join(kLevels, ", ")));
}

std::string Beside(const char* program, const char* name) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto folder = (error ? std::filesystem::path(program) : self).parent_path();
  return (folder / name).string();
}

std::string IfThere(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error) ? path : "";
}

absl::Status Check(const Config& config) {
  if (config.state.empty()) return InvalidField("--state", "required: the folder of everything durable");
  for (const Endpoint& endpoint : config.listen) {
    if (endpoint.is_local() || config.insecure) continue;
    return InvalidField("--listen", fmt::format("{} can be reached from other hosts, and nobody is authenticated; "
                                                "listen on loopback or a unix socket, or add --insecure",
                                                endpoint.ToString()));
  }
  return absl::OkStatus();
}

}  // namespace

const std::vector<Setting>& Settings() {
  static const std::vector<Setting> settings = {
      {"state", "DIR", "folder of everything durable",
       [](Config& c, const Values& v) { return ReadText(v, c.state); }},
      {"listen", "HOST:PORT|unix:PATH", "where to serve gRPC; may be repeated",
       [](Config& c, const Values& v) { return ReadListen(v, c.listen); }},
      {"metrics", "HOST:PORT", "where to serve Prometheus metrics",
       [](Config& c, const Values& v) { return ReadMetrics(v, c.metrics); }},
      {"insecure", "", "serve other hosts without authentication, believing the tenant they name",
       [](Config& c, const Values& v) { return ReadSwitch(v, c.insecure); }},
      {"worker", "PATH", "the colonnade-worker program",
       [](Config& c, const Values& v) { return ReadText(v, c.worker); }},
      {"inspect", "PATH", "the colonnade-inspect program",
       [](Config& c, const Values& v) { return ReadText(v, c.inspect); }},
      {"board", "PATH", "the colonnade-board program, which executor rtl runs on",
       [](Config& c, const Values& v) { return ReadText(v, c.board); }},
      {"fpga", "DEVICE", "what executor fpga runs on: uio:UIO:BUFFER or board:FOLDER",
       [](Config& c, const Values& v) { return ReadText(v, c.fpga); }},
      {"jobs", "N", "packing jobs at the same time, 1 to 64",
       [](Config& c, const Values& v) { return ReadNumber(v, 1, 64, c.jobs); }},
      {"data-ceiling", "FRACTION", "share of a source's samples a tenant may train on, above 0 to 1",
       [](Config& c, const Values& v) { return ReadCeiling(v, c.data_ceiling); }},
      {"max-models", "N", "artifacts loaded at the same time, 1 to 4096",
       [](Config& c, const Values& v) { return ReadNumber(v, 1, 4096, c.max_models); }},
      {"max-in-flight", "N", "inferences at the same time, 1 to 65536",
       [](Config& c, const Values& v) { return ReadNumber(v, 1, 65536, c.max_in_flight); }},
      {"log-level", "LEVEL", "debug, info, warning or error",
       [](Config& c, const Values& v) { return ReadLevel(v, c.log_level); }},
  };
  return settings;
}

bool Endpoint::is_local() const { return is_unix() || IsLoopback(host); }

std::string Endpoint::ToString() const {
  if (is_unix()) return "unix:" + path;
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text) {
  Endpoint endpoint;
  if (text.rfind("unix:", 0) == 0) {
    endpoint.path = text.substr(5);
    if (!endpoint.path.empty() && endpoint.path.size() <= 107) return endpoint;
    return absl::InvalidArgumentError(fmt::format("'{}': a socket's path has 1 to 107 characters", text));
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return absl::InvalidArgumentError(fmt::format("'{}' is neither HOST:PORT nor unix:PATH", text));
  }
  endpoint.host = text.substr(0, colon);
  if (endpoint.host.size() > 2 && endpoint.host.front() == '[' && endpoint.host.back() == ']') {
    endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
  }
  const auto port = ParseNumber<int>(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) {
    return absl::InvalidArgumentError(fmt::format("'{}': a port is a number from 0 to 65535", text));
  }
  endpoint.port = *port;
  return endpoint;
}

absl::StatusOr<Invocation> LoadConfig(int argc, const char* const* argv, const Environment& environment) {
  COLONNADE_ASSIGN_OR_RETURN(Sources sources, ReadSources(argc, argv, environment));
  Invocation invocation{{}, sources.text};
  if (!invocation.text.empty()) return invocation;
  Config& config = invocation.config;
  for (const Setting& setting : Settings()) {
    const auto found = sources.values.find(setting.name);
    if (found == sources.values.end()) continue;
    const absl::Status status = setting.apply(config, found->second.values);
    if (!status.ok()) return InvalidField(found->second.where, Message(status));
  }
  if (config.listen.empty()) config.listen.push_back(*ParseEndpoint(kDefaultListen));
  if (config.worker.empty()) config.worker = Beside(argv[0], "colonnade-worker");
  if (config.inspect.empty()) config.inspect = Beside(argv[0], "colonnade-inspect");
  if (config.board.empty()) config.board = IfThere(Beside(argv[0], "colonnade-board"));
  COLONNADE_RETURN_IF_ERROR(Check(config));
  return invocation;
}

}  // namespace colonnade
