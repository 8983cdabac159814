// SPDX-License-Identifier: Apache-2.0
// Retraining: stochastic gradient descent on a pruned network, towards the labels
// and towards what the dense network says (distillation).
//
//   Trainer trainer(packed, &dense, samples, options);
//   for (int epoch = 0; epoch < epochs; ++epoch) trainer.RunEpoch(epoch, epochs, stop);
//   nn::Network retrained = trainer.network();
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/nn/network.h"
#include "server/quant/quantized_network.h"
#include "server/training/augment.h"
#include "server/training/cells.h"
#include "server/training/samples.h"

namespace colonnade::training {

// Of one image with label y, logits z, and teacher's logits t at temperature T:
//
//   loss = (1 - d) * -log softmax(z)[y] + d * (T^2 * KL(softmax(t / T) || softmax(z / T)) + f * F)
//
// averaged over a batch; the first term only over its labelled images. F compares
// activations: over all layers named alike in both networks that clip (ReLU), the mean
// of |student - teacher|^2 / |teacher|^2. With little data it repairs pruned layers in
// far fewer epochs than the logits alone.
struct TrainerOptions {
  int batch_size = 64;           // most images per step; the steps of an epoch are of equal size, give or take one
  double learning_rate = 0.01;   // the highest; rises over a twentieth of a run, then falls to 0 along half a cosine
  double momentum = 0.9;         // Nesterov's
  double weight_decay = 5e-4;    // of everything that gradients train
  double temperature = 4;        // T
  double distillation = 0.9;     // d; without a teacher it counts as 0
  double feature_weight = 10;    // f
  double fade = 0;               // share of a run's epochs over which losers of cells fade out, 0 to 1
  double mix = 0;                // share of the steps that mix pairs of images, 0 to 1
  bool half_precision = true;    // bfloat16 between the parameters, where the processor has it
  Augmentation augmentation = {};  // student and teacher see the same varied images
  uint64_t seed = 1;             // of order and variation; each epoch has its own stream
};

struct EpochResult {
  double loss = 0;      // mean over the images
  double accuracy = 0;  // of the student on the varied images, while it learned; of mixed ones the larger part counts
  int64_t images = 0;   // used
};

// A tensor of a trainer's state by name, for checkpoints.
struct NamedValues {
  std::string name;
  std::vector<float> values;

  friend bool operator==(const NamedValues&, const NamedValues&) = default;
};

// Movable. Not thread-safe. The same network, samples, options and threads give the
// same result, and so does a run that is continued from its state.
class Trainer {
 public:
  // Weights of matrix layers that are zero now stay exactly zero. In layers with `cells`
  // all weights compete: losers are multiplied by a factor that falls from 1 to 0 over
  // the first `fade` of the run, while who wins is decided anew in each epoch; then they
  // are zero and stay so. With `numerics`, the integer network made from `student`, whose
  // BatchNorms are then folded, everything is rounded as there (numerics.h); the weights that
  // network() gives are those before rounding. `teacher` is copied and may be null. REQUIRES: shapes inferred,
  // no Softmax, samples outlive the trainer and passed Check(); options in the ranges of
  // TrainingSettings (packing.proto); cells fit the layers they name.
  Trainer(const nn::Network& student, const nn::Network* teacher, const Samples& samples,
          const TrainerOptions& options, std::vector<Cells> cells = {},
          const quant::QuantizedNetwork* numerics = nullptr);
  Trainer(Trainer&&) noexcept;
  Trainer& operator=(Trainer&&) noexcept;
  ~Trainer();

  // Epoch `epoch` (from 0) of a run of `epochs`. CANCELLED within a batch of a stop
  // request; FAILED_PRECONDITION when the loss or a weight is no longer finite. After
  // an error the network is not to be used.
  absl::StatusOr<EpochResult> RunEpoch(int epoch, int epochs, std::stop_token stop);

  // The student as it is now, losers of cells without their weights.
  nn::Network network() const;

  // Parameters, momenta and masks: all that RunEpoch() depends on.
  std::vector<NamedValues> state() const;

  // INVALID_ARGUMENT, and no change, when the state is another network's.
  absl::Status Restore(const std::vector<NamedValues>& state);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace colonnade::training
