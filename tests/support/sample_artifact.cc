// SPDX-License-Identifier: Apache-2.0
#include "tests/support/sample_artifact.h"

#include <utility>

#include "server/artifact/self_test.h"
#include "server/compiler/compile.h"
#include "server/executors/array_executor.h"
#include "tests/support/random_packed.h"

namespace colonnade {

artifact::Artifact ArtifactOf(std::shared_ptr<const array::ArrayProgram> program, const std::string& name,
                              int64_t version, artifact::InputType input_type, std::string_view executor) {
  artifact::Artifact artifact;
  artifact.program = std::move(program);
  artifact.manifest.name = name;
  artifact.manifest.version = version;
  artifact.manifest.tenant = "default";
  artifact.manifest.job = "job-0123456789abcdef";
  artifact.manifest.model = "sample";
  artifact.manifest.create_time = 1700000000;
  artifact.manifest.input_type = input_type;
  const size_t channels = size_t(artifact.program->tensors[0].shape.channels);
  artifact.manifest.normalization = {std::vector<double>(channels, 0.5), std::vector<double>(channels, 0.25)};
  artifact.manifest.recipe_json = "{}";
  artifact.manifest.executors = {"reference", "kernels"};
  artifact.report.accuracy_source = "held_out";
  artifact.report.images_evaluated = 1;
  artifact.report.packed = artifact::SizeOnArray(*artifact.program);
  artifact.report.dense = artifact.report.packed;
  artifact.report.report_json = "{}";
  const auto runner = executors::MakeExecutor(executor, artifact.program).value();
  executors::Workspace workspace;
  const auto run = [&](std::span<const uint8_t> image) { return runner->Run(image, workspace); };
  artifact.self_tests = artifact::MakeSelfTests(*artifact.program, 7, 1, run).value();
  return artifact;
}

artifact::Artifact SampleArtifact(uint64_t seed, const std::string& name, int64_t version,
                                  artifact::InputType input_type) {
  const RandomPacked random = RandomPackedNetwork(seed);
  auto program = compiler::Compile(random.network, random.groupings, random.config).value();
  return ArtifactOf(std::make_shared<const array::ArrayProgram>(std::move(program)), name, version, input_type,
                    "reference");
}

}  // namespace colonnade
