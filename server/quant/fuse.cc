// SPDX-License-Identifier: Apache-2.0
#include "server/quant/fuse.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/base/status.h"

namespace colonnade::quant {
namespace {

using nn::Layer;

absl::Status Refuse(const Layer& layer, std::string_view reason_and_remedy) {
  return absl::InvalidArgumentError(
      fmt::format("{} '{}': {}", nn::OperationName(layer.operation), layer.name, reason_and_remedy));
}

class Fuser {
 public:
  explicit Fuser(const nn::Network& network)
      : network_(network), inputs_(size()), consumers_(size()), needed_(size()), absorbed_(size()) {}

  absl::StatusOr<FusedNetwork> Run() {
    FusedNetwork fused;
    Resolve();
    int output = size() - 1;
    if (network_.layers[output].as<nn::Softmax>()) {
      const nn::Shape& shape = network_.layers[output].output;
      if (shape.height * shape.width != 1) {
        return Refuse(network_.layers[output],
                      "works on an image; only one over a flat vector can be served, "
                      "so remove it from the model");
      }
      fused.softmax = true;
      output = inputs_[output][0];
    }
    output = source_[output];
    if (output == 0) return Refuse(network_.layers[0], "is the whole network; there is nothing to run");
    FindConsumers(output);
    for (int i = 1; i <= output; ++i) {
      if (!needed_[i] || absorbed_[i]) continue;
      if (network_.layers[i].as<nn::BatchNorm>()) {
        return Refuse(network_.layers[i], "must be folded into the layer before it; see nn::FoldBatchNorms");
      }
      fused.layers.push_back(Grow(i));
    }
    std::sort(fused.layers.begin(), fused.layers.end(),
              [](const FusedLayer& a, const FusedLayer& b) { return a.result < b.result; });
    return fused;
  }

 private:
  int size() const { return static_cast<int>(network_.layers.size()); }
  bool is_matrix(int layer) const { return network_.layers[layer].is_matrix(); }

  // source_[i] is the layer whose tensor stands for layer i's output.
  void Resolve() {
    for (int i = 0; i < size(); ++i) {
      for (const int input : network_.layers[i].inputs) inputs_[i].push_back(source_[input]);
      const bool is_idle = network_.layers[i].as<nn::Flatten>() &&
                           network_.layers[i].output == network_.layers[inputs_[i][0]].output;
      source_.push_back(is_idle ? inputs_[i][0] : i);
    }
  }

  void FindConsumers(int output) {
    needed_[output] = true;
    for (int i = output; i > 0; --i) {
      for (const int input : inputs_[i]) {
        if (!needed_[i]) break;
        needed_[input] = true;
        std::vector<int>& readers = consumers_[input];
        if (std::find(readers.begin(), readers.end(), i) == readers.end()) readers.push_back(i);
      }
    }
  }

  // The only layer that reads `layer`, or -1.
  int SoleConsumer(int layer) const { return consumers_[layer].size() == 1 ? consumers_[layer][0] : -1; }

  // The operand (0 or 1) of an Add whose matrix layer takes the addition in, or -1.
  int FusedOperand(int add) const {
    int best = -1;
    for (int operand = 0; operand < 2; ++operand) {
      const int layer = inputs_[add][operand];
      const bool fits = is_matrix(layer) && SoleConsumer(layer) == add && layer != inputs_[add][1 - operand];
      if (fits && (best < 0 || layer > inputs_[add][best])) best = operand;
    }
    return best;
  }

  FusedLayer Grow(int start) {
    FusedLayer fused{start, start, inputs_[start]};
    if (const auto* clip = network_.layers[start].as<nn::Clip>()) Clamp(*clip, fused);
    if (is_matrix(start)) TakeInAddition(fused);
    const bool rounds =
        is_matrix(start) || network_.layers[start].as<nn::Add>() || network_.layers[start].as<nn::Clip>();
    if (rounds) TakeInClips(fused);
    return fused;
  }

  void TakeInAddition(FusedLayer& fused) {
    const int add = SoleConsumer(fused.result);
    if (add < 0 || !network_.layers[add].as<nn::Add>()) return;
    const int operand = FusedOperand(add);
    if (operand < 0 || inputs_[add][operand] != fused.result) return;
    fused.inputs.push_back(inputs_[add][1 - operand]);
    fused.result = add;
    absorbed_[add] = true;
  }

  void TakeInClips(FusedLayer& fused) {
    for (int next = SoleConsumer(fused.result); next >= 0; next = SoleConsumer(fused.result)) {
      const auto* clip = network_.layers[next].as<nn::Clip>();
      if (clip == nullptr) return;
      Clamp(*clip, fused);
      fused.result = next;
      absorbed_[next] = true;
    }
  }

  static void Clamp(const nn::Clip& clip, FusedLayer& fused) {
    fused.low = std::clamp(fused.low, clip.low, clip.high);
    fused.high = std::clamp(fused.high, clip.low, clip.high);
  }

  const nn::Network& network_;
  std::vector<int> source_;
  std::vector<std::vector<int>> inputs_;     // by layer, resolved to sources
  std::vector<std::vector<int>> consumers_;  // among needed layers
  std::vector<bool> needed_, absorbed_;
};

}  // namespace

absl::StatusOr<FusedNetwork> Fuse(const nn::Network& network) { return Fuser(network).Run(); }

}  // namespace colonnade::quant
