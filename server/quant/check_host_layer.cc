// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "server/base/status.h"
#include "server/quant/check_layer.h"

namespace colonnade::quant {
namespace {

constexpr int64_t kMaxPoolPixels = int64_t{1} << 23;  // of one pooling window: 32-bit sums of bytes fit

class Checker {
 public:
  explicit Checker(const LayerPlace& place) : place_(place) {}

  absl::Status operator()(const AddLayer& layer) const {
    COLONNADE_RETURN_IF_ERROR(CheckShape(place_, nn::Add{}, {layer.a, layer.b}));
    COLONNADE_RETURN_IF_ERROR(CheckField("left_a", layer.left_a, 0, kMaxLeftShift));
    COLONNADE_RETURN_IF_ERROR(CheckField("left_b", layer.left_b, 0, kMaxLeftShift));
    COLONNADE_RETURN_IF_ERROR(CheckField("shift", layer.shift, 0, kMaxShift));
    COLONNADE_RETURN_IF_ERROR(CheckScales(place_.in(layer.a), layer.shift - layer.left_a, place_.out()));
    COLONNADE_RETURN_IF_ERROR(CheckScales(place_.in(layer.b), layer.shift - layer.left_b, place_.out()));
    return CheckClamp(place_.out(), layer.low, layer.high);
  }

  absl::Status operator()(const MaxPoolLayer& layer) const {
    COLONNADE_RETURN_IF_ERROR(CheckPool(layer.window));
    return CheckKept(nn::MaxPool{layer.window}, {layer.input});
  }

  absl::Status operator()(const AveragePoolLayer& layer) const {
    COLONNADE_RETURN_IF_ERROR(CheckPool(layer.window));
    COLONNADE_RETURN_IF_ERROR(
        CheckShape(place_, nn::AveragePool{layer.window, layer.count_include_pad}, {layer.input}));
    COLONNADE_RETURN_IF_ERROR(CheckField("left", layer.left, 0, kMaxLeftShift));
    COLONNADE_RETURN_IF_ERROR(CheckScales(place_.in(layer.input), -layer.left, place_.out()));
    return CheckSign(layer.input);
  }

  absl::Status operator()(const ShiftLayer& layer) const {
    return CheckKept(nn::Shift{layer.dy, layer.dx, layer.stride_h, layer.stride_w}, {layer.input});
  }

  absl::Status operator()(const SubsampleLayer& layer) const {
    return CheckKept(nn::Subsample{layer.stride_h, layer.stride_w}, {layer.input});
  }

  absl::Status operator()(const PadChannelsLayer& layer) const {
    return CheckKept(nn::PadChannels{layer.before, layer.after}, {layer.input});
  }

  absl::Status operator()(const FlattenLayer& layer) const { return CheckKept(nn::Flatten{}, {layer.input}); }

  absl::Status operator()(const ConcatLayer& layer) const { return CheckKept(nn::Concat{}, layer.inputs); }

  absl::Status operator()(const ClipLayer& layer) const {
    COLONNADE_RETURN_IF_ERROR(CheckShape(place_, nn::Clip{}, {layer.input}));
    COLONNADE_RETURN_IF_ERROR(CheckScales(place_.in(layer.input), 0, place_.out()));
    return CheckClamp(place_.out(), layer.low, layer.high);
  }

 private:
  // For layers that move values: scale and sign stay.
  absl::Status CheckKept(nn::Operation operation, const std::vector<int>& inputs) const {
    COLONNADE_RETURN_IF_ERROR(CheckShape(place_, std::move(operation), inputs));
    for (const int input : inputs) {
      COLONNADE_RETURN_IF_ERROR(CheckScales(place_.in(input), 0, place_.out()));
      COLONNADE_RETURN_IF_ERROR(CheckSign(input));
    }
    return absl::OkStatus();
  }

  absl::Status CheckSign(int input) const {
    if (place_.in(input).is_signed == place_.out().is_signed) return absl::OkStatus();
    return absl::InvalidArgumentError(fmt::format("one of its tensors '{}' and '{}' is signed, the other not",
                                                  place_.in(input).name, place_.out().name));
  }

  static absl::Status CheckPool(const nn::Window& window) {
    return CheckField("kernel_h * kernel_w", int64_t{window.kernel_h} * window.kernel_w, 1, kMaxPoolPixels);
  }

  const LayerPlace& place_;
};

}  // namespace

absl::Status CheckHostLayer(const LayerPlace& place, const HostLayer& layer) {
  return std::visit(Checker(place), layer);
}

}  // namespace colonnade::quant
