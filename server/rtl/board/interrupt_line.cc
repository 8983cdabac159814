// SPDX-License-Identifier: Apache-2.0
#include "server/rtl/board/interrupt_line.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cstdint>

#include "absl/time/clock.h"
#include "server/base/file_io.h"
#include "server/base/frames.h"
#include "server/base/status.h"
#include "server/device/private_board.h"

namespace colonnade::rtl {
namespace {

class ParentLine final : public InterruptLine {
 public:
  void Announce(const absl::Status& status) override {
    Send(status.ok() ? std::string(device::kBoardIsReady) : std::string(Message(status)));
  }
  void Raise() override { Send(device::kInterrupt); }
  bool Attend() override {
    pollfd parent{kHelperDescriptor, POLLIN, 0};  // it says nothing: what can be read is the end
    return open_ && ::poll(&parent, 1, 0) == 0;
  }

 private:
  void Send(const std::string& message) {
    if (!WriteFrame(kHelperDescriptor, message).ok()) open_ = false;
  }
  bool open_ = true;
};

class TerminalLine final : public InterruptLine {
 public:
  // Takes both ends over.
  TerminalLine(int board, int client, std::string path) : board_(board), client_(client), path_(std::move(path)) {}
  ~TerminalLine() override { ::unlink(path_.c_str()); }

  void Announce(const absl::Status& status) override {
    if (status.ok()) return;
    const std::string line = fmt::format("colonnade-board: {}\n", Message(status));
    if (::write(STDERR_FILENO, line.data(), line.size()) < 0) ::_exit(1);
  }
  void Raise() override {
    ++count_;
    waiting_ = true;
    Deliver();
  }
  bool Attend() override {
    uint32_t word = 0;
    while (::read(board_.get(), &word, sizeof word) == sizeof word) enabled_ = word == 1;
    Deliver();
    return FolderIsThere();
  }

 private:
  void Deliver() {
    if (!waiting_ || !enabled_) return;
    enabled_ = false;
    waiting_ = ::write(board_.get(), &count_, sizeof count_) != sizeof count_;
  }

  // Looked at once a second.
  bool FolderIsThere() {
    const absl::Time now = absl::Now();
    if (now < next_look_) return true;
    next_look_ = now + absl::Seconds(1);
    struct stat link;
    return ::lstat(path_.c_str(), &link) == 0;
  }

  const Descriptor board_, client_;  // the client's end stays open, so that clients may come and go
  const std::string path_;
  uint32_t count_ = 0;
  bool waiting_ = false, enabled_ = true;
  absl::Time next_look_ = absl::InfinitePast();
};

// Bytes as they are, without echo.
bool MakeRaw(int terminal) {
  termios settings;
  if (::tcgetattr(terminal, &settings) != 0) return false;
  ::cfmakeraw(&settings);
  return ::tcsetattr(terminal, TCSANOW, &settings) == 0;
}

}  // namespace

std::unique_ptr<InterruptLine> MessagesToParent() { return std::make_unique<ParentLine>(); }

absl::StatusOr<std::unique_ptr<InterruptLine>> PseudoUio(const std::string& path) {
  const int board = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (board < 0 || ::grantpt(board) != 0 || ::unlockpt(board) != 0) return SystemError("make", "a terminal");
  const std::string name = ::ptsname(board);
  const int client = ::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (client < 0 || !MakeRaw(client)) return SystemError("open", name);
  ::unlink(path.c_str());
  if (::symlink(name.c_str(), path.c_str()) != 0) return SystemError("make", path);
  return std::make_unique<TerminalLine>(board, client, path);
}

}  // namespace colonnade::rtl
