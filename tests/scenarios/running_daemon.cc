// SPDX-License-Identifier: Apache-2.0
#include "tests/scenarios/running_daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

namespace colonnade {
namespace {

constexpr char kAnnouncement[] = "listening on ";

std::filesystem::path NewFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "colonnade_scenario_XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) std::abort();
  return pattern;
}

std::string FirstLine(int descriptor) {
  std::string line;
  char c = 0;
  while (::read(descriptor, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

int Reap(pid_t& pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  pid = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

RunningDaemon::RunningDaemon(std::vector<std::string> options)
    : options_(std::move(options)), folder_(NewFolder()), state_(folder_ / "state") {
  Start();
}

RunningDaemon::~RunningDaemon() {
  if (pid_ > 0) Stop();
  std::filesystem::remove_all(folder_);
}

void RunningDaemon::Start() {
  std::vector<std::string> words = {COLONNADED,    "--state",   state_.string(), "--listen",
                                    "127.0.0.1:0", "--metrics", "127.0.0.1:0"};
  words.insert(words.end(), options_.begin(), options_.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  ReadAddresses(ends[0]);
  ::close(ends[0]);
  client_ = std::move(*client::Client::Connect({.server = address_}));
}

// "listening on 127.0.0.1:41234, http://127.0.0.1:41235/metrics"
void RunningDaemon::ReadAddresses(int descriptor) {
  const std::string line = FirstLine(descriptor);
  const size_t comma = line.find(", ");
  if (line.rfind(kAnnouncement, 0) != 0 || comma == std::string::npos) {
    std::fprintf(stderr, "colonnaded does not serve: %s\n%s", line.c_str(), log().c_str());
    std::abort();
  }
  address_ = line.substr(sizeof kAnnouncement - 1, comma - (sizeof kAnnouncement - 1));
  metrics_ = line.substr(comma + 2);
}

void RunningDaemon::Kill() {
  ::kill(pid_, SIGKILL);
  Reap(pid_);
}

int RunningDaemon::Stop() {
  ::kill(pid_, SIGTERM);
  return Reap(pid_);
}

void RunningDaemon::Restart() {
  if (pid_ > 0) Stop();
  Start();
}

bool RunningDaemon::IsAlive() const { return pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == 0; }

std::string RunningDaemon::log() const {
  std::ifstream file(folder_ / "log");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace colonnade
