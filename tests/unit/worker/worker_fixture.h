// SPDX-License-Identifier: Apache-2.0
// The program colonnade-worker with a job on drawn digits, spoken to as the daemon does.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "colonnade/worker/v1/worker.pb.h"
#include "gtest/gtest.h"
#include "server/base/helper_process.h"
#include "server/training/samples.h"

namespace colonnade {

inline constexpr absl::Duration kPatience = absl::Seconds(120);

// Everything a worker said, and how it ended.
struct Attempt {
  std::vector<v1::JobEvent> events;
  std::optional<worker::v1::Finished> finished;
  std::string end;

  int code() const { return finished ? finished->outcome().code() : -1; }
  std::vector<v1::JobStage> stages() const;  // in order, each once
  int epochs() const;                        // reported as trained
};

// Called with each event; may kill the worker or send it something.
using OnEvent = std::function<void(const v1::JobEvent&, HelperProcess&)>;

class WorkerTest : public testing::Test {
 protected:
  // A job of 14 quick epochs on 300 records, with 200 to evaluate on.
  WorkerTest();
  ~WorkerTest() override;

  // Replaces the training records, sealed as the vault would.
  void StoreTraining(const training::Samples& samples);

  std::unique_ptr<HelperProcess> StartWorker() const;
  Attempt Run(const OnEvent& on_event = {}) const;

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  std::string Content(const std::string& name) const;

  worker::v1::Start start_;
  training::Samples evaluation_;

 private:
  void StoreModel();
  worker::v1::DataFile Store(const std::string& name, const training::Samples& samples) const;

  std::filesystem::path folder_;
};

worker::v1::ToWorker StartMessage(const worker::v1::Start& start);
worker::v1::ToWorker CancelMessage();
bool IsTrainedEpoch(const v1::JobEvent& event);

}  // namespace colonnade
