// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/compact/compact_run.h"

#include "server/executors/array_executor.h"
#include "server/executors/reference.h"
#include "server/quant/io.h"
#include "server/training/samples.h"
#include "tests/support/packed_network.h"
#include "tests/support/require.h"
#include "tests/support/shared_data.h"

namespace colonnade {
namespace {

constexpr char kNetwork[] = "resnet20_cifar10";

}  // namespace

std::vector<int32_t> ReferenceLogits(const std::shared_ptr<const array::ArrayProgram>& program,
                                     const std::vector<uint8_t>& image) {
  executors::Workspace workspace;
  return Require(executors::ReferenceExecutor(program).Run(image, workspace));
}

std::shared_ptr<const array::ArrayProgram> PackedResNet20(const std::filesystem::path& data) {
  const array::ArrayConfig config = Require(array::ParseArrayConfig("8x8a8-i1-w1-channel_block"));
  return CompileDesign(data, kNetwork, Design::kPacked, config.alpha, config);
}

std::vector<std::vector<uint8_t>> TestImages(const std::filesystem::path& data, const array::ArrayProgram& program,
                                             int count) {
  const quant::Tensor& input = program.tensors[0];
  const std::vector<float> values = training::Normalized(ReadTestImages(data, kNetwork, count), 0, count);
  std::vector<std::vector<uint8_t>> images(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) {
    images[i / static_cast<size_t>(input.shape.size())].push_back(quant::QuantizeInputValue(input, values[i]));
  }
  return images;
}

}  // namespace colonnade
