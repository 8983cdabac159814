// SPDX-License-Identifier: Apache-2.0
// The program in a process of its own, where no thread of a server drives its connections.
#include <gmock/gmock.h>
#include <stdio.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "tests/support/fake_server.h"

namespace colonnade::cli {
namespace {

class ProgramTest : public testing::Test {
 protected:
  ~ProgramTest() override {
    if (output != nullptr) ::pclose(output);
  }
  void Begin(const std::string& arguments) {
    output = ::popen((COLONNADE_PROGRAM " --server " + server.tcp_address() + " " + arguments + " 2>&1").c_str(), "r");
    ASSERT_NE(output, nullptr);
  }
  std::string ReadLine() {
    std::array<char, 4096> line{};
    return ::fgets(line.data(), int(line.size()), output) == nullptr ? "" : line.data();
  }
  int End() {
    while (!ReadLine().empty()) {
    }
    return WEXITSTATUS(::pclose(std::exchange(output, nullptr)));
  }
  void StartLate() {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    server.Start();
  }

  FakeServer server;
  FakeState& state = server.state();
  FILE* output = nullptr;
};

TEST_F(ProgramTest, FindsAServerThatStartsLate) {
  server.Stop();
  Begin("status");
  StartLate();
  EXPECT_EQ(End(), 0);
  EXPECT_EQ(state.calls, 1);
}

TEST_F(ProgramTest, WatchFindsAServerThatIsBackLate) {
  for (int i = 1; i <= 2; ++i) state.events.emplace_back().set_sequence(i);
  state.events_per_connection.assign(1000, 0);
  state.events_per_connection[0] = 1;
  Begin("job watch job-1 --json");
  EXPECT_THAT(ReadLine(), testing::HasSubstr("\"sequence\":1,"));
  server.Stop();
  state.events_per_connection.clear();
  StartLate();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(ReadLine(), testing::HasSubstr("\"sequence\":2,"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
  EXPECT_EQ(End(), 0);
}

}  // namespace
}  // namespace colonnade::cli
