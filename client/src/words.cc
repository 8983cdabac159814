// SPDX-License-Identifier: Apache-2.0
// How the library's enumerations are written.
#include "colonnade/datasets.h"
#include "colonnade/jobs.h"
#include "colonnade/models.h"

namespace colonnade::client {

const char* Word(Verdict verdict) {
  switch (verdict) {
    case Verdict::kUnknown: return "unknown";
    case Verdict::kPackable: return "packable";
    case Verdict::kRunsUnpacked: return "runs_unpacked";
    case Verdict::kFolded: return "folded";
    case Verdict::kRefused: return "refused";
  }
  return "unknown";
}

const char* Word(Role role) {
  switch (role) {
    case Role::kUnknown: return "unknown";
    case Role::kTrain: return "train";
    case Role::kEvaluation: return "evaluation";
  }
  return "unknown";
}

const char* Word(DatasetState state) {
  switch (state) {
    case DatasetState::kUnknown: return "unknown";
    case DatasetState::kStored: return "stored";
    case DatasetState::kErased: return "erased";
  }
  return "unknown";
}

const char* Word(JobState state) {
  switch (state) {
    case JobState::kUnknown: return "unknown";
    case JobState::kQueued: return "queued";
    case JobState::kPreparing: return "preparing";
    case JobState::kRunning: return "running";
    case JobState::kSucceeded: return "succeeded";
    case JobState::kFailed: return "failed";
    case JobState::kCancelled: return "cancelled";
  }
  return "unknown";
}

bool IsFinal(JobState state) {
  return state == JobState::kSucceeded || state == JobState::kFailed || state == JobState::kCancelled;
}

const char* Word(JobStage stage) {
  switch (stage) {
    case JobStage::kNone: return "";
    case JobStage::kImport: return "import";
    case JobStage::kBaseline: return "baseline";
    case JobStage::kPack: return "pack";
    case JobStage::kFinalTraining: return "final_training";
    case JobStage::kQuantize: return "quantize";
    case JobStage::kCompile: return "compile";
    case JobStage::kVerify: return "verify";
    case JobStage::kEvaluate: return "evaluate";
    case JobStage::kPublish: return "publish";
  }
  return "";
}

}  // namespace colonnade::client
