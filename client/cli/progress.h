// SPDX-License-Identifier: Apache-2.0
// How far something is, on standard error: a line that changes on a terminal, else
// plain lines now and then.
#pragma once

#include <chrono>
#include <ostream>
#include <string>

#include "client/cli/session.h"

namespace colonnade::cli {

// Work of known size. Ends its line when destroyed: before the result is printed.
class ProgressBar {
 public:
  enum class Unit { kBytes, kImages };
  ProgressBar(const Session& session, std::string label, Unit unit = Unit::kBytes);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void Update(int64_t done, int64_t total);
  client::Progress callback() {
    return [this](int64_t done, int64_t total) { Update(done, total); };
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::ostream& err_;
  const bool terminal_;
  const std::string label_;
  const Unit unit_;
  Clock::time_point shown_ = Clock::now();
  bool drawn_ = false;
};

// The events of a job. On a terminal the line of a stage is overwritten by its next
// event; elsewhere every event has a line.
class JobLines {
 public:
  JobLines(std::ostream& stream, bool terminal) : stream_(stream), terminal_(terminal) {}
  ~JobLines();
  JobLines(const JobLines&) = delete;
  JobLines& operator=(const JobLines&) = delete;

  void Show(const client::JobEvent& event);

 private:
  std::ostream& stream_;
  const bool terminal_;
  client::JobStage stage_ = client::JobStage::kNone;
  bool open_ = false;  // a line without its end is shown
};

// One event in words, without the end of the line.
std::string ToText(const client::JobEvent& event);

}  // namespace colonnade::cli
