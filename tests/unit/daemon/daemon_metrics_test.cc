// SPDX-License-Identifier: Apache-2.0
#include "server/daemon_metrics.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace colonnade {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The metrics page as a scraper sees it, headers included.
std::string Scrape(int port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(uint16_t(port));
  ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  EXPECT_EQ(::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::string request = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(::write(descriptor, request.data(), request.size()), ssize_t(request.size()));
  std::string page;
  char buffer[4096];
  for (ssize_t got; (got = ::read(descriptor, buffer, sizeof buffer)) > 0;) page.append(buffer, size_t(got));
  ::close(descriptor);
  return page;
}

// One collector for all tests: its HTTP server takes two seconds to stop.
class DaemonMetricsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    metrics_ = new DaemonMetrics("1.2.3");
    port_ = metrics_->Expose("127.0.0.1:0").value();
  }
  static void TearDownTestSuite() { delete metrics_; }

  static std::string Page() { return Scrape(port_); }

  static inline DaemonMetrics* metrics_ = nullptr;
  static inline int port_ = 0;
};

TEST_F(DaemonMetricsTest, TellsTheBuild) {
  EXPECT_THAT(Page(), HasSubstr("colonnade_build_info{version=\"1.2.3\"} 1"));
}

TEST_F(DaemonMetricsTest, CountersAddUp) {
  metrics_->Count("colonnade_upload_bytes_total", {{"kind", "model"}}, 100);
  metrics_->Count("colonnade_upload_bytes_total", {{"kind", "model"}}, 23);
  EXPECT_THAT(Page(), HasSubstr("colonnade_upload_bytes_total{kind=\"model\"} 123"));
}

TEST_F(DaemonMetricsTest, GaugesKeepTheLatest) {
  metrics_->Set("colonnade_jobs", {{"state", "queued"}}, 4);
  metrics_->Set("colonnade_jobs", {{"state", "queued"}}, 2);
  EXPECT_THAT(Page(), HasSubstr("colonnade_jobs{state=\"queued\"} 2"));
}

TEST_F(DaemonMetricsTest, LatenciesFallIntoBucketsOfSeconds) {
  metrics_->Observe("colonnade_infer_duration_seconds", {{"model", "m"}}, 0.0007);
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("colonnade_infer_duration_seconds_bucket{model=\"m\",le=\"0.0005\"} 0"));
  EXPECT_THAT(page, HasSubstr("colonnade_infer_duration_seconds_bucket{model=\"m\",le=\"0.001\"} 1"));
}

TEST_F(DaemonMetricsTest, SeriesOfOneFamilyAreBounded) {
  for (size_t i = 0; i < DaemonMetrics::kMaxSeries + 10; ++i) {
    metrics_->Count("colonnade_infer_samples_total", {{"model", fmt::format("m{}", i)}, {"version", "1"}}, 1);
  }
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("colonnade_infer_samples_total{model=\"other\",version=\"other\"} 10"));
  EXPECT_THAT(page, Not(HasSubstr(fmt::format("\"m{}\"", DaemonMetrics::kMaxSeries))));
}

TEST_F(DaemonMetricsTest, AnAddressInUseIsAnError) {
  DaemonMetrics second("1");
  EXPECT_EQ(second.Expose(fmt::format("127.0.0.1:{}", port_)).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace colonnade
