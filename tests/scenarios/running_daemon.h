// SPDX-License-Identifier: Apache-2.0
// The real colonnaded on a state folder of the test's own, and a client of it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "colonnade/client.h"

namespace colonnade {

class RunningDaemon {
 public:
  // Starts it on a free port and waits until it serves; aborts the test program when it
  // does not. `options` are further flags.
  explicit RunningDaemon(std::vector<std::string> options = {});
  // Ends the daemon and removes its state.
  ~RunningDaemon();

  void Kill();     // kill -9
  int Stop();      // SIGTERM; its exit code
  void Restart();  // on the same state

  bool IsAlive() const;
  pid_t pid() const { return pid_; }
  const std::string& address() const { return address_; }
  const std::string& metrics() const { return metrics_; }  // http://HOST:PORT/metrics
  const std::filesystem::path& state() const { return state_; }
  std::string log() const;  // everything it wrote to standard error
  client::Client& client() { return *client_; }

 private:
  void Start();
  void ReadAddresses(int descriptor);

  const std::vector<std::string> options_;
  std::filesystem::path folder_, state_;
  pid_t pid_ = -1;
  std::string address_, metrics_;
  std::unique_ptr<client::Client> client_;
};

}  // namespace colonnade
