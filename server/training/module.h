// SPDX-License-Identifier: Apache-2.0
// A Network as LibTorch tensors. Internal to training/: only its sources see what
// is behind at::Tensor. Functions may throw LibTorch's exceptions; callers turn them
// into statuses with Guarded().
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "server/nn/network.h"

namespace at {
class Tensor;
}

namespace colonnade::training {

// Activations travel as [images][channels][height][width], channels last in memory,
// which oneDNN and the pixelwise operations are fastest with; a flat vector of n
// values is n x 1 x 1 here too.
class Module {
 public:
  // Called with a layer's index and its activations, when they are computed.
  using Visit = std::function<void(int layer, const at::Tensor& values)>;

  // REQUIRES: InferShapes(network) was OK.
  explicit Module(nn::Network network);
  Module(Module&&) noexcept;
  Module& operator=(Module&&) noexcept;
  ~Module();

  const nn::Network& network() const { return network_; }

  // May compute a ReLU itself: called with its layer and input. An undefined result leaves it
  // to the module.
  using Relu = std::function<at::Tensor(int layer, const at::Tensor& input)>;

  // Replaces what a layer gives, inputs included; none at first.
  using Rounding = std::function<at::Tensor(int layer, const at::Tensor& values)>;
  void SetRounding(Rounding rounding) { rounding_ = std::move(rounding); }

  // The output of the last layer. When `training`, BatchNorms normalize with the
  // batch's own statistics and move their running ones by a share; a batch with a
  // single value per channel has no statistics and is normalized with the running ones.
  at::Tensor Forward(const at::Tensor& images, bool training, const Visit& visit = {}, const Relu& relu = {});

  // The values of one layer, computed without those behind it. Not in training.
  at::Tensor ValuesOf(int layer, const at::Tensor& images);

  // The share that a batch's statistics get in the running ones; 0.1 at first.
  void SetRunningShare(double share) { running_share_ = share; }

  // Whether convolutions of whole blocks of channels and what lies between them compute in
  // bfloat16, with parameters, sums and logits in float. Twice as fast where the processor
  // has the instructions.
  void SetHalfPrecision(bool half) { half_ = half; }

  // What the weights of matrix layer `index` are multiplied with, given its input:
  // [columns of its filter matrix][images x pixels]. REQUIRES: it has one group.
  at::Tensor Columns(int index, const at::Tensor& input) const;

  // The network with the present parameters.
  nn::Network Export() const;

  // A tensor that training changes. It belongs to the module and lives as long.
  struct Parameter {
    std::string name;            // layer and kind: "conv1.weight", "bn1.variance"
    at::Tensor* tensor = nullptr;
    bool trained = false;        // by gradients; running statistics are not
    bool weight_matrix = false;  // a matrix layer's weight: its zeros are pruned weights
  };

  // In network order.
  std::vector<Parameter> Parameters();

 private:
  struct Tensors;  // of one layer

  // The layers up to `last`; values that nobody reads any more are given up.
  std::vector<at::Tensor> Run(int last, const at::Tensor& images, bool training, const Visit& visit, const Relu& relu);
  at::Tensor Apply(int index, const std::vector<at::Tensor>& values, bool training) const;

  nn::Network network_;
  std::vector<int> last_use_;  // by layer: the last layer that reads it
  std::vector<Tensors> tensors_;
  double running_share_ = 0.1;
  bool half_ = false;
  Rounding rounding_;
};

// Whole images as a module takes them.
at::Tensor ImagesToTensor(std::span<const float> values, const nn::Shape& shape);

// Whether this processor multiplies bfloat16 in hardware.
bool HasHalfPrecision();

// Runs `body`; an exception becomes INTERNAL, or RESOURCE_EXHAUSTED when memory ran out.
absl::Status Guarded(const std::function<absl::Status()>& body);

}  // namespace colonnade::training
