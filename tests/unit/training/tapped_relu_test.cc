// SPDX-License-Identifier: Apache-2.0
#include "server/training/tapped_relu.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <tuple>

namespace colonnade::training {
namespace {

at::Tensor Ramp(at::IntArrayRef sizes, double from, double to) {
  int64_t count = 1;
  for (const int64_t size : sizes) count *= size;
  return at::linspace(from, to, count).view(sizes).contiguous(at::MemoryFormat::ChannelsLast);
}

struct Results {
  at::Tensor values, loss, gradient;
};

Results Compute(bool tapped, at::ScalarType type) {
  at::Tensor x = Ramp({3, 5, 7, 11}, -2, 1).to(type);  // 1,155 values: no multiple of a vector
  const at::Tensor target = Ramp({3, 5, 7, 11}, 1, -0.5).to(type);
  const at::Tensor weights = Ramp({3, 5, 7, 11}, 0, 1);
  x.set_requires_grad(true);
  Results results;
  if (tapped) {
    std::tie(results.values, results.loss) = TappedRelu(x, target);
  } else {
    results.values = at::relu(x);
    const at::Tensor wide = target.to(at::kFloat);
    results.loss = (results.values.to(at::kFloat) - wide).square().sum() / wide.square().sum();
  }
  ((results.values.to(at::kFloat) * weights).sum() + 300 * results.loss).backward();
  results.gradient = x.grad().to(at::kFloat);
  return results;
}

TEST(TappedRelu, IsWhatTheSeparateOperationsGive) {
  const Results fused = Compute(true, at::kFloat), separate = Compute(false, at::kFloat);
  EXPECT_TRUE(at::equal(fused.values, separate.values));
  EXPECT_NEAR(fused.loss.item<double>(), separate.loss.item<double>(), 1e-5);
  EXPECT_TRUE(at::allclose(fused.gradient, separate.gradient, 1e-4, 1e-5));
}

TEST(TappedRelu, TakesBfloat16) {
  const Results fused = Compute(true, at::kBFloat16), separate = Compute(false, at::kBFloat16);
  EXPECT_TRUE(at::equal(fused.values, separate.values));
  EXPECT_NEAR(fused.loss.item<double>(), separate.loss.item<double>(), 1e-3);
  EXPECT_TRUE(at::allclose(fused.gradient, separate.gradient, 0.02, 0.02));
}

}  // namespace
}  // namespace colonnade::training
