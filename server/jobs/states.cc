// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/states.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "server/base/error_details.h"
#include "server/base/status.h"

namespace colonnade::jobs {
namespace {

struct Step {
  v1::JobState from, to;
};

constexpr std::array kSteps = {
    Step{v1::JOB_STATE_QUEUED, v1::JOB_STATE_PREPARING},    Step{v1::JOB_STATE_QUEUED, v1::JOB_STATE_CANCELLED},
    Step{v1::JOB_STATE_QUEUED, v1::JOB_STATE_FAILED},       Step{v1::JOB_STATE_PREPARING, v1::JOB_STATE_RUNNING},
    Step{v1::JOB_STATE_PREPARING, v1::JOB_STATE_QUEUED},    Step{v1::JOB_STATE_PREPARING, v1::JOB_STATE_FAILED},
    Step{v1::JOB_STATE_PREPARING, v1::JOB_STATE_CANCELLED}, Step{v1::JOB_STATE_RUNNING, v1::JOB_STATE_QUEUED},
    Step{v1::JOB_STATE_RUNNING, v1::JOB_STATE_FAILED},      Step{v1::JOB_STATE_RUNNING, v1::JOB_STATE_CANCELLED},
    Step{v1::JOB_STATE_RUNNING, v1::JOB_STATE_SUCCEEDED},
};

constexpr const char* kUsesModel = "SELECT name FROM jobs WHERE tenant = ? AND state < ? AND model = ? LIMIT 1";
constexpr const char* kUsesDataset =
    "SELECT name FROM jobs WHERE tenant = ? AND state < ? AND (dataset = ? OR evaluation = ?) LIMIT 1";

}  // namespace

bool IsFinal(v1::JobState state) { return state >= v1::JOB_STATE_SUCCEEDED; }

bool MayFollow(v1::JobState from, v1::JobState to) {
  if (from == to) return !IsFinal(from);
  return std::any_of(kSteps.begin(), kSteps.end(), [&](const Step& s) { return s.from == from && s.to == to; });
}

std::string_view StateName(v1::JobState state) {
  switch (state) {
    case v1::JOB_STATE_QUEUED: return "queued";
    case v1::JOB_STATE_PREPARING: return "preparing";
    case v1::JOB_STATE_RUNNING: return "running";
    case v1::JOB_STATE_SUCCEEDED: return "succeeded";
    case v1::JOB_STATE_FAILED: return "failed";
    case v1::JOB_STATE_CANCELLED: return "cancelled";
    default: return "unspecified";
  }
}

absl::Status CheckUnused(store::Connection& rows, const std::string& tenant, std::string_view type,
                         const std::string& name) {
  std::vector<store::Value> arguments = {tenant, int64_t{v1::JOB_STATE_SUCCEEDED}, name};
  if (type == "dataset") arguments.emplace_back(name);
  COLONNADE_ASSIGN_OR_RETURN(const auto users, rows.Run(type == "dataset" ? kUsesDataset : kUsesModel, arguments));
  if (users.empty()) return absl::OkStatus();
  return WithResource(absl::FailedPreconditionError(fmt::format(
                          "{} '{}' is used by {}, which has not ended; cancel it first", type, name, users[0].Text(0))),
                      "job", users[0].Text(0));
}

}  // namespace colonnade::jobs
