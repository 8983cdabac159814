// SPDX-License-Identifier: Apache-2.0
// The dense network that packed ones are compared with: ResNet-20's convolutions in oneDNN.
#pragma once

#include <memory>

namespace colonnade::bench {

// oneDNN at its best: weights in the layout that it chooses, ReLU and additions as post-ops,
// batch 1, no reorders. In its favour: the two strided shortcuts are not computed, the
// additions there read a tensor that is ready, and for 8 bits all scales are 1.
// One thread of its own; not thread-safe.
class DenseResNet20 {
 public:
  enum class Type { kInt8, kFloat };

  explicit DenseResNet20(Type type);
  ~DenseResNet20();

  void Run();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace colonnade::bench
