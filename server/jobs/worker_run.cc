// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/worker_run.h"

#include <utility>

#include "server/base/helper_process.h"

namespace colonnade::jobs {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(100);
constexpr absl::Duration kFarewell = absl::Seconds(2);

WorkerEnd Interrupted(HelperProcess& helper, Interrupt why) {
  worker::v1::ToWorker message;
  message.mutable_cancel();
  // Should the worker be gone already, there is nothing to stop.
  static_cast<void>(helper.Send(message.SerializeAsString()));
  WorkerEnd end{WorkerEnd::Kind::kInterrupted, {}, why, {}};
  end.how = helper.WaitForEnd(kFarewell);
  return end;
}

WorkerEnd Lost(HelperProcess& helper) {
  WorkerEnd end;
  end.how = helper.WaitForEnd(kFarewell);
  return end;
}

}  // namespace

WorkerEnd RunWorker(const std::string& program, const worker::v1::Start& start, const std::atomic<Interrupt>& interrupt,
                    const std::function<absl::Status(const v1::JobEvent& event)>& on_event) {
  const auto helper = HelperProcess::Start(program);
  if (!helper.ok()) return WorkerEnd{WorkerEnd::Kind::kLost, {}, Interrupt::kNone, "it cannot be started"};
  HelperProcess& running = **helper;
  worker::v1::ToWorker message;
  *message.mutable_start() = start;
  if (!running.Send(message.SerializeAsString()).ok()) return Lost(running);
  while (true) {
    if (const Interrupt why = interrupt.load(); why != Interrupt::kNone) return Interrupted(running, why);
    const absl::StatusOr<std::string> frame = running.Receive(kLook);
    if (absl::IsDeadlineExceeded(frame.status())) continue;
    worker::v1::FromWorker received;
    if (!frame.ok() || !received.ParseFromString(*frame)) return Lost(running);
    if (received.has_finished()) {
      WorkerEnd end{WorkerEnd::Kind::kFinished, std::move(*received.mutable_finished()), Interrupt::kNone, {}};
      end.how = running.WaitForEnd(kFarewell);
      return end;
    }
    if (const absl::Status taken = on_event(received.event()); !taken.ok()) {
      return WorkerEnd{WorkerEnd::Kind::kLost, {}, Interrupt::kNone, "its progress could not be stored"};
    }
  }
}

}  // namespace colonnade::jobs
