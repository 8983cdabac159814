// SPDX-License-Identifier: Apache-2.0
// Early return on errors. Every fallible function returns absl::Status or
// absl::StatusOr<T>; only main() exits. Bugs are CHECKs, the world is a Status.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the enclosing function when `expr` is an error.
#define COLONNADE_RETURN_IF_ERROR(expr)                      \
  do {                                                       \
    if (absl::Status status_ = (expr); !status_.ok()) {      \
      return status_;                                        \
    }                                                        \
  } while (false)

#define COLONNADE_CONCAT_INNER(a, b) a##b
#define COLONNADE_CONCAT(a, b) COLONNADE_CONCAT_INNER(a, b)

// COLONNADE_ASSIGN_OR_RETURN(auto value, Compute()): declares or assigns
// `value`, or returns Compute()'s error from the enclosing function.
#define COLONNADE_ASSIGN_OR_RETURN(lhs, expr) \
  COLONNADE_ASSIGN_OR_RETURN_IMPL(COLONNADE_CONCAT(status_or_, __LINE__), lhs, expr)
#define COLONNADE_ASSIGN_OR_RETURN_IMPL(holder, lhs, expr) \
  auto holder = (expr);                                    \
  if (!holder.ok()) return std::move(holder).status();     \
  lhs = std::move(holder).value()

namespace colonnade {

// INVALID_ARGUMENT whose message starts with the field ("recipe.alpha: ...").
// The field also travels as a payload, so that the API can report it as a
// google.rpc.BadRequest field violation without parsing the message.
absl::Status InvalidField(std::string_view field, std::string_view message);

// The field attached by InvalidField, or "" for any other status.
std::string FieldOf(const absl::Status& status);

// The message, valid as long as `status` lives. (The packaged absl::string_view
// is a type of its own, hence this instead of status.message().)
std::string_view Message(const absl::Status& status);

// The same code and payloads with `context` and ": " before the message.
absl::Status Annotate(const absl::Status& status, std::string_view context);

}  // namespace colonnade
