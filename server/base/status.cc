// SPDX-License-Identifier: Apache-2.0
#include "server/base/status.h"

#include <fmt/format.h>

#include "absl/strings/cord.h"

namespace colonnade {
namespace {

constexpr char kFieldPayload[] = "colonnade/field";

}  // namespace

absl::Status InvalidField(std::string_view field, std::string_view message) {
  auto status = absl::InvalidArgumentError(fmt::format("{}: {}", field, message));
  status.SetPayload(kFieldPayload, absl::Cord(std::string(field)));
  return status;
}

std::string FieldOf(const absl::Status& status) {
  auto payload = status.GetPayload(kFieldPayload);
  return payload ? std::string(*payload) : std::string();
}

std::string_view Message(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

absl::Status Annotate(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(), fmt::format("{}: {}", context, Message(status)));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    annotated.SetPayload(url, payload);
  });
  return annotated;
}

}  // namespace colonnade
