// SPDX-License-Identifier: Apache-2.0
// Every test image through every executor: the reference, the kernels with each instruction
// set, and the simulated array with all its registers must give the same results, and the
// simulated array must count the cycles that the program says.
//
//   COLONNADE_DATA=... verify_images [--images N] [--alpha 8] [NETWORK...]
//
// A line per network; exits with 1 on the first difference, with 77 without COLONNADE_DATA.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "server/executors/kernels.h"
#include "server/executors/planes_executor.h"
#include "server/executors/reference.h"
#include "server/pipeline/integer_network.h"
#include "tests/support/packed_network.h"
#include "tests/support/require.h"
#include "tests/support/shared_data.h"

namespace colonnade {
namespace {

using executors::ArrayExecutor;
using executors::InstructionSet;

constexpr int kSkipped = 77;

struct Named {
  std::string name;
  std::unique_ptr<ArrayExecutor> executor;
  executors::Workspace workspace;
};

std::vector<Named> ExecutorsOf(const std::shared_ptr<const array::ArrayProgram>& program) {
  std::vector<Named> all;
  all.push_back({"planes", std::make_unique<executors::PlanesExecutor>(program), {}});
  for (const InstructionSet set : {InstructionSet::kPortable, InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    if (!IsSupported(set)) continue;
    all.push_back({fmt::format("kernels_{}", ToString(set)),
                   std::make_unique<executors::KernelsExecutor>(program, set), {}});
  }
  return all;
}

array::Cycles Counted(const executors::Workspace& workspace) {
  array::Cycles sum;
  for (const auto& step : workspace.counted_cycles) {
    for (const array::Cycles& tile : step) sum += tile;
  }
  return sum;
}

bool Verify(const std::filesystem::path& data, const std::string& name, int alpha, int64_t limit) {
  const auto program = CompileDesign(data, name, Design::kPacked, alpha, {});
  const training::Samples samples = ReadTestImages(data, name, limit);
  const executors::ReferenceExecutor reference(program);
  std::vector<Named> others = ExecutorsOf(program);
  executors::Workspace workspace;
  for (int64_t i = 0; i < samples.size(); ++i) {
    const auto image = Require(pipeline::QuantizedImages(program->tensors.front(), samples, i, 1));
    const std::vector<int32_t> expected = Require(reference.Run(image, workspace));
    for (Named& other : others) {
      if (Require(other.executor->Run(image, other.workspace)) == expected) continue;
      fmt::print("{}: image {}: {} differs from the reference\n", name, i, other.name);
      return false;
    }
    if (Counted(others.front().workspace) == program->cycles) continue;
    fmt::print("{}: image {}: counted cycles differ from the program's\n", name, i);
    return false;
  }
  fmt::print("{}: {} images, {} executors beside the reference, {} cycles each: equal\n", name, samples.size(),
             others.size(), program->cycles.total());
  return true;
}

}  // namespace
}  // namespace colonnade

int main(int argc, char** argv) {
  int alpha = 8;
  int64_t images = 100'000;
  std::vector<std::string> networks = {"lenet5_mnist", "lenet5_shift_mnist", "resnet20_cifar10", "shiftnet_cifar10"};
  CLI::App app("Compares all executors on all test images");
  app.add_option("--images", images, "of each network, at most");
  app.add_option("--alpha", alpha, "columns of a group");
  app.add_option("networks", networks, "models/NAME.onnx of COLONNADE_DATA");
  CLI11_PARSE(app, argc, argv);
  const auto data = colonnade::SharedData();
  if (!data) {
    fmt::print(stderr, "verify_images: COLONNADE_DATA is not set\n");
    return colonnade::kSkipped;
  }
  for (const std::string& network : networks) {
    if (!colonnade::Verify(*data, network, alpha, images)) return 1;
  }
  return 0;
}
