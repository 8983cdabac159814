// SPDX-License-Identifier: Apache-2.0
// What one colonnade-worker is started for: files in, a packing job, an artifact out.
//
//   import   decrypt and parse the records, import the model, find the checkpoint
//   ...      the stages of packing_job.h
//   publish  write the artifact
//
// After each epoch the file `checkpoint` in the job's work folder is replaced, sealed with
// the key of the training data and bound to the job's name: erasing the data set
// makes it unreadable. A later attempt continues from it and gives the same artifact; one that
// cannot be opened or does not fit is ignored.
#pragma once

#include <stop_token>

#include "colonnade/worker/v1/worker.pb.h"
#include "server/pipeline/progress.h"

namespace colonnade::pipeline {

// Carries `start` out, on the calling thread and those of LibTorch, and tells how it ended:
// outcome, the stage it came to and, when OK, what was measured and the artifact's digest.
// The outcome is CANCELLED soon after a stop is requested, DATA_LOSS when a data
// file is damaged or sealed with another key, else as RunPackingJob(), ImportOnnx() and
// WriteArtifact() say. Nothing of a record or key is in any message or event.
worker::v1::Finished RunWorkerJob(const worker::v1::Start& start, Progress::Sink sink, std::stop_token stop);

}  // namespace colonnade::pipeline
