// SPDX-License-Identifier: Apache-2.0
// What all calls have in common: who calls, how long it takes, how it ends.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/base/gate.h"
#include "server/base/metrics.h"
#include "server/rpc/status.h"

namespace colonnade::rpc {

inline constexpr char kTenantKey[] = "colonnade-tenant";
inline constexpr char kDefaultTenant[] = "default";

// Runs the bodies of handlers. Thread-safe.
class Calls {
 public:
  // Callers may name their tenant only when `trust_tenant` (--insecure); without
  // authentication everybody else is "default".
  Calls(Metrics& metrics, bool trust_tenant) : metrics_(metrics), trust_tenant_(trust_tenant) {}

  // Runs body(tenant), which returns absl::Status, and reports the call as `method`.
  template <typename Body>
  grpc::Status Run(const grpc::ServerContextBase& context, std::string_view method, Body&& body) const {
    const absl::Time start = absl::Now();
    const absl::StatusOr<Gate::Pass> pass = gate_.Enter();
    const absl::StatusOr<std::string> tenant = pass.ok() ? Tenant(context) : pass.status();
    const absl::Status status = tenant.ok() ? body(*tenant) : tenant.status();
    Report(method, status, absl::Now() - start);
    return ToGrpc(status);
  }

  // Refuses new calls; then waits until the running ones have ended, false when that takes
  // longer than `patience`.
  void Close() const { gate_.Close(); }
  bool Drain(absl::Duration patience) const { return gate_.Drain(patience); }

  // A completed upload of `kind`, "model" or "dataset".
  void ReportUpload(std::string_view kind, int64_t bytes) const;

  // The caller's tenant. INVALID_ARGUMENT when it is no name, PERMISSION_DENIED when
  // it is another than "default" and not to be trusted.
  absl::StatusOr<std::string> Tenant(const grpc::ServerContextBase& context) const;

 private:
  void Report(std::string_view method, const absl::Status& status, absl::Duration took) const;

  static constexpr int kMaxCalls = 4096;  // beyond the number of threads

  Metrics& metrics_;
  const bool trust_tenant_;
  mutable Gate gate_{"calls", kMaxCalls};
};

}  // namespace colonnade::rpc
