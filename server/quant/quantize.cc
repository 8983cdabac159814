// SPDX-License-Identifier: Apache-2.0
#include "server/quant/quantize.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <utility>

#include "server/base/status.h"
#include "server/quant/check_layer.h"
#include "server/quant/filter_scales.h"
#include "server/quant/fuse.h"
#include "server/quant/tensor_scales.h"

namespace colonnade::quant {
namespace {

constexpr int kMaxCoarsenings = 256;  // of one scale, before the layer is given up

absl::Status Refuse(const nn::Layer& layer, std::string_view reason_and_remedy) {
  return absl::InvalidArgumentError(
      fmt::format("{} '{}': {}", nn::OperationName(layer.operation), layer.name, reason_and_remedy));
}

absl::Status CheckObserved(const nn::Layer& layer, int index, const RangeObserver& ranges) {
  if (!ranges.Has(index)) return Refuse(layer, "was not observed during calibration");
  if (ranges.IsFinite(index)) return absl::OkStatus();
  return Refuse(layer,
                "had infinite or undefined values during calibration; check weights and input normalization");
}

class Quantizer {
 public:
  Quantizer(const nn::Network& network, FusedNetwork fused, TensorScales scales)
      : network_(network), fused_(std::move(fused)), scales_(std::move(scales)) {}

  absl::StatusOr<QuantizedNetwork> Run() {
    for (const FusedLayer& layer : fused_.layers) {
      if (operation(layer).is_matrix()) bounds_[layer.operation] = BoundsOf(MatrixOf(layer), BiasOf(layer));
    }
    COLONNADE_RETURN_IF_ERROR(CoarsenUntilAllFits());
    result_.input_name = network_.input_name;
    result_.output_name = network_.output_name;
    result_.softmax = fused_.softmax;
    AppendTensor(0, network_.input_shape());
    for (const FusedLayer& layer : fused_.layers) Append(layer);
    COLONNADE_RETURN_IF_ERROR(Check(result_));
    return std::move(result_);
  }

 private:
  const nn::Layer& operation(const FusedLayer& layer) const { return network_.layers[layer.operation]; }

  bool IsLogits(const FusedLayer& layer) const {
    return &layer == &fused_.layers.back() && operation(layer).is_matrix() && layer.inputs.size() == 1 &&
           !layer.is_clipped();
  }

  const nn::Shape& InputShape(const FusedLayer& layer) const {
    return network_.layers[layer.inputs[0]].output;
  }

  nn::FilterMatrix MatrixOf(const FusedLayer& layer) const {
    return nn::ToFilterMatrix(operation(layer), InputShape(layer));
  }

  std::span<const float> BiasOf(const FusedLayer& layer) const {
    if (const auto* conv = operation(layer).as<nn::Convolution>()) return conv->bias;
    return operation(layer).as<nn::Linear>()->bias;
  }

  Tensor TensorOf(int tensor) const {
    return {network_.layers[tensor].name, network_.layers[tensor].output, scales_.scale(tensor),
            scales_.is_signed(tensor)};
  }

  // exponent(a) - exponent(b): the power of two between two tensors of one mantissa.
  int Between(int a, int b) const { return scales_.exponent(a) - scales_.exponent(b); }

  // Scales only ever grow, so this ends.
  absl::Status CoarsenUntilAllFits() {
    for (bool fits = false; !fits;) {
      fits = true;
      for (const FusedLayer& layer : fused_.layers) {
        const int tensor = TooFine(layer);
        if (tensor < 0) continue;
        fits = false;
        if (scales_.Coarsen(tensor) <= kMaxCoarsenings) continue;
        return Refuse(operation(layer),
                      "no 8-bit scales fit its values; weights this large need a BatchNorm or weight decay");
      }
    }
    return absl::OkStatus();
  }

  // A tensor whose scale must grow for `layer` to be possible, or -1.
  int TooFine(const FusedLayer& layer) const {
    if (operation(layer).is_matrix()) return IsLogits(layer) ? -1 : TooFineForFilters(layer);
    if (operation(layer).as<nn::Add>()) return TooFineForAddition(layer);
    if (operation(layer).as<nn::AveragePool>() || operation(layer).as<nn::GlobalAveragePool>()) {
      const int left = Between(layer.inputs[0], layer.result);
      if (left < 0) return layer.inputs[0];
      if (left > kMaxLeftShift) return layer.result;
    }
    return -1;
  }

  int TooFineForFilters(const FusedLayer& layer) const {
    const Tensor input = TensorOf(layer.inputs[0]);
    const int residual = layer.inputs.size() > 1 ? layer.inputs[1] : -1;
    const int exponent = residual < 0 ? 0 : Between(residual, layer.result);
    const Tensor residual_tensor = TensorOf(std::max(residual, 0));
    const LayerScales scales{input, scales_.scale(layer.result), residual < 0 ? nullptr : &residual_tensor,
                             exponent};
    for (const FilterBounds& filter : bounds_.at(layer.operation)) {
      const std::optional<int> shift = LargestShift(filter, scales);
      if (!shift) return layer.result;
      if (*shift + exponent < 0) return residual;
    }
    return -1;
  }

  int TooFineForAddition(const FusedLayer& layer) const {
    const int a = layer.inputs[0], b = layer.inputs[1];
    if (Between(a, b) > kMaxLeftShift) return b;
    if (Between(b, a) > kMaxLeftShift) return a;
    if (std::max(Between(a, layer.result), Between(b, layer.result)) > kMaxLeftShift) return layer.result;
    const int finer = Between(a, b) < 0 ? a : b;
    return Between(layer.result, finer) > kMaxShift ? finer : -1;
  }

  void AppendTensor(int tensor, const nn::Shape& shape) {
    tensor_of_[tensor] = static_cast<int>(result_.tensors.size());
    result_.tensors.push_back(TensorOf(tensor));
    result_.tensors.back().shape = shape;
  }

  void Append(const FusedLayer& layer) {
    QuantizedLayer quantized{operation(layer).name, {}};
    if (operation(layer).is_matrix()) {
      quantized.operation = MatrixLayerOf(layer);
    } else {
      quantized.operation = HostLayerOf(layer);
    }
    AppendTensor(layer.result, network_.layers[layer.result].output);
    Tensor& output = result_.tensors.back();
    if (IsLogits(layer)) {
      output.scale = result_.logit_scale;
      output.is_signed = true;
    } else if (&layer == &fused_.layers.back()) {
      result_.logit_scale = output.scale;
    }
    result_.layers.push_back(std::move(quantized));
  }

  // The tensor a matrix layer reads; for a Linear on an image, flattened first.
  int FlatInput(const FusedLayer& layer) {
    const int input = tensor_of_.at(layer.inputs[0]);
    const nn::Shape& shape = InputShape(layer);
    if (operation(layer).as<nn::Convolution>() || shape.height * shape.width == 1) return input;
    Tensor flat = result_.tensors[input];
    flat.name = operation(layer).name + ".flatten";
    flat.shape = {static_cast<int>(shape.size()), 1, 1};
    result_.layers.push_back({flat.name, HostLayer(FlattenLayer{input})});
    result_.tensors.push_back(std::move(flat));
    return static_cast<int>(result_.tensors.size()) - 1;
  }

  MatrixLayer MatrixLayerOf(const FusedLayer& layer) {
    MatrixLayer quantized;
    quantized.source = operation(layer).name;
    quantized.input = FlatInput(layer);
    if (const auto* conv = operation(layer).as<nn::Convolution>()) quantized.window = conv->window;
    const Tensor input = TensorOf(layer.inputs[0]);
    std::vector<double> weight_scale;
    if (IsLogits(layer)) {
      weight_scale.assign(BiasOf(layer).size(), LogitWeightScale(bounds_.at(layer.operation), input));
      quantized.shift.assign(weight_scale.size(), 0);
      quantized.is_logits = true;
      result_.logit_scale = weight_scale[0] * input.scale;
    } else {
      SetShifts(layer, quantized);
      const double ratio = scales_.scale(layer.result) / input.scale;
      for (const int shift : quantized.shift) weight_scale.push_back(std::ldexp(ratio, -shift));
      std::tie(quantized.low, quantized.high) = Clamp(layer);
    }
    RoundWeights(MatrixOf(layer), BiasOf(layer), input.scale, weight_scale, quantized);
    return quantized;
  }

  void SetShifts(const FusedLayer& layer, MatrixLayer& quantized) const {
    const Tensor input = TensorOf(layer.inputs[0]);
    LayerScales scales{input, scales_.scale(layer.result)};
    Tensor residual;
    if (layer.inputs.size() > 1) {
      residual = TensorOf(layer.inputs[1]);
      scales.residual = &residual;
      scales.residual_exponent = Between(layer.inputs[1], layer.result);
      quantized.residual = Residual{tensor_of_.at(layer.inputs[1]), scales.residual_exponent};
    }
    for (const FilterBounds& filter : bounds_.at(layer.operation)) {
      quantized.shift.push_back(static_cast<uint8_t>(LargestShift(filter, scales).value()));
    }
  }

  // The layer's clipping in steps of its output, rounded half up.
  std::pair<int, int> Clamp(const FusedLayer& layer) const {
    const Tensor output = TensorOf(layer.result);
    const auto step = [&](float bound) {
      return static_cast<int>(
          std::clamp<double>(std::floor(bound / output.scale + 0.5), output.lowest(), output.highest()));
    };
    return {step(layer.low), step(layer.high)};
  }

  struct ToHostLayer;

  HostLayer HostLayerOf(const FusedLayer& layer) const;

  const nn::Network& network_;
  const FusedNetwork fused_;
  TensorScales scales_;
  std::map<int, std::vector<FilterBounds>> bounds_;  // by matrix layer of the Network
  std::map<int, int> tensor_of_;                     // Network layer -> tensor
  QuantizedNetwork result_;
};

struct Quantizer::ToHostLayer {
  const Quantizer& quantizer;
  const FusedLayer& layer;
  const int input;  // tensor

  HostLayer operator()(const nn::Add&) const {
    const int a = layer.inputs[0], b = layer.inputs[1];
    const int finest = std::min({quantizer.scales_.exponent(a), quantizer.scales_.exponent(b),
                                 quantizer.scales_.exponent(layer.result)});
    const auto [low, high] = quantizer.Clamp(layer);
    return AddLayer{input,
                    quantizer.tensor_of_.at(b),
                    quantizer.scales_.exponent(a) - finest,
                    quantizer.scales_.exponent(b) - finest,
                    quantizer.scales_.exponent(layer.result) - finest,
                    low,
                    high};
  }

  HostLayer operator()(const nn::Clip&) const {
    const auto [low, high] = quantizer.Clamp(layer);
    return ClipLayer{input, low, high};
  }

  HostLayer operator()(const nn::MaxPool& pool) const { return MaxPoolLayer{input, pool.window}; }

  HostLayer operator()(const nn::AveragePool& pool) const {
    const int left = quantizer.Between(layer.inputs[0], layer.result);
    return AveragePoolLayer{input, pool.window, pool.count_include_pad, left};
  }

  HostLayer operator()(const nn::GlobalAveragePool&) const {
    const nn::Shape& shape = quantizer.InputShape(layer);
    return (*this)(nn::AveragePool{{shape.height, shape.width}});
  }

  HostLayer operator()(const nn::Flatten&) const { return FlattenLayer{input}; }

  HostLayer operator()(const nn::Concat&) const {
    ConcatLayer concat;
    for (const int tensor : layer.inputs) concat.inputs.push_back(quantizer.tensor_of_.at(tensor));
    return concat;
  }

  HostLayer operator()(const nn::Shift& shift) const {
    return ShiftLayer{input, shift.dy, shift.dx, shift.stride_h, shift.stride_w};
  }

  HostLayer operator()(const nn::Subsample& subsample) const {
    return SubsampleLayer{input, subsample.stride_h, subsample.stride_w};
  }

  HostLayer operator()(const nn::PadChannels& pad) const {
    return PadChannelsLayer{input, pad.before, pad.after};
  }

  // Input, matrix layers, BatchNorm and Softmax never get here: see Fuse().
  template <typename Operation>
  HostLayer operator()(const Operation&) const {
    std::abort();
  }
};

HostLayer Quantizer::HostLayerOf(const FusedLayer& layer) const {
  return std::visit(ToHostLayer{*this, layer, tensor_of_.at(layer.inputs[0])}, operation(layer).operation);
}

}  // namespace

absl::StatusOr<QuantizedNetwork> Quantize(const nn::Network& network, const RangeObserver& ranges,
                                          const QuantizeOptions& options) {
  COLONNADE_ASSIGN_OR_RETURN(FusedNetwork fused, Fuse(network));
  COLONNADE_RETURN_IF_ERROR(CheckObserved(network.layers[0], 0, ranges));
  for (const FusedLayer& layer : fused.layers) {
    COLONNADE_RETURN_IF_ERROR(CheckObserved(network.layers[layer.result], layer.result, ranges));
  }
  TensorScales scales(network, fused, ranges, options);
  return Quantizer(network, std::move(fused), std::move(scales)).Run();
}

}  // namespace colonnade::quant
