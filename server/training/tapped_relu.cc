// SPDX-License-Identifier: Apache-2.0
// As separate operations, subtracting, squaring, averaging, and the gradients of each, read
// and write every activation a dozen times and take longer than the convolutions.
#include "server/training/tapped_relu.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <vector>

// Loops that the compiler vectorizes for what the processor has. Sums are kept in a fixed
// number of parts, so that their order does not depend on it.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COLONNADE_FOR_ALL_PROCESSORS __attribute__((target_clones("arch=skylake-avx512", "avx2", "default")))
#else
#define COLONNADE_FOR_ALL_PROCESSORS
#endif

namespace colonnade::training {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kParts = 64;
constexpr int64_t kGrain = 1 << 15;  // values per task

struct Sums {
  double difference = 0, target = 0;  // of squares
};

inline float Load(float value) { return value; }
inline float Load(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }
inline void Store(float value, float& to) { to = value; }
inline void Store(float value, uint16_t& to) {  // to the nearest, halves to even
  const auto bits = std::bit_cast<uint32_t>(value);
  to = uint16_t((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

template <typename T>
inline __attribute__((always_inline)) Sums ForwardLoop(const T* x, const T* target, T* y, int64_t count) {
  float difference[kParts] = {}, energy[kParts] = {};
  int64_t i = 0;
  for (; i + kParts <= count; i += kParts) {
    for (int64_t k = 0; k < kParts; ++k) {
      const float value = std::max(Load(x[i + k]), 0.0f), wanted = Load(target[i + k]);
      Store(value, y[i + k]);
      difference[k] += (value - wanted) * (value - wanted);
      energy[k] += wanted * wanted;
    }
  }
  for (; i < count; ++i) {
    const float value = std::max(Load(x[i]), 0.0f), wanted = Load(target[i]);
    Store(value, y[i]);
    difference[i % kParts] += (value - wanted) * (value - wanted);
    energy[i % kParts] += wanted * wanted;
  }
  Sums sums;
  for (int64_t k = 0; k < kParts; ++k) {
    sums.difference += difference[k];
    sums.target += energy[k];
  }
  return sums;
}

// What the ReLU let through, without a branch: half of the values are positive, and none foretells the next.
inline float Where(bool positive, float value) {
  return std::bit_cast<float>(std::bit_cast<uint32_t>(value) & (0 - uint32_t{positive}));
}

template <typename T>
inline __attribute__((always_inline)) void BackwardLoop(const T* __restrict y, const T* __restrict target,
                                                        const T* __restrict gradient, float scale, T* __restrict out,
                                                        int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const float value = Load(y[i]);
    Store(Where(value > 0, Load(gradient[i]) + scale * (value - Load(target[i]))), out[i]);
  }
}

COLONNADE_FOR_ALL_PROCESSORS Sums ForwardFloat(const float* x, const float* target, float* y, int64_t count) {
  return ForwardLoop(x, target, y, count);
}
COLONNADE_FOR_ALL_PROCESSORS Sums ForwardHalf(const uint16_t* x, const uint16_t* target, uint16_t* y, int64_t count) {
  return ForwardLoop(x, target, y, count);
}
COLONNADE_FOR_ALL_PROCESSORS void BackwardFloat(const float* y, const float* target, const float* gradient, float scale,
                                                float* out, int64_t count) {
  BackwardLoop(y, target, gradient, scale, out, count);
}
COLONNADE_FOR_ALL_PROCESSORS void BackwardHalf(const uint16_t* y, const uint16_t* target, const uint16_t* gradient,
                                               float scale, uint16_t* out, int64_t count) {
  BackwardLoop(y, target, gradient, scale, out, count);
}

bool IsHalf(const Tensor& tensor) { return tensor.scalar_type() == at::kBFloat16; }

template <typename T>
T* Data(const Tensor& tensor) {
  return static_cast<T*>(tensor.data_ptr());
}

Sums Forward(const Tensor& x, const Tensor& target, const Tensor& y) {
  const int64_t count = x.numel(), tasks = (count + kGrain - 1) / kGrain;
  std::vector<Sums> parts(size_t(tasks), Sums{});
  at::parallel_for(0, tasks, 1, [&](int64_t first, int64_t last) {
    for (int64_t task = first; task < last; ++task) {
      const int64_t begin = task * kGrain, size = std::min(kGrain, count - begin);
      parts[size_t(task)] = IsHalf(x) ? ForwardHalf(Data<uint16_t>(x) + begin, Data<uint16_t>(target) + begin,
                                                    Data<uint16_t>(y) + begin, size)
                                      : ForwardFloat(Data<float>(x) + begin, Data<float>(target) + begin,
                                                     Data<float>(y) + begin, size);
    }
  });
  Sums sums;
  for (const Sums& part : parts) sums = {sums.difference + part.difference, sums.target + part.target};
  return sums;
}

void Backward(const Tensor& y, const Tensor& target, const Tensor& gradient, float scale, const Tensor& out) {
  at::parallel_for(0, y.numel(), kGrain, [&](int64_t begin, int64_t end) {
    if (IsHalf(y)) {
      BackwardHalf(Data<uint16_t>(y) + begin, Data<uint16_t>(target) + begin, Data<uint16_t>(gradient) + begin, scale,
                   Data<uint16_t>(out) + begin, end - begin);
    } else {
      BackwardFloat(Data<float>(y) + begin, Data<float>(target) + begin, Data<float>(gradient) + begin, scale,
                    Data<float>(out) + begin, end - begin);
    }
  });
}

// In the memory order that all tensors of an image are kept in.
Tensor Ordered(const Tensor& tensor) { return tensor.contiguous(at::MemoryFormat::ChannelsLast); }

struct Operation : torch::autograd::Function<Operation> {
  static variable_list forward(AutogradContext* context, const Tensor& x, const Tensor& target) {
    const Tensor input = Ordered(x), wanted = Ordered(target.to(x.scalar_type()));
    const Tensor y = at::empty_like(input);
    const Sums sums = Forward(input, wanted, y);
    const double energy = std::max(sums.target, kLeastEnergy * double(x.numel()));
    context->save_for_backward({y, wanted});
    context->saved_data["energy"] = energy;
    return {y, at::scalar_tensor(sums.difference / energy)};
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor& y = saved[0];
    const Tensor gradient = gradients[0].defined() ? Ordered(gradients[0].to(y.scalar_type())) : at::zeros_like(y);
    const double loss = gradients[1].defined() ? gradients[1].item<double>() : 0;
    const Tensor out = at::empty_like(y);
    Backward(y, saved[1], gradient, float(2 * loss / context->saved_data["energy"].toDouble()), out);
    return {out, Tensor()};
  }
};

}  // namespace

std::pair<Tensor, Tensor> TappedRelu(const Tensor& x, const Tensor& target) {
  const variable_list results = Operation::apply(x, target);
  return {results[0], results[1]};
}

}  // namespace colonnade::training
