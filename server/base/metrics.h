// SPDX-License-Identifier: Apache-2.0
// How the parts report figures without knowing who collects them. Names, help,
// label names and buckets are declared once by the collector
// (server/daemon_metrics.cc, listed in docs/operations.md).
#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace colonnade {

// Label names and values. Values must come from a small set: a model's name, a
// state, a code; never an id, a path or anything a caller makes up.
using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

// Thread-safe. A name or label that the collector does not know is a bug.
class Metrics {
 public:
  virtual ~Metrics() = default;

  // A counter grows by `amount` >= 0.
  virtual void Count(std::string_view name, const Labels& labels, double amount) = 0;
  // A gauge takes `value`.
  virtual void Set(std::string_view name, const Labels& labels, double value) = 0;
  // A histogram takes one more `value`, in the name's unit.
  virtual void Observe(std::string_view name, const Labels& labels, double value) = 0;
};

// Drops everything.
class NoMetrics final : public Metrics {
 public:
  void Count(std::string_view, const Labels&, double) override {}
  void Set(std::string_view, const Labels&, double) override {}
  void Observe(std::string_view, const Labels&, double) override {}
};

}  // namespace colonnade
