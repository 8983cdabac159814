// SPDX-License-Identifier: Apache-2.0
#include "server/pipeline/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace colonnade::pipeline {
namespace {

double SecondsSince(Progress::Clock::time_point time) {
  return std::chrono::duration<double>(Progress::Clock::now() - time).count();
}

}  // namespace

std::string_view StageName(v1::JobStage stage) {
  switch (stage) {
    case v1::JOB_STAGE_IMPORT: return "import";
    case v1::JOB_STAGE_BASELINE: return "baseline";
    case v1::JOB_STAGE_PACK: return "pack";
    case v1::JOB_STAGE_FINAL_TRAINING: return "final_training";
    case v1::JOB_STAGE_QUANTIZE: return "quantize";
    case v1::JOB_STAGE_COMPILE: return "compile";
    case v1::JOB_STAGE_VERIFY: return "verify";
    case v1::JOB_STAGE_EVALUATE: return "evaluate";
    case v1::JOB_STAGE_PUBLISH: return "publish";
    default: return "start";
  }
}

void Progress::Enter(v1::JobStage stage, int64_t total, std::string message) {
  seconds_ = stage_seconds();
  entered_ = epoch_began_ = Clock::now();
  event_.set_stage(stage);
  event_.set_done(0);
  event_.set_total(total);
  event_.set_round(0);
  event_.clear_loss();
  event_.clear_accuracy();
  Emit(std::move(message));
}

void Progress::Done(int64_t done) {
  event_.set_done(done);
  Emit("");
}

void Progress::Packed(const Round& round, const Combined& combined) {
  event_.set_round(round.number);
  event_.clear_loss();
  event_.clear_accuracy();
  event_.set_density(combined.density());
  event_.set_columns_before(combined.columns_before());
  event_.set_columns_after(combined.columns_after());
  epoch_began_ = Clock::now();
  Emit(fmt::format("round {}: {} columns in {} groups", round.number, combined.columns_before(),
                   combined.columns_after()));
}

void Progress::Trained(const training::EpochResult& result, int64_t done, int64_t left) {
  event_.set_done(done);
  event_.set_loss(result.loss);
  event_.set_accuracy(result.accuracy);
  event_.set_remaining_seconds(SecondsSince(epoch_began_) * double(left));
  epoch_began_ = Clock::now();
  Emit("");
}

void Progress::Measured(double accuracy, int64_t images) {
  event_.set_done(images);
  event_.set_accuracy(accuracy);
  Emit("");
}

std::map<std::string, double> Progress::stage_seconds() const {
  std::map<std::string, double> seconds = seconds_;
  if (event_.stage() != v1::JOB_STAGE_UNSPECIFIED)
    seconds[std::string(StageName(event_.stage()))] += SecondsSince(entered_);
  return seconds;
}

void Progress::AddEarlier(const std::map<std::string, double>& seconds) {
  for (const auto& [stage, value] : seconds) seconds_[stage] += value;
}

void Progress::Emit(std::string message) {
  event_.set_message(std::move(message));
  sink_(event_);
}

}  // namespace colonnade::pipeline
