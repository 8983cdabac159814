// SPDX-License-Identifier: Apache-2.0
// A door with a counter: lets at most `limit` pieces of work in at a time, can be
// closed for good, and knows when the last piece has left. Shutdown everywhere is
// "close the gate, drain, stop".
//
//   auto pass = gate.Enter();
//   if (!pass.ok()) return pass.status();
//   ... work while `pass` lives
//
// Thread-safe. Passes must not outlive their gate.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace colonnade {

class Gate {
 public:
  class Pass {
   public:
    Pass(Pass&& other) noexcept : gate_(other.gate_) { other.gate_ = nullptr; }
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_) gate_->Leave();
    }

   private:
    friend class Gate;
    explicit Pass(Gate* gate) : gate_(gate) {}
    Gate* gate_;
  };

  // `what` names the work in messages, in the plural: "inferences". limit >= 1.
  Gate(std::string what, int limit) : what_(std::move(what)), limit_(limit) {}

  // RESOURCE_EXHAUSTED with a retry delay when `limit` are inside, UNAVAILABLE once closed.
  absl::StatusOr<Pass> Enter();

  // Lets nobody in any more. Work inside goes on.
  void Close();

  // Waits until nobody is inside; false when that takes longer than `patience`.
  bool Drain(absl::Duration patience);

  bool is_open() const;
  int inside() const;

 private:
  void Leave();

  const std::string what_;
  const int limit_;
  mutable std::mutex mutex_;
  std::condition_variable left_;
  int inside_ = 0;
  bool open_ = true;
};

}  // namespace colonnade
