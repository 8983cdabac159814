// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/inspector.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "colonnade/worker/v1/worker.pb.h"
#include "server/base/error_details.h"
#include "server/base/helper_process.h"
#include "server/base/status.h"
#include "server/jobs/outcome.h"

namespace colonnade::jobs {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);  // above the program's own limit of processor time
constexpr absl::Duration kFarewell = absl::Seconds(1);
constexpr char kRefused[] = "MODEL_REFUSED";

absl::Status Died(HelperProcess& helper, const absl::Status& why) {
  if (absl::IsDeadlineExceeded(why)) {
    return WithReason(absl::ResourceExhaustedError(
                          fmt::format("model: examining it takes longer than {}", absl::FormatDuration(kPatience))),
                      kRefused);
  }
  return WithReason(
      absl::InternalError(fmt::format("model: the program that examines it ended early ({}); the file may be hostile",
                                      helper.WaitForEnd(kFarewell))),
      kRefused);
}

}  // namespace

absl::Status Inspector::Examine(const std::string& path, v1::ModelReport& report) const {
  const auto started = HelperProcess::Start(program_);
  if (!started.ok()) {
    spdlog::error("{}", Message(started.status()));
    return absl::InternalError("model: the program that examines models cannot be started; see the server's log");
  }
  HelperProcess& helper = **started;
  worker::v1::ToInspect request;
  request.mutable_inspect()->set_path(path);
  COLONNADE_RETURN_IF_ERROR(helper.Send(request.SerializeAsString()));
  const absl::StatusOr<std::string> frame = helper.Receive(kPatience);
  if (!frame.ok()) return Died(helper, frame.status());
  worker::v1::InspectReply reply;
  if (!reply.ParseFromString(*frame)) return absl::InternalError("model: the examination gave no readable report");
  report = reply.report();
  const absl::Status verdict = ToStatus(reply.outcome());
  return verdict.ok() ? verdict : WithReason(verdict, kRefused);
}

}  // namespace colonnade::jobs
