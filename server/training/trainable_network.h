// SPDX-License-Identifier: Apache-2.0
// A Network that computes in floats, through LibTorch: for accuracies, for the
// statistics that quantization needs, and as the start of training (trainer.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/nn/network.h"
#include "server/training/samples.h"

namespace colonnade::training {

class Module;

// Sets up LibTorch for this process: CPU threads, 0 for all cores, and convolutions by
// oneDNN, which generates code at run time (docs/adr/0003-onednn-in-the-worker.md). Results
// are repeatable for a given number of threads and kind of processor.
void ConfigureRuntime(int threads);

// Movable. Not thread-safe; LibTorch uses its own threads inside a call.
class TrainableNetwork {
 public:
  // REQUIRES: InferShapes(network) was OK.
  explicit TrainableNetwork(nn::Network network);
  TrainableNetwork(TrainableNetwork&&) noexcept;
  TrainableNetwork& operator=(TrainableNetwork&&) noexcept;
  ~TrainableNetwork();

  // `images`: normalized values of any number of whole images. Returns their outputs,
  // one image after the other. BatchNorms use their running statistics.
  // INVALID_ARGUMENT when the values are no whole number of images.
  absl::StatusOr<std::vector<float>> Forward(std::span<const float> images) const;

  // Also shows every layer's activations, channel-major, for a few images at a time:
  // called once per layer and portion, layers in order, [0] being the images. The
  // values are only valid during the call.
  using Observer = std::function<void(int layer, std::span<const float> values)>;
  absl::Status ForwardObserved(std::span<const float> images, const Observer& observer) const;

  // The network with these weights.
  nn::Network Export() const;

 private:
  std::unique_ptr<Module> module_;
};

struct Accuracy {
  int64_t correct = 0;
  int64_t images = 0;  // labelled ones: what `correct` is out of

  double value() const { return images == 0 ? 0 : double(correct) / double(images); }
};

// Index of the largest of a row of logits, the first of equals.
int Argmax(std::span<const float> logits);

// Of all labelled samples. CANCELLED soon after a stop is requested.
absl::StatusOr<Accuracy> MeasureAccuracy(const TrainableNetwork& network, const Samples& samples,
                                         std::stop_token stop = {});

}  // namespace colonnade::training
