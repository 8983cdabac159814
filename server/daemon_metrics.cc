// SPDX-License-Identifier: Apache-2.0
#include "server/daemon_metrics.h"

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <cassert>
#include <exception>

namespace colonnade {
namespace {

enum class Kind { kCounter, kGauge, kSeconds, kLongSeconds };

struct Declared {
  const char* name;
  Kind kind;
  const char* help;
};

constexpr Declared kFamilies[] = {
    {"colonnade_build_info", Kind::kGauge, "Always 1; the version is a label."},
    {"colonnade_requests_total", Kind::kCounter, "Calls answered, by method and code."},
    {"colonnade_request_duration_seconds", Kind::kSeconds, "From a call's arrival to its answer; streams included."},
    {"colonnade_infer_requests_total", Kind::kCounter, "Inference calls by model, version and code."},
    {"colonnade_infer_samples_total", Kind::kCounter, "Images classified: the sum of batch sizes."},
    {"colonnade_infer_duration_seconds", Kind::kSeconds, "Of one inference call, validation to logits."},
    {"colonnade_infer_pending_requests", Kind::kGauge, "Inference calls that are running."},
    {"colonnade_array_cycles_total", Kind::kCounter, "Array clock cycles of all images classified."},
    {"colonnade_device_cycles_total", Kind::kCounter, "Clock cycles that devices counted, by executor and phase."},
    {"colonnade_device_events_total", Kind::kCounter, "What happened to devices: runs, loads, resets, faults."},
    {"colonnade_model_packed_columns", Kind::kGauge, "Array columns of a loaded artifact."},
    {"colonnade_model_packing_efficiency_ratio", Kind::kGauge, "Nonzero cells of all cells of a loaded artifact."},
    {"colonnade_jobs", Kind::kGauge, "Packing jobs by state."},
    {"colonnade_jobs_finished_total", Kind::kCounter, "Packing jobs that ended, by result."},
    {"colonnade_job_stage_duration_seconds", Kind::kLongSeconds, "Stages of packing jobs."},
    {"colonnade_upload_bytes_total", Kind::kCounter, "Bytes received in completed uploads, by kind."},
    {"colonnade_data_purged_bytes_total", Kind::kCounter, "Bytes of customer data erased."},
};

prometheus::Histogram::BucketBoundaries Buckets(Kind kind) {
  if (kind == Kind::kLongSeconds) return {0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000};
  return {1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};
}

template <typename Variant>
Variant MakeFamily(const Declared& declared, prometheus::Registry& registry) {
  const auto described = [&](auto builder) { return builder.Name(declared.name).Help(declared.help); };
  if (declared.kind == Kind::kCounter) return &described(prometheus::BuildCounter()).Register(registry);
  if (declared.kind == Kind::kGauge) return &described(prometheus::BuildGauge()).Register(registry);
  return &described(prometheus::BuildHistogram()).Register(registry);
}

Kind KindOf(std::string_view name) {
  for (const Declared& declared : kFamilies) {
    if (name == declared.name) return declared.kind;
  }
  return Kind::kSeconds;
}

}  // namespace

DaemonMetrics::DaemonMetrics(std::string_view version) : registry_(std::make_shared<prometheus::Registry>()) {
  for (const Declared& declared : kFamilies) {
    known_[declared.name].family = MakeFamily<decltype(Known::family)>(declared, *registry_);
  }
  Set("colonnade_build_info", {{"version", version}}, 1);
}

DaemonMetrics::~DaemonMetrics() = default;

absl::StatusOr<int> DaemonMetrics::Expose(const std::string& address) {
  try {
    exposer_ = std::make_unique<prometheus::Exposer>(address);
  } catch (const std::exception&) {
    return absl::UnavailableError(fmt::format("--metrics: cannot listen on {}", address));
  }
  exposer_->RegisterCollectable(registry_);
  return exposer_->GetListeningPorts().at(0);
}

void DaemonMetrics::Count(std::string_view name, const Labels& labels, double amount) {
  FamilyOf<prometheus::Counter>(name).Add(Bounded(name, labels)).Increment(amount);
}

void DaemonMetrics::Set(std::string_view name, const Labels& labels, double value) {
  FamilyOf<prometheus::Gauge>(name).Add(Bounded(name, labels)).Set(value);
}

void DaemonMetrics::Observe(std::string_view name, const Labels& labels, double value) {
  FamilyOf<prometheus::Histogram>(name).Add(Bounded(name, labels), Buckets(KindOf(name))).Observe(value);
}

template <typename T>
prometheus::Family<T>& DaemonMetrics::FamilyOf(std::string_view name) const {
  const auto found = known_.find(name);
  assert(found != known_.end() && "a metric that is not declared above");
  return *std::get<prometheus::Family<T>*>(found->second.family);
}

DaemonMetrics::Series DaemonMetrics::Bounded(std::string_view name, const Labels& labels) {
  Series series;
  for (const auto& [label, value] : labels) series.emplace(label, value);
  std::lock_guard lock(mutex_);
  std::set<Series>& seen = known_.find(name)->second.seen;
  if (!seen.contains(series) && seen.size() >= kMaxSeries) {
    for (const char* unbounded : {"model", "version"}) {
      if (auto at = series.find(unbounded); at != series.end()) at->second = "other";
    }
  }
  seen.insert(series);
  return series;
}

}  // namespace colonnade
