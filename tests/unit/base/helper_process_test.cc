// SPDX-License-Identifier: Apache-2.0
// Small shell scripts play the helper.
#include "server/base/helper_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace colonnade {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

std::unique_ptr<HelperProcess> Shell(const std::string& script, const std::string& argument = "") {
  auto helper = HelperProcess::Start("/bin/sh", {"-c", script, "helper", argument});
  EXPECT_TRUE(helper.ok()) << helper.status();
  return *std::move(helper);
}

std::string TemporaryPath(const std::string& name) {
  const std::string path = testing::TempDir() + name;
  std::filesystem::remove(path);
  return path;
}

std::string Content(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool Exists(pid_t pid) { return ::kill(pid, 0) == 0 || errno != ESRCH; }

// No process has the helper's end of the socket pair any more.
bool AllGone(HelperProcess& helper) { return absl::IsOutOfRange(helper.Receive(kPatience).status()); }

TEST(HelperProcess, ExchangesFramesOnDescriptorThree) {
  const auto helper = Shell("exec cat <&3 >&3");
  for (const std::string& message : {std::string("hello"), std::string(1 << 16, 'x'), std::string()}) {
    ASSERT_TRUE(helper->Send(message).ok());
    const auto reply = helper->Receive(kPatience);
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(*reply, message);
  }
}

TEST(HelperProcess, GetsWhatIsShared) {
  const std::string one = TemporaryPath("one"), two = TemporaryPath("two");
  const int files[] = {::open(one.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600),
                       ::open(two.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)};
  const auto helper =
      HelperProcess::Start("/bin/sh", {"-c", "echo 4 >&4; echo 5 >&5; test ! -e /dev/fd/6"}, {files[0], files[1]});
  ASSERT_TRUE(helper.ok()) << helper.status();
  EXPECT_EQ((*helper)->WaitForEnd(kPatience), "exit code 0");
  EXPECT_EQ(Content(one), "4\n");
  EXPECT_EQ(Content(two), "5\n");
  for (const int file : files) ::close(file);
}

TEST(HelperProcess, TellsHowItEnded) {
  EXPECT_EQ(Shell("exit 3")->WaitForEnd(kPatience), "exit code 3");
  EXPECT_EQ(Shell("kill -TERM $$")->WaitForEnd(kPatience), "signal 15 (Terminated)");
  const auto helper = Shell("exit 0");
  EXPECT_EQ(helper->WaitForEnd(kPatience), "exit code 0");
  EXPECT_EQ(helper->WaitForEnd(kPatience), "exit code 0");
}

TEST(HelperProcess, KillsAHelperThatTakesTooLong) {
  EXPECT_EQ(Shell("exec sleep 100")->WaitForEnd(absl::Milliseconds(50)), "signal 9 (Killed)");
}

TEST(HelperProcess, KillReachesTheWholeGroup) {
  const auto helper = Shell("sleep 100 & printf '\\001\\000\\000\\000x' >&3; wait");
  ASSERT_TRUE(helper->Receive(kPatience).ok());
  helper->Kill();
  EXPECT_EQ(helper->WaitForEnd(kPatience), "signal 9 (Killed)");
  EXPECT_TRUE(AllGone(*helper));
}

TEST(HelperProcess, LeavesNothingOfTheGroupBehind) {
  const auto helper = Shell("sleep 100 & exit 0");
  EXPECT_EQ(helper->WaitForEnd(kPatience), "exit code 0");
  EXPECT_TRUE(AllGone(*helper));
}

TEST(HelperProcess, WaitsForAFrameOnlySoLong) {
  const auto helper = Shell("exec sleep 100");
  const absl::Time start = absl::Now();
  EXPECT_EQ(helper->Receive(absl::Milliseconds(50)).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
}

TEST(HelperProcess, TheEndOfTheHelperEndsTheStream) {
  EXPECT_EQ(Shell("exit 0")->Receive(kPatience).status().code(), absl::StatusCode::kOutOfRange);
  const auto torn = Shell("printf '\\005\\000\\000\\000ab' >&3");
  EXPECT_EQ(torn->Receive(kPatience).status().code(), absl::StatusCode::kDataLoss);
}

TEST(HelperProcess, AHelperThatStopsInsideAFrameHasLostIt) {
  for (const char* script : {"printf '\\005\\000' >&3; exec sleep 100",
                             "printf '\\005\\000\\000\\000ab' >&3; exec sleep 100"}) {
    const auto helper = Shell(script);
    const absl::Time start = absl::Now();
    EXPECT_EQ(helper->Receive(kPatience).status().code(), absl::StatusCode::kDataLoss);
    EXPECT_LT(absl::Now() - start, absl::Seconds(15));
  }
}

TEST(HelperProcess, AHelperThatDoesNotReadIsGivenUp) {
  const auto helper = Shell("exec sleep 100");
  const absl::Time start = absl::Now();
  EXPECT_EQ(helper->Send(std::string(4 << 20, 'x')).code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(absl::Now() - start, absl::Seconds(15));
}

TEST(HelperProcess, AGoneHelperTakesNoMessages) {
  const auto helper = Shell("exit 0");
  helper->WaitForEnd(kPatience);
  EXPECT_EQ(helper->Send("anything").code(), absl::StatusCode::kUnavailable);
}

TEST(HelperProcess, AnUnreadMessageStillEndsTheStream) {
  const auto helper = Shell("sleep 0.2");
  ASSERT_TRUE(helper->Send("unread").ok());
  EXPECT_EQ(helper->Receive(kPatience).status().code(), absl::StatusCode::kOutOfRange);
}

TEST(HelperProcess, SaysThatAProgramCannotBeRun) {
  const auto helper = HelperProcess::Start("/nonexistent/program");
  EXPECT_EQ(helper.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(helper.status().ToString(), testing::HasSubstr("cannot run '/nonexistent/program'"));
}

TEST(HelperProcess, PassesOnNoOtherDescriptor) {
  const std::string path = TemporaryPath("descriptors");
  const int leaky = ::open("/dev/zero", O_RDONLY);  // not closed on exec
  const auto other = Shell("exec sleep 100");       // and the pair of another helper
  const auto helper = Shell(
      "open=; for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13; do [ -e /proc/self/fd/$i ] && open=$open.$i; done; "
      "echo $open $(readlink /proc/$$/fd/0) > \"$1\"", path);
  EXPECT_EQ(helper->WaitForEnd(kPatience), "exit code 0");
  EXPECT_EQ(Content(path), ".0.1.2.3 /dev/null\n");
  ::close(leaky);
}

TEST(HelperProcess, StartsWithoutBlockedOrIgnoredSignals) {
  const auto ignored = ::signal(SIGUSR1, SIG_IGN);
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &set, &before);
  const auto helper = Shell("kill -USR1 $$; exit 0");
  EXPECT_EQ(helper->WaitForEnd(kPatience), "signal 10 (User defined signal 1)");
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::signal(SIGUSR1, ignored);
}

TEST(HelperProcess, IsKilledAndReapedWithItsObject) {
  pid_t pid = 0;
  {
    const auto helper = Shell("exec sleep 100");
    pid = helper->pid();
    EXPECT_TRUE(Exists(pid));
  }
  EXPECT_FALSE(Exists(pid));
}

// The parent of a helper dies by SIGKILL, here a process forked for the purpose.
TEST(HelperProcess, AHelperThatReadsEndsWhenItsParentDies) {
  const std::string path = TemporaryPath("orphan");
  const pid_t parent = ::fork();
  if (parent == 0) {
    const auto helper = Shell("printf '\\001\\000\\000\\000x' >&3; cat <&3; echo ended > \"$1\"", path);
    (void)helper->Receive(kPatience);
    ::kill(::getpid(), SIGKILL);
  }
  ASSERT_EQ(::waitpid(parent, nullptr, 0), parent);
  for (const absl::Time end = absl::Now() + kPatience; absl::Now() < end && Content(path).empty();) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_EQ(Content(path), "ended\n");
}

}  // namespace
}  // namespace colonnade
