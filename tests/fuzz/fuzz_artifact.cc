// SPDX-License-Identifier: Apache-2.0
// The reader of artifacts. An input is the payload of a file whose frame is right, since no
// mutation finds a SHA-256; and, as it is, a whole file.
//
// Whatever the input, the reader answers with a reason or with an artifact that passes
// Check(), has a stored form that reads back as itself, and runs: reference and kernels give
// the same result.
#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>

#include <cstdlib>
#include <variant>

#include "server/artifact/file.h"
#include "server/artifact/self_test.h"
#include "server/base/status.h"
#include "server/executors/lockstep.h"
#include "tests/fuzz/target.h"
#include "tests/support/artifact_file.h"
#include "tests/support/sample_artifact.h"

namespace colonnade::fuzz {
namespace {

constexpr int64_t kMostProducts = 20'000'000;  // of a program that is also run
constexpr uint64_t kSeeds = 12;

void Require(bool holds, std::string_view what) {
  if (holds) return;
  fmt::print(stderr, "fuzz_artifact: {}\n", what);
  std::abort();
}

// Weights times pixels.
int64_t Products(const array::ArrayProgram& program) {
  int64_t products = 0;
  for (size_t i = 0; i < program.steps.size(); ++i) {
    const auto* matrix = std::get_if<array::MatrixStep>(&program.steps[i].operation);
    if (matrix == nullptr) continue;
    const nn::Shape& output = program.tensors[i + 1].shape;
    products += int64_t(matrix->matrix.column_sites.size()) * output.size();
  }
  return products;
}

void RunBoth(const std::shared_ptr<const array::ArrayProgram>& program) {
  const auto image = artifact::SelfTestImage(1, program->tensors.front().shape.size());
  const auto divergence = executors::FirstDivergence(program, image);
  Require(divergence.ok(), divergence.status().ToString());
  if (*divergence) Require(false, executors::ToString(**divergence));
}

bool AcceptsFile(std::string_view file) {
  const auto read = artifact::Decode(file);
  if (!read.ok()) {
    const absl::StatusCode code = read.status().code();
    Require(code == absl::StatusCode::kDataLoss || code == absl::StatusCode::kFailedPrecondition,
            "refused with another code");
    Require(!Message(read.status()).empty(), "refused without a reason");
    return false;
  }
  Require(artifact::Check(*read).ok(), "what was read does not pass Check()");
  const auto stored = artifact::Encode(*read);
  Require(stored.ok(), stored.status().ToString());
  const auto again = artifact::Decode(*stored);
  Require(again.ok() && artifact::Encode(*again).value() == *stored, "the stored form does not read back as itself");
  if (Products(*read->program) <= kMostProducts) RunBoth(read->program);
  return true;
}

}  // namespace

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds = {PayloadOf(artifact::Encode(SmallSampleArtifact()).value())};
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    seeds.push_back(PayloadOf(artifact::Encode(SampleArtifact(seed, "sample", 1)).value()));
  }
  return seeds;
}

bool Accepts(std::string_view input) {
  const google::protobuf::LogSilencer quiet;  // of text that is no UTF-8
  return AcceptsFile(SealArtifact(input)) || AcceptsFile(input);
}

}  // namespace colonnade::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  colonnade::fuzz::Accepts({reinterpret_cast<const char*>(data), size});
  return 0;
}
