// SPDX-License-Identifier: Apache-2.0
// Following a job. The server's log is numbered without gaps, so a watch that lost its
// server only needs to remember the number it expects next: it asks for the log from
// there on, and nobody sees the seam. A server that never answered is given up as any
// other call would be; one that was there before may be restarting, and gets
// `watch_patience` since it was lost. Jobs are silent for long, so a server was there not
// only if it sent an event, but also if the connection held for a while.
#include <limits>

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
  bool found = false;         // the server was there
  bool stopped = false;       // the callback has had enough
  int failures = 0;           // since it was there last
  Time since = Clock::now();  // of the first failure; of the call, for a server not found

  void Deliver(const JobEvent& event) {
    if (event.sequence < next) return;
    next = event.sequence + 1;
    Found();
    stopped = !on_event(event);
  }
  void Found() {
    found = true;
    failures = 0;
  }
  void Failed() {
    if (++failures == 1 && found) since = Clock::now();
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
  if (watch.found) retry.attempts = std::numeric_limits<int>::max();
  const Time deadline = watch.since + (watch.found ? options.watch_patience : options.timeout);
  return DelayBeforeRetry(retry,
                          {watch.failures, status.code(), status.retry_delay(), Clock::now(), deadline, Chance()});
}

}  // namespace

Status Client::WatchJob(const std::string& name, int64_t from_sequence, const EventCallback& on_event) {
  Watch watch{.job = name, .next = std::max<int64_t>(1, from_sequence), .on_event = on_event};
  for (;;) {
    grpc::ClientContext context;
    impl_->Prepare(context, Time::max());
    const bool connected = impl_->channel->GetState(false) == GRPC_CHANNEL_READY;
    const Time begin = Clock::now();
    const Status status = Follow(*impl_->packing, context, watch);
    if (status.ok()) return status;
    if (connected && Clock::now() - begin > impl_->options.retry.longest_delay) watch.Found();
    watch.Failed();
    const auto delay = DelayBeforeReconnect(impl_->options, watch, status);
    if (!delay) return impl_->NameServer(status);
    impl_->Wait(*delay);
  }
}

}  // namespace colonnade::client
