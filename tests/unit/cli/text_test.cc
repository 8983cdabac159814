// SPDX-License-Identifier: Apache-2.0
#include "client/cli/text.h"

#include <gtest/gtest.h>

#include <sstream>

#include "client/cli/progress.h"

namespace colonnade::cli {
namespace {

TEST(Text, ControlCharactersCannotSteerATerminal) {
  EXPECT_EQ(Printable("a\x1b[2J\nb\x7f"), "a\\x1b[2J\\x0ab\\x7f");
  EXPECT_EQ(Printable("\xc3\xa9"), "\xc3\xa9");
}

TEST(Text, SizesHaveBinaryUnits) {
  EXPECT_EQ(ByteCount(1023), "1023 B");
  EXPECT_EQ(ByteCount(1536), "1.5 KiB");
  EXPECT_EQ(ByteCount(int64_t{5} << 30), "5.0 GiB");
}

TEST(Text, TablesAlign) {
  Table table({"name", ">size"});
  table.Add({"a", "7"});
  table.Add({"longer\n", "1234"});
  EXPECT_EQ(table.ToString(), "name        size\na              7\nlonger\\x0a  1234\n");
}

TEST(Text, EventsAreOneLine) {
  client::JobEvent event;
  event.state = client::JobState::kRunning;
  event.stage = client::JobStage::kFinalTraining;
  event.done = 3;
  event.total = 12;
  event.accuracy = 0.875;
  event.remaining_seconds = 95;
  event.message = "so\nfar";
  EXPECT_EQ(ToText(event), "running final_training 3/12, accuracy 87.50 %, about 2 min left: so\\x0afar");
}

TEST(Text, TerminalsOverwriteTheLineOfAStage) {
  std::ostringstream plain, terminal;
  client::JobEvent event;
  event.state = client::JobState::kRunning;
  event.stage = client::JobStage::kPack;
  {
    JobLines for_plain(plain, false), for_terminal(terminal, true);
    for (event.done = 1, event.total = 2; event.done <= 2; ++event.done) {
      for_plain.Show(event);
      for_terminal.Show(event);
    }
  }
  EXPECT_EQ(plain.str(), "running pack 1/2\nrunning pack 2/2\n");
  EXPECT_EQ(terminal.str(), "running pack 1/2\r\x1b[Krunning pack 2/2\n");
}

TEST(Text, TransfersAreQuietOffATerminalAtFirst) {
  std::ostringstream out, err;
  ProgressBar(Session({out, err, false}, {}), "uploading").Update(1, 2);
  EXPECT_EQ(err.str(), "");
}

}  // namespace
}  // namespace colonnade::cli
