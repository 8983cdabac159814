// SPDX-License-Identifier: Apache-2.0
// A worker that trains nothing, for tests of what the daemon does with workers. It acts
// out the name of the artifact that it is asked for, up to a first dash:
//
//   good    two events, an artifact, success
//   fails   an error in training
//   dies    kills itself in the middle, always
//   dies1   kills itself in the middle the first time, is good later
//   slow    goes on until it is told to stop, and stops
//   deaf    goes on and does not listen
//   lies    success with a wrong digest
//   other   success with an artifact of another name
//   mute    success without any event before
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "colonnade/worker/v1/worker.pb.h"
#include "server/artifact/file.h"
#include "server/base/frames.h"
#include "tests/support/sample_artifact.h"

namespace colonnade {
namespace {

class FakeWorker {
 public:
  explicit FakeWorker(worker::v1::Start start)
      : start_(std::move(start)), role_(start_.artifact_name().substr(0, start_.artifact_name().find('-'))) {}

  void Act() {
    if (role_ != "mute") Report();
    if (role_ == "dies" || (role_ == "dies1" && IsFirstAttempt())) ::raise(SIGKILL);
    if (role_ == "slow") return static_cast<void>(ReadFrame(kHelperDescriptor));
    while (role_ == "deaf") ::pause();
    Finish();
  }

 private:
  static void Send(const worker::v1::FromWorker& message) {
    if (!WriteFrame(kHelperDescriptor, message.SerializeAsString()).ok()) ::_exit(1);
  }

  void Report() {
    for (const v1::JobStage stage : {v1::JOB_STAGE_BASELINE, v1::JOB_STAGE_PACK}) {
      worker::v1::FromWorker message;
      message.mutable_event()->set_stage(stage);
      message.mutable_event()->set_state(v1::JOB_STATE_SUCCEEDED);  // not for the worker to say
      message.mutable_event()->set_sequence(99);
      Send(message);
    }
  }

  bool IsFirstAttempt() const {
    const std::filesystem::path mark = std::filesystem::path(start_.work_dir()) / "checkpoint";
    const bool first = !std::filesystem::exists(mark);
    std::ofstream(mark) << "here";
    return first;
  }

  void Finish() {
    worker::v1::FromWorker message;
    worker::v1::Finished& finished = *message.mutable_finished();
    finished.set_stage(v1::JOB_STAGE_PACK);
    if (role_ == "fails") {
      finished.mutable_outcome()->set_code(int(absl::StatusCode::kFailedPrecondition));
      finished.mutable_outcome()->set_message("the training diverged");
    } else {
      WriteArtifact(finished);
    }
    Send(message);
  }

  void WriteArtifact(worker::v1::Finished& finished) {
    artifact::Artifact artifact = SampleArtifact(7, start_.artifact_name(), start_.artifact_version());
    artifact.manifest.tenant = start_.tenant();
    artifact.manifest.job = start_.job();
    if (role_ == "other") artifact.manifest.name = "another";
    const auto written = artifact::WriteArtifact(start_.artifact_path(), artifact);
    finished.set_artifact_sha256(role_ == "lies" ? std::string(64, '0') : written->sha256);
    finished.set_artifact_bytes(written->bytes);
    finished.mutable_result()->set_quantized_accuracy(0.5);
    finished.mutable_result()->set_data_used(start_.data_used());
    (*finished.mutable_result()->mutable_stage_seconds())["pack"] = 1.5;
  }

  const worker::v1::Start start_;
  const std::string role_;
};

}  // namespace
}  // namespace colonnade

int main() {
  const auto frame = colonnade::ReadFrame(colonnade::kHelperDescriptor);
  colonnade::worker::v1::ToWorker message;
  if (!frame.ok() || !message.ParseFromString(*frame) || !message.has_start()) return 2;
  colonnade::FakeWorker(message.start()).Act();
  return 0;
}
