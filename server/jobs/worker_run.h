// SPDX-License-Identifier: Apache-2.0
// One colonnade-worker from its start to its end.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "colonnade/worker/v1/worker.pb.h"

namespace colonnade::jobs {

// Why a worker is to stop early.
enum class Interrupt {
  kNone,
  kCancel,     // the client asked
  kRetention,  // its data are to be erased now
  kShutdown,   // the daemon stops; the job goes on later
};

struct WorkerEnd {
  enum class Kind {
    kFinished,     // it said how: `finished`
    kInterrupted,  // it was told to stop, and did or was killed: `interrupt`
    kLost,         // it died or fell silent in the middle: `how`
  };
  Kind kind = Kind::kLost;
  worker::v1::Finished finished;
  Interrupt interrupt = Interrupt::kNone;
  std::string how;
};

// Runs `program` on `start` until it ends, passing its events on as they come. Looks at
// `interrupt` ten times a second; a worker that is told to stop has two seconds before it
// is killed. A program that cannot be run counts as lost, and so does one whose events
// `on_event` cannot take, which is killed.
WorkerEnd RunWorker(const std::string& program, const worker::v1::Start& start, const std::atomic<Interrupt>& interrupt,
                    const std::function<absl::Status(const v1::JobEvent& event)>& on_event);

}  // namespace colonnade::jobs
