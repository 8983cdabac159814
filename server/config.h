// SPDX-License-Identifier: Apache-2.0
// The daemon's settings: one struct, filled from three places and checked once.
// A flag wins over the environment, which wins over the file of --config:
//
//   --data-ceiling 0.2      COLONNADE_DATA_CEILING=0.2      data_ceiling: 0.2
//
// docs/operations.md lists every setting.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace colonnade {

// Where to listen: "HOST:PORT" (port 0 picks a free one, IPv6 in brackets) or
// "unix:PATH".
struct Endpoint {
  std::string path;  // of a unix socket; empty for TCP
  std::string host;
  int port = 0;

  bool is_unix() const { return !path.empty(); }
  // Reachable from this host only: a unix socket or a loopback address.
  bool is_local() const;
  std::string ToString() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// INVALID_ARGUMENT says which part is wrong. Names are not resolved.
absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text);

struct Config {
  std::string state;             // folder of everything durable; required
  std::vector<Endpoint> listen;  // at least one
  std::string metrics;           // HOST:PORT of the metrics, empty for none
  bool insecure = false;         // serve without authentication beyond this host
  std::string worker;            // path of colonnade-worker
  std::string inspect;           // path of colonnade-inspect
  std::string board;             // path of colonnade-board, for executor rtl; empty without it
  std::string fpga;              // device of executor fpga (device/uio_device.h); empty for none
  int jobs = 1;                  // packing jobs at the same time, 1..64
  double data_ceiling = 0.1;     // training samples of a source a tenant may use, above 0 to 1
  int max_models = 16;           // artifacts loaded at the same time, 1..4096
  int max_in_flight = 64;        // inferences at the same time, 1..65536
  std::string log_level = "info";
};

// What the command line asked for: to run with `config`, or only to print `text`
// (--help, --version) and succeed.
struct Invocation {
  Config config;
  std::string text;
};

// Value of an environment variable, or null.
using Environment = std::function<const char*(const char*)>;

// Reads flags, environment and file, fills defaults (programs beside argv[0], listening
// at 127.0.0.1:8500) and checks the result. INVALID_ARGUMENT names the setting, where it
// was set and what is allowed; unknown flags and file keys are refused, with the
// nearest known one.
absl::StatusOr<Invocation> LoadConfig(int argc, const char* const* argv, const Environment& environment);

}  // namespace colonnade
