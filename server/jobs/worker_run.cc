// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/worker_run.h"

#include <utility>

#include "server/base/helper_process.h"
#include "server/base/status.h"

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

absl::StatusOr<WorkerEnd> RunWorker(const std::string& program, const worker::v1::Start& start,
                                    const std::atomic<Interrupt>& interrupt,
                                    const std::function<absl::Status(const v1::JobEvent& event)>& on_event) {
  COLONNADE_ASSIGN_OR_RETURN(const auto helper, HelperProcess::Start(program));
  worker::v1::ToWorker message;
  *message.mutable_start() = start;
  if (!helper->Send(message.SerializeAsString()).ok()) return Lost(*helper);
  while (true) {
    if (const Interrupt why = interrupt.load(); why != Interrupt::kNone) return Interrupted(*helper, why);
    const absl::StatusOr<std::string> frame = helper->Receive(kLook);
    if (absl::IsDeadlineExceeded(frame.status())) continue;
    worker::v1::FromWorker received;
    if (!frame.ok() || !received.ParseFromString(*frame)) return Lost(*helper);
    if (received.has_finished()) {
      WorkerEnd end{WorkerEnd::Kind::kFinished, std::move(*received.mutable_finished()), Interrupt::kNone, {}};
      end.how = helper->WaitForEnd(kFarewell);
      return end;
    }
    COLONNADE_RETURN_IF_ERROR(on_event(received.event()));
  }
}

}  // namespace colonnade::jobs
