// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/converter.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "server/base/helper_process.h"
#include "server/base/status.h"
#include "server/jobs/outcome.h"

namespace colonnade::jobs {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);  // above the program's own limit of processor time
constexpr absl::Duration kFarewell = absl::Seconds(1);

absl::Status Died(HelperProcess& helper, const absl::Status& why) {
  if (absl::IsDeadlineExceeded(why)) {
    return absl::ResourceExhaustedError(
        fmt::format("artifact: converting it to ONNX takes longer than {}", absl::FormatDuration(kPatience)));
  }
  return absl::InternalError(
      fmt::format("artifact: the program that converts it to ONNX ended early ({})", helper.WaitForEnd(kFarewell)));
}

}  // namespace

absl::Status Converter::ToOnnx(const std::string& artifact_path, const std::string& onnx_path) const {
  const auto started = HelperProcess::Start(program_);
  if (!started.ok()) {
    spdlog::error("{}", Message(started.status()));
    return absl::InternalError("artifact: the program that converts it cannot be started; see the server's log");
  }
  HelperProcess& helper = **started;
  worker::v1::ToInspect request;
  request.mutable_convert()->set_artifact_path(artifact_path);
  request.mutable_convert()->set_onnx_path(onnx_path);
  if (const absl::Status sent = helper.Send(request.SerializeAsString()); !sent.ok()) return Died(helper, sent);
  const absl::StatusOr<std::string> frame = helper.Receive(kPatience);
  if (!frame.ok()) return Died(helper, frame.status());
  worker::v1::ConvertReply reply;
  if (!reply.ParseFromString(*frame)) return absl::InternalError("artifact: its conversion gave no readable answer");
  return ToStatus(reply.outcome());
}

}  // namespace colonnade::jobs
