// SPDX-License-Identifier: Apache-2.0
// What an error is about, beyond its code and message. Details ride on a status
// as payloads, survive Annotate(), and are turned into the API's standard error
// details by rpc/. InvalidField() (status.h) attaches the field.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace colonnade {

// NOT_FOUND "model 'resnet20' does not exist", with the resource attached. `type`
// is "model", "dataset", "job", "artifact" or "source".
absl::Status MissingResource(std::string_view type, std::string_view name);

// `status` with the resource that is missing or in the way.
absl::Status WithResource(absl::Status status, std::string_view type, std::string_view name);

// `status` with the limit that was hit, such as "source:cifar-10".
absl::Status WithQuota(absl::Status status, std::string_view subject);

// `status` with the time after which a repetition has a chance.
absl::Status WithRetry(absl::Status status, absl::Duration delay);

// `status` with a word that programs may rely on, such as "MODEL_REFUSED".
absl::Status WithReason(absl::Status status, std::string_view reason);

// Everything attached to a status; absent details are empty.
struct ErrorDetails {
  std::string field;
  std::string resource_type, resource_name;
  std::string quota;
  std::string reason;
  std::optional<absl::Duration> retry;
};
ErrorDetails DetailsOf(const absl::Status& status);

}  // namespace colonnade
