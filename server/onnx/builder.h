// SPDX-License-Identifier: Apache-2.0
// The network under construction.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/nn/network.h"
#include "server/onnx/node_view.h"

namespace colonnade::onnx {

class Builder {
 public:
  // `batch`: the fixed batch size, or kBatchSize. `initializer_values` bounds what
  // the layers' weights may hold together (four times as much and a little more),
  // so that nodes sharing one initializer cannot multiply it without end.
  Builder(std::string input_name, const nn::Shape& image, int64_t batch, int64_t initializer_values);

  int64_t batch() const { return batch_; }
  const nn::Shape& shape(const Activation& activation) const {
    return network_.layers[activation.layer].output;
  }
  const nn::Layer& layer(const Activation& activation) const { return network_.layers[activation.layer]; }

  // ONNX dims of the tensor, border included; the batch may be kBatchSize.
  std::vector<int64_t> dims(const Activation& activation) const;

  // Appends a layer of the node's name that reads `inputs`. Its shape is derived
  // and checked at once.
  absl::StatusOr<Activation> Append(const NodeView& node, nn::Operation operation,
                                    const std::vector<Activation>& inputs, int rank);

  // Replaces an earlier layer's operation by one with the same inputs and returns
  // the layer's activation. REQUIRES: `activation.single_use`, so that no shape
  // derived before depends on it.
  absl::StatusOr<Activation> Replace(const Activation& activation, nn::Operation operation);

  // Adds `bias` to the bias of a Convolution or Linear. REQUIRES: single_use and a
  // value per filter.
  void AddBias(const Activation& activation, const std::vector<float>& bias);

  // Accounts for weights about to be copied into a layer.
  absl::Status ChargeWeights(int64_t values);

  nn::Network Finish(std::string output_name) &&;

 private:
  std::string UniqueName(const NodeView& node);

  nn::Network network_;
  std::unordered_set<std::string> names_;
  int64_t batch_;
  int64_t weights_left_;
};

}  // namespace colonnade::onnx
