// SPDX-License-Identifier: Apache-2.0
#include "client/cli/progress.h"

#include <fmt/format.h>

#include "client/cli/text.h"

namespace colonnade::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRedraw(100), kPlainLine(10'000);
constexpr int kBarWidth = 30;
constexpr char kClearLine[] = "\r\x1b[K";

std::string Bar(double fraction) {
  const auto full = size_t(fraction * kBarWidth);
  return fmt::format("[{}{}]", std::string(full, '#'), std::string(kBarWidth - full, ' '));
}

std::string Duration(double seconds) {
  const auto whole = int64_t(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  return whole < 3600 ? fmt::format("{} min", (whole + 30) / 60) : fmt::format("{:.1f} h", double(whole) / 3600);
}

}  // namespace

ProgressBar::ProgressBar(const Session& session, std::string label, Unit unit)
    : err_(session.err()), terminal_(session.err_is_terminal()), label_(std::move(label)), unit_(unit) {}

ProgressBar::~ProgressBar() {
  if (terminal_ && drawn_) err_ << "\n";
}

void ProgressBar::Update(int64_t done, int64_t total) {
  const auto now = Clock::now();
  const bool last = terminal_ && drawn_ && done == total;
  if (!last && now - shown_ < (terminal_ ? kRedraw : kPlainLine)) return;
  shown_ = now;
  drawn_ = true;
  const double fraction = total > 0 ? double(done) / double(total) : 1;
  const std::string line = unit_ == Unit::kBytes ? fmt::format("{} {} of {}", label_, ByteCount(done), ByteCount(total))
                                                 : fmt::format("{} {} of {}", label_, done, total);
  err_ << (terminal_ ? fmt::format("{}{} {}", kClearLine, Bar(fraction), line) : line + "\n") << std::flush;
}

JobLines::~JobLines() {
  if (open_) stream_ << "\n";
}

void JobLines::Show(const client::JobEvent& event) {
  if (!terminal_) {
    stream_ << ToText(event) << "\n" << std::flush;
    return;
  }
  if (open_) stream_ << (event.stage == stage_ ? kClearLine : "\n");
  stream_ << ToText(event) << std::flush;
  stage_ = event.stage;
  open_ = true;
}

std::string ToText(const client::JobEvent& event) {
  std::string text = Word(event.state);
  if (event.stage != client::JobStage::kNone) text += fmt::format(" {}", Word(event.stage));
  if (event.round > 0) text += fmt::format(" round {}", event.round);
  if (event.total > 0) text += fmt::format(" {}/{}", event.done, event.total);
  if (event.loss) text += fmt::format(", loss {:.4f}", *event.loss);
  if (event.accuracy) text += fmt::format(", accuracy {}", Percent(*event.accuracy));
  if (event.density) text += fmt::format(", density {}", Percent(*event.density));
  if (event.columns_after > 0)
    text += fmt::format(", {} of {} array columns", event.columns_after, event.columns_before);
  if (event.remaining_seconds) text += fmt::format(", about {} left", Duration(*event.remaining_seconds));
  if (!event.message.empty()) text += fmt::format(": {}", Printable(event.message));
  return text;
}

}  // namespace colonnade::cli
