// SPDX-License-Identifier: Apache-2.0
#include "server/serving/inference_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <limits>
#include <thread>

#include "server/base/error_details.h"
#include "server/base/status.h"
#include "tests/unit/serving/fakes.h"

namespace colonnade::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Remembers sums by metric name, labels aside.
class SummingMetrics : public Metrics {
 public:
  void Count(std::string_view name, const Labels&, double amount) override { sums[std::string(name)] += amount; }
  void Set(std::string_view, const Labels&, double) override {}
  void Observe(std::string_view name, const Labels&, double) override { sums[std::string(name)] += 1; }

  std::map<std::string, double> sums;
};

class InferenceEngineTest : public ::testing::Test {
 protected:
  InferenceEngineTest() { catalog_.Publish("default", "toy", 1); }

  // Images of the pixels i, 1, 2, 3.
  InferenceRequest Request(int images) {
    values_.clear();
    for (int i = 0; i < images; ++i) values_.insert(values_.end(), {float(i), 1, 2, 3});
    const std::string_view bytes(reinterpret_cast<const char*>(values_.data()), values_.size() * sizeof(float));
    InferenceRequest request;
    request.model = {"default", "toy", {}};
    request.inputs = {{"image", "FP32", {images, 1, 2, 2}, bytes}};
    return request;
  }

  std::string Refusal(const InferenceRequest& request, absl::StatusCode code = absl::StatusCode::kInvalidArgument) {
    const auto result = engine_.Infer(request);
    EXPECT_EQ(result.status().code(), code) << result.status();
    return std::string(Message(result.status()));
  }

  std::vector<float> values_;
  FakeCatalog catalog_;
  std::shared_ptr<FakeModel> model_ = std::make_shared<FakeModel>();
  ModelManager models_{catalog_, [this](const CatalogEntry&) { return SharedModel(model_); }, 4};
  SummingMetrics metrics_;
  InferenceEngine engine_{models_, metrics_, 1};
};

TEST_F(InferenceEngineTest, AnswersWithLogitsExecutorAndCycles) {
  const auto result = engine_.Infer(Request(2));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->logits, ElementsAre(6, 0, 7, 1));
  EXPECT_EQ(result->executor, "kernels");
  EXPECT_EQ(result->array_cycles, 20);
}

TEST_F(InferenceEngineTest, LargeBatchesComeBackInOrder) {
  const auto result = engine_.Infer(Request(kMaxBatch));
  ASSERT_TRUE(result.ok());
  for (int i = 0; i < kMaxBatch; ++i) ASSERT_EQ(result->logits[2 * i + 1], float(i));
}

TEST_F(InferenceEngineTest, RunsOnTheExecutorAskedFor) {
  auto request = Request(1);
  request.executor = "reference";
  EXPECT_EQ(engine_.Infer(request)->executor, "reference");
  request.executor = "fpga";
  EXPECT_THAT(Refusal(request), HasSubstr("'fpga' is none of kernels, reference"));
}

TEST_F(InferenceEngineTest, RefusesWhatDoesNotFitTheModel) {
  auto request = Request(1);
  request.inputs[0].name = "picture";
  EXPECT_THAT(Refusal(request), HasSubstr("unexpected inference input 'picture' for model 'toy'"));
  request = Request(1);
  request.inputs.push_back(request.inputs[0]);
  EXPECT_THAT(Refusal(request), HasSubstr("expected 1 inputs but got 2"));
  request.inputs.clear();
  EXPECT_THAT(Refusal(request), HasSubstr("expected 1 inputs but got 0"));
  request = Request(1);
  request.inputs[0].datatype = "INT32";
  EXPECT_THAT(Refusal(request), HasSubstr("data-type is 'INT32', but input 'image' of model 'toy' expects 'FP32'"));
  request = Request(1);
  request.outputs = {"logits", "features"};
  EXPECT_THAT(Refusal(request), HasSubstr("unexpected inference output 'features'"));
}

TEST_F(InferenceEngineTest, RefusesWrongShapesAndSizes) {
  auto request = Request(1);
  for (const std::vector<int64_t>& shape :
       std::vector<std::vector<int64_t>>{{}, {1}, {1, 2, 2}, {1, 1, 2, 3}, {1, 1, 1, 2, 2}}) {
    request.inputs[0].shape = shape;
    EXPECT_THAT(Refusal(request), HasSubstr("Expected [-1,1,2,2], got " + ShapeText(shape)));
  }
  const int64_t huge = std::numeric_limits<int64_t>::max();
  for (const int64_t batch : {int64_t{-1}, int64_t{0}, int64_t{kMaxBatch + 1}, huge}) {
    request.inputs[0].shape = {batch, 1, 2, 2};
    EXPECT_THAT(Refusal(request), HasSubstr("must be 1 to 1024"));
  }
  request = Request(2);
  request.inputs[0].bytes.remove_suffix(1);
  EXPECT_THAT(Refusal(request), HasSubstr("needs 32 bytes for shape [2,1,2,2], got 31"));
}

TEST_F(InferenceEngineTest, RefusesValuesThatAreNotFinite) {
  const auto request = Request(64);
  values_[4 * 50] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(Refusal(request), HasSubstr("input 'image' of model 'toy': a value is not finite"));
}

TEST_F(InferenceEngineTest, APassedDeadlineCostsNoWork) {
  auto request = Request(1);
  request.deadline = absl::InfinitePast();
  Refusal(request, absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(model_->runs, 0);
}

TEST_F(InferenceEngineTest, TooManyAtOnceAreToldToTryAgain) {
  std::latch running(1), go(1);
  model_->on_run = [&] {
    running.count_down();
    go.wait();
  };
  const auto request = Request(1);
  std::thread first([&] { EXPECT_TRUE(engine_.Infer(request).ok()); });
  running.wait();
  const auto second = engine_.Infer(request);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(DetailsOf(second.status()).retry);
  go.count_down();
  first.join();
}

TEST_F(InferenceEngineTest, ClosedRefuses) {
  engine_.Close();
  Refusal(Request(1), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(engine_.Drain(absl::ZeroDuration()));
}

TEST_F(InferenceEngineTest, CountsRequestsImagesAndCycles) {
  ASSERT_TRUE(engine_.Infer(Request(3)).ok());
  InferenceRequest stray;
  stray.model = {"default", "nobody", {}};
  Refusal(stray, absl::StatusCode::kNotFound);
  EXPECT_EQ(metrics_.sums["colonnade_infer_requests_total"], 2);
  EXPECT_EQ(metrics_.sums["colonnade_infer_samples_total"], 3);
  EXPECT_EQ(metrics_.sums["colonnade_array_cycles_total"], 30);
  EXPECT_EQ(metrics_.sums["colonnade_infer_duration_seconds"], 1);
}

}  // namespace
}  // namespace colonnade::serving
