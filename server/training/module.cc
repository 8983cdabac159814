// SPDX-License-Identifier: Apache-2.0
#include "server/training/module.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <new>
#include <string_view>
#include <utility>

namespace colonnade::training {
namespace {

using at::Tensor;

Tensor FromVector(const std::vector<float>& values, at::IntArrayRef sizes) {
  Tensor tensor = at::empty(sizes, at::kFloat);
  std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
  return tensor;
}

void ToVector(const Tensor& tensor, std::vector<float>& values) {
  const Tensor plain = tensor.detach().contiguous();
  values.assign(plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel());
}

Tensor Pad(const Tensor& x, const nn::Window& w, double value) {
  if (w.pad_top == 0 && w.pad_left == 0 && w.pad_bottom == 0 && w.pad_right == 0) return x;
  return at::constant_pad_nd(x, {w.pad_left, w.pad_right, w.pad_top, w.pad_bottom}, value);
}

Tensor Convolve(const Tensor& x, const Tensor& weight, const Tensor& bias, const nn::Convolution& conv) {
  const nn::Window& w = conv.window;
  const bool symmetric = w.pad_top == w.pad_bottom && w.pad_left == w.pad_right;
  const std::vector<int64_t> padding =
      symmetric ? std::vector<int64_t>{w.pad_top, w.pad_left} : std::vector<int64_t>{0, 0};
  return at::conv2d(symmetric ? x : Pad(x, w, 0), weight, bias, {w.stride_h, w.stride_w}, padding,
                    {w.dilation_h, w.dilation_w}, conv.groups);
}

// oneDNN has fast bfloat16 code for whole blocks of channels. For others its gradients were
// seen to be garbage (LibTorch 1.13 with oneDNN 2.6, five channels of one pixel).
bool ComputesInHalf(const nn::Convolution& conv, const Tensor& x) {
  constexpr int kBlock = 16;
  return conv.groups == 1 && x.size(1) % kBlock == 0 && conv.filters % kBlock == 0 && x.size(2) * x.size(3) > 1;
}

Tensor AveragePixels(const Tensor& x, const nn::Window& w) {
  return at::avg_pool2d(Pad(x, w, 0), {w.kernel_h, w.kernel_w}, {w.stride_h, w.stride_w});
}

Tensor AverageOf(const Tensor& x, const nn::AveragePool& pool) {
  const Tensor sums = AveragePixels(x, pool.window);
  if (pool.count_include_pad) return sums;
  return sums / AveragePixels(at::ones({1, 1, x.size(2), x.size(3)}), pool.window);
}

Tensor MaximumOf(const Tensor& x, const nn::Window& w) {
  return at::max_pool2d(Pad(x, w, -std::numeric_limits<double>::infinity()), {w.kernel_h, w.kernel_w},
                        {w.stride_h, w.stride_w});
}

int Reach(const nn::Shift& shift) {
  int reach = 0;
  for (const int offset : shift.dy) reach = std::max(reach, std::abs(offset));
  for (const int offset : shift.dx) reach = std::max(reach, std::abs(offset));
  return reach;
}

// A shift is a depthwise convolution with one-hot kernels.
Tensor ShiftKernel(const nn::Shift& shift) {
  const int reach = Reach(shift);
  const auto channels = int64_t(shift.dy.size());
  Tensor kernel = at::zeros({channels, 1, 2 * reach + 1, 2 * reach + 1});
  auto weights = kernel.accessor<float, 4>();
  for (int64_t c = 0; c < channels; ++c) weights[c][0][reach + shift.dy[size_t(c)]][reach + shift.dx[size_t(c)]] = 1;
  return kernel;
}

Tensor ShiftChannels(const Tensor& x, const Tensor& kernel, const nn::Shift& shift) {
  const int64_t reach = kernel.size(2) / 2;
  return at::conv2d(x, kernel, {}, {shift.stride_h, shift.stride_w}, {reach, reach}, 1, kernel.size(0));
}

Tensor Limit(const Tensor& x, const nn::Clip& clip) {
  return clip.is_relu() ? at::relu(x) : at::clamp(x, clip.low, clip.high);
}

}  // namespace

struct Module::Tensors {
  Tensor weight, bias;    // of matrices and BatchNorms
  Tensor mean, variance;  // of BatchNorms
  Tensor kernel;          // of shifts, not learned
};

Module::Module(Module&&) noexcept = default;
Module& Module::operator=(Module&&) noexcept = default;
Module::~Module() = default;

Module::Module(nn::Network network) : network_(std::move(network)) {
  const auto consumers = network_.Consumers();
  for (size_t i = 0; i < network_.layers.size(); ++i) {
    const nn::Layer& layer = network_.layers[i];
    last_use_.push_back(consumers[i].empty() ? int(i) : consumers[i].back());
    Tensors& t = tensors_.emplace_back();
    if (const auto* conv = layer.as<nn::Convolution>()) {
      const int64_t channels = network_.layers[size_t(layer.inputs[0])].output.channels / conv->groups;
      t.weight = FromVector(conv->weight, {conv->filters, channels, conv->window.kernel_h, conv->window.kernel_w})
                     .contiguous(at::MemoryFormat::ChannelsLast);
      t.bias = FromVector(conv->bias, {conv->filters});
    } else if (const auto* linear = layer.as<nn::Linear>()) {
      t.weight = FromVector(linear->weight, {linear->outputs, int64_t(linear->weight.size()) / linear->outputs});
      t.bias = FromVector(linear->bias, {linear->outputs});
    } else if (const auto* norm = layer.as<nn::BatchNorm>()) {
      const auto channels = int64_t(norm->scale.size());
      t.weight = FromVector(norm->scale, {channels});
      t.bias = FromVector(norm->bias, {channels});
      t.mean = FromVector(norm->mean, {channels});
      t.variance = FromVector(norm->variance, {channels});
    } else if (const auto* shift = layer.as<nn::Shift>()) {
      t.kernel = ShiftKernel(*shift);
    }
  }
}

Tensor Module::Apply(int index, const std::vector<Tensor>& values, bool training) const {
  const nn::Layer& layer = network_.layers[size_t(index)];
  const Tensors& t = tensors_[size_t(index)];
  const auto input = [&](int i) { return values[size_t(layer.inputs[size_t(i)])]; };
  const Tensor x = input(0);
  if (const auto* conv = layer.as<nn::Convolution>()) {
    const auto type = half_ && ComputesInHalf(*conv, x) ? at::kBFloat16 : at::kFloat;
    const Tensor y = Convolve(x.to(type), t.weight.to(type), t.bias.to(type), *conv);
    return half_ ? y.to(at::kBFloat16) : y;
  }
  if (layer.as<nn::Linear>()) {
    return at::linear(x.to(at::kFloat).flatten(1), t.weight, t.bias).unsqueeze(2).unsqueeze(3);
  }
  if (const auto* norm = layer.as<nn::BatchNorm>()) {
    const bool own = training && x.size(0) * x.size(2) * x.size(3) > 1;
    return at::batch_norm(x, t.weight, t.bias, t.mean, t.variance, own, running_share_, norm->epsilon, false);
  }
  if (const auto* clip = layer.as<nn::Clip>()) return Limit(x, *clip);
  if (layer.as<nn::Add>()) return x + input(1);
  if (const auto* pool = layer.as<nn::MaxPool>()) return MaximumOf(x.to(at::kFloat), pool->window);
  if (const auto* pool = layer.as<nn::AveragePool>()) return AverageOf(x.to(at::kFloat), *pool);
  if (layer.as<nn::GlobalAveragePool>()) return x.to(at::kFloat).mean({2, 3}, true);
  if (layer.as<nn::Flatten>()) return x.flatten(1).unsqueeze(2).unsqueeze(3);
  if (const auto* shift = layer.as<nn::Shift>()) return ShiftChannels(x.to(at::kFloat), t.kernel, *shift);
  if (const auto* sample = layer.as<nn::Subsample>()) {
    const int64_t end = std::numeric_limits<int64_t>::max();
    return x.slice(2, 0, end, sample->stride_h).slice(3, 0, end, sample->stride_w);
  }
  if (const auto* pad = layer.as<nn::PadChannels>()) {
    return at::constant_pad_nd(x, {0, 0, 0, 0, pad->before, pad->after}, 0);
  }
  if (layer.as<nn::Softmax>()) return at::softmax(x, 1);
  std::vector<Tensor> parts;  // Concat
  for (size_t i = 0; i < layer.inputs.size(); ++i) parts.push_back(input(int(i)));
  return at::cat(parts, 1);
}

std::vector<Tensor> Module::Run(int last, const Tensor& images, bool training, const Visit& visit, const Relu& relu) {
  std::vector<Tensor> values(network_.layers.size());
  for (int i = 0; i <= last; ++i) {
    const nn::Layer& layer = network_.layers[size_t(i)];
    Tensor& value = values[size_t(i)];
    const auto* clip = layer.as<nn::Clip>();
    if (relu && clip && clip->is_relu()) value = relu(i, values[size_t(layer.inputs[0])]);
    if (!value.defined()) value = layer.as<nn::Input>() ? images : Apply(i, values, training);
    if (rounding_) value = rounding_(i, value);
    if (visit) visit(i, value);
    for (const int input : layer.inputs) {
      if (last_use_[size_t(input)] == i) values[size_t(input)].reset();
    }
  }
  return values;
}

Tensor Module::Forward(const Tensor& images, bool training, const Visit& visit, const Relu& relu) {
  const int last = int(network_.layers.size()) - 1;
  return Run(last, images, training, visit, relu)[size_t(last)].to(at::kFloat);
}

Tensor Module::ValuesOf(int layer, const Tensor& images) {
  return Run(layer, images, /*training=*/false, {}, {})[size_t(layer)];
}

Tensor Module::Columns(int index, const Tensor& input) const {
  const auto* conv = network_.layers[size_t(index)].as<nn::Convolution>();
  if (conv == nullptr) return input.flatten(1).t().contiguous();
  const nn::Window& w = conv->window;
  const Tensor columns = at::im2col(Pad(input, w, 0).contiguous(), {w.kernel_h, w.kernel_w},
                                    {w.dilation_h, w.dilation_w}, {0, 0}, {w.stride_h, w.stride_w});
  return columns.permute({1, 0, 2}).flatten(1);
}

nn::Network Module::Export() const {
  nn::Network network = network_;
  for (size_t i = 0; i < network.layers.size(); ++i) {
    const Tensors& t = tensors_[i];
    if (auto* conv = network.layers[i].as<nn::Convolution>()) {
      ToVector(t.weight, conv->weight);
      ToVector(t.bias, conv->bias);
    } else if (auto* linear = network.layers[i].as<nn::Linear>()) {
      ToVector(t.weight, linear->weight);
      ToVector(t.bias, linear->bias);
    } else if (auto* norm = network.layers[i].as<nn::BatchNorm>()) {
      ToVector(t.weight, norm->scale);
      ToVector(t.bias, norm->bias);
      ToVector(t.mean, norm->mean);
      ToVector(t.variance, norm->variance);
    }
  }
  return network;
}

std::vector<Module::Parameter> Module::Parameters() {
  std::vector<Parameter> parameters;
  const auto add = [&](const nn::Layer& layer, std::string_view kind, Tensor& tensor, bool trained) {
    const bool weight_matrix = layer.is_matrix() && kind == "weight";
    if (tensor.defined())
      parameters.push_back({fmt::format("{}.{}", layer.name, kind), &tensor, trained, weight_matrix});
  };
  for (size_t i = 0; i < network_.layers.size(); ++i) {
    const nn::Layer& layer = network_.layers[i];
    add(layer, "weight", tensors_[i].weight, true);
    add(layer, "bias", tensors_[i].bias, true);
    add(layer, "mean", tensors_[i].mean, false);
    add(layer, "variance", tensors_[i].variance, false);
  }
  return parameters;
}

Tensor ImagesToTensor(std::span<const float> values, const nn::Shape& shape) {
  const auto count = int64_t(values.size()) / shape.size();
  Tensor images = at::empty({count, shape.channels, shape.height, shape.width}, at::kFloat);
  std::copy(values.begin(), values.end(), images.data_ptr<float>());
  return images.contiguous(at::MemoryFormat::ChannelsLast);
}

bool HasHalfPrecision() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw");
#else
  return false;
#endif
}

absl::Status Guarded(const std::function<absl::Status()>& body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("training: out of memory; use a smaller training.batch_size");
  } catch (const std::exception& error) {
    return absl::InternalError(fmt::format("training: {}", std::string_view(error.what()).substr(0, 200)));
  }
}

}  // namespace colonnade::training
