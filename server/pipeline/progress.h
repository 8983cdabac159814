// SPDX-License-Identifier: Apache-2.0
// What a job says about itself while it runs: events, and the time its stages took.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>

#include "colonnade/v1/packing.pb.h"
#include "server/pipeline/combine.h"
#include "server/training/trainer.h"

namespace colonnade::pipeline {

// "import", "baseline", "pack", "final_training", "quantize", "compile", "verify",
// "evaluate", "publish"; keys of JobResult.stage_seconds.
std::string_view StageName(v1::JobStage stage);

// Emits events in order. They hold aggregates only, never anything of one sample.
class Progress {
 public:
  using Sink = std::function<void(const v1::JobEvent&)>;
  using Clock = std::chrono::steady_clock;

  explicit Progress(Sink sink) : sink_(std::move(sink)) {}

  // Ends the stage before. `total`: the stage's epochs or images, 0 if it has none.
  void Enter(v1::JobStage stage, int64_t total, std::string message);

  // `done` of the stage's images.
  void Done(int64_t done);

  // The round's column groups are made.
  void Packed(const Round& round, const Combined& combined);

  // `done` epochs of the stage, of which this was the last. `left` in the whole job.
  void Trained(const training::EpochResult& result, int64_t done, int64_t left);

  // An accuracy was measured on `images` images.
  void Measured(double accuracy, int64_t images);

  // Seconds by stage so far, those of earlier attempts included.
  std::map<std::string, double> stage_seconds() const;
  void AddEarlier(const std::map<std::string, double>& seconds);

  v1::JobStage stage() const { return event_.stage(); }

 private:
  void Emit(std::string message);

  Sink sink_;
  v1::JobEvent event_;  // what the next event says
  std::map<std::string, double> seconds_;
  Clock::time_point entered_ = Clock::now();
  Clock::time_point epoch_began_ = Clock::now();
};

}  // namespace colonnade::pipeline
