// SPDX-License-Identifier: Apache-2.0
// The collector behind base/metrics.h: a Prometheus registry, served over HTTP on
// a port of its own at /metrics. docs/operations.md lists what it offers.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "server/base/metrics.h"

namespace prometheus {
class Counter;
class Exposer;
class Gauge;
class Histogram;
class Registry;
template <typename T>
class Family;
}  // namespace prometheus

namespace colonnade {

// Thread-safe. Each family keeps at most kMaxSeries label combinations; later ones
// are counted under "other" for the model and its version, so that callers who
// publish many artifacts cannot grow the page without bound.
class DaemonMetrics final : public Metrics {
 public:
  static constexpr size_t kMaxSeries = 500;

  explicit DaemonMetrics(std::string_view version);
  ~DaemonMetrics() override;

  // Serves the page at `address` ("HOST:PORT"; port 0 picks one) until destruction.
  // Returns the port. UNAVAILABLE when the address cannot be listened on.
  absl::StatusOr<int> Expose(const std::string& address);

  void Count(std::string_view name, const Labels& labels, double amount) override;
  void Set(std::string_view name, const Labels& labels, double value) override;
  void Observe(std::string_view name, const Labels& labels, double value) override;

 private:
  using Series = std::map<std::string, std::string>;
  struct Known {
    std::variant<prometheus::Family<prometheus::Counter>*, prometheus::Family<prometheus::Gauge>*,
                 prometheus::Family<prometheus::Histogram>*>
        family;
    std::set<Series> seen;
  };

  template <typename T>
  prometheus::Family<T>& FamilyOf(std::string_view name) const;
  Series Bounded(std::string_view name, const Labels& labels);

  std::shared_ptr<prometheus::Registry> registry_;
  std::mutex mutex_;  // guards Known::seen
  std::map<std::string, Known, std::less<>> known_;
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace colonnade
