// SPDX-License-Identifier: Apache-2.0
// Following a job. The server's log is numbered without gaps, so a watch that lost its
// server only needs to remember the number it expects next: it asks for the log from
// there on, and nobody sees the seam. A server that never answered is given up as any
// other call would be; one that was there before may be restarting, and gets
// `watch_patience` since its last event.
#include <limits>
#include <thread>

#include "client/src/from_proto.h"
#include "client/src/impl.h"
#include "client/src/retry.h"

namespace colonnade::client {
namespace {

using Clock = std::chrono::system_clock;

struct Watch {
  std::string job;
  int64_t next = 1;  // sequence number expected
  const EventCallback& on_event;
  bool seen = false;     // an event has come
  bool stopped = false;  // the callback has had enough
  int attempts = 0;      // since the last event
  Time since = Clock::now();

  void Deliver(const JobEvent& event) {
    if (event.sequence < next) return;
    next = event.sequence + 1;
    seen = true;
    attempts = 0;
    since = Clock::now();
    stopped = !on_event(event);
  }
};

// One connection; OK when the server has nothing more to tell, or the watch has stopped.
Status Follow(v1::Packing::Stub& packing, grpc::ClientContext& context, Watch& watch) {
  v1::WatchJobRequest request;
  request.set_name(watch.job);
  request.set_from_sequence(watch.next);
  const auto reader = packing.WatchJob(&context, request);
  v1::JobEvent event;
  while (!watch.stopped && reader->Read(&event)) watch.Deliver(FromProto(event));
  if (watch.stopped) context.TryCancel();
  const Status status = FromGrpc(reader->Finish());
  return watch.stopped ? Status() : status;
}

std::optional<std::chrono::microseconds> DelayBeforeReconnect(const ClientOptions& options, const Watch& watch,
                                                              const Status& status) {
  RetryOptions retry = options.retry;
  if (watch.seen) retry.attempts = std::numeric_limits<int>::max();
  const Time deadline = watch.since + (watch.seen ? options.watch_patience : options.timeout);
  return DelayBeforeRetry(retry,
                          {watch.attempts, status.code(), status.retry_delay(), Clock::now(), deadline, Chance()});
}

}  // namespace

Status Client::WatchJob(const std::string& name, int64_t from_sequence, const EventCallback& on_event) {
  Watch watch{.job = name, .next = std::max<int64_t>(1, from_sequence), .on_event = on_event};
  for (;;) {
    grpc::ClientContext context;
    impl_->Prepare(context, Time::max());
    const Status status = Follow(*impl_->packing, context, watch);
    ++watch.attempts;
    if (status.ok()) return status;
    const auto delay = DelayBeforeReconnect(impl_->options, watch, status);
    if (!delay) return impl_->NameServer(status);
    std::this_thread::sleep_for(*delay);
  }
}

}  // namespace colonnade::client
