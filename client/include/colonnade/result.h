// SPDX-License-Identifier: Apache-2.0
// How calls of this library end.
//
//   Result<Model> model = client->GetModel("resnet20");
//   if (!model.ok()) return Report(model.status());
//   Use(model->sha256);
//
// A Status is a code, a message for people, and details for programs. Programs decide
// by code and details, never by the message. Neither type throws; both are values that
// may be copied, moved and read from any thread.
#pragma once

#include <cassert>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace colonnade::client {

// Values are those of gRPC.
enum class Code {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,   // the request is wrong, whatever the state of the server
  kDeadlineExceeded = 4,  // not finished within the call's time; it may still take effect
  kNotFound = 5,
  kAlreadyExists = 6,  // the name, or the request id, is taken by something else
  kPermissionDenied = 7,
  kResourceExhausted = 8,   // the data budget (see quota), or a busy server (see retry_delay)
  kFailedPrecondition = 9,  // right request, wrong state
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,  // the model or request needs something this server cannot do
  kInternal = 13,
  kUnavailable = 14,  // no server there, or it is shutting down
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// The code as written in JSON and messages: "OK", "INVALID_ARGUMENT", ...
const char* CodeName(Code code);

// What an error is about. Every member may be empty. (Members of structs that are to be
// filled by the caller have initializers, so that those left out raise no warning.)
struct Details {
  std::string field = {};          // request field, such as "recipe.packing.alpha"
  std::string reason = {};         // stable word: "INVALID_FIELD", "DATA_BUDGET_EXCEEDED", "MODEL_NOT_FOUND", ...
  std::string resource_type = {};  // "model", "dataset", "job", "artifact" or "source"
  std::string resource_name = {};
  std::string quota = {};                                     // what limit was hit, such as "source:cifar-10"
  std::optional<std::chrono::microseconds> retry_delay = {};  // try again after this long
};

// Success, or why not.
class [[nodiscard]] Status {
 public:
  Status() = default;  // OK
  Status(Code code, std::string message, Details details = {})
      : code_(code), message_(std::move(message)), details_(std::move(details)) {}

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  // Starts with the field where there is one. May hold text from the server: escape
  // control characters before showing it on a terminal.
  const std::string& message() const { return message_; }
  const Details& details() const { return details_; }
  const std::string& field() const { return details_.field; }
  const std::string& reason() const { return details_.reason; }
  const std::optional<std::chrono::microseconds>& retry_delay() const { return details_.retry_delay; }

 private:
  Code code_ = Code::kOk;
  std::string message_;
  Details details_;
};

// INVALID_ARGUMENT about one field: "field: message", reason "INVALID_FIELD".
Status InvalidField(const std::string& field, const std::string& message);

// A T, or the error that prevented it; never both and never an OK status.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::move(value)) {}
  // REQUIRES: !status.ok().
  Result(Status status) : held_(std::move(status)) { assert(!std::get<Status>(held_).ok()); }

  bool ok() const { return std::holds_alternative<T>(held_); }

  // The error; OK when there is a value.
  Status status() const { return ok() ? Status() : std::get<Status>(held_); }

  // REQUIRES: ok().
  T& operator*() & { return std::get<T>(held_); }
  const T& operator*() const& { return std::get<T>(held_); }
  T&& operator*() && { return std::get<T>(std::move(held_)); }
  T* operator->() { return &std::get<T>(held_); }
  const T* operator->() const { return &std::get<T>(held_); }

 private:
  std::variant<T, Status> held_;
};

}  // namespace colonnade::client
