// SPDX-License-Identifier: Apache-2.0
// Damaged and forged artifact files: whatever the bytes are, the answer is a reason, or an
// artifact that is safe to run.
#include <gmock/gmock.h>
#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "server/artifact/file.h"
#include "server/artifact/proto_codec.h"
#include "server/artifact/self_test.h"
#include "server/base/status.h"
#include "server/executors/array_executor.h"
#include "tests/support/artifact_file.h"
#include "tests/support/sample_artifact.h"

namespace colonnade::artifact {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr size_t kMagicEnd = 8, kVersionEnd = 12, kLengthEnd = 20, kLeastBytes = 52;

// Of a file that must be refused as damaged.
std::string ReasonAgainst(std::string_view file) {
  const absl::Status status = Decode(file).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  return std::string(Message(status));
}

// Of a forged file: its payload is changed, its digest is right.
std::string ReasonAgainstForgery(const std::function<void(pb::Artifact&)>& forge, uint64_t seed = 1) {
  pb::Artifact proto = ToProto(SampleArtifact(seed, "sample", 1));
  forge(proto);
  return ReasonAgainst(SealArtifact(proto.SerializeAsString()));
}

std::string SmallFile() { return Encode(SmallSampleArtifact()).value(); }

// What a flipped byte at `offset` does.
std::string ReasonAt(size_t offset) {
  if (offset < kMagicEnd) return "not an artifact file";
  if (offset >= kVersionEnd && offset < kLengthEnd) return "the artifact is cut off or extended: its payload holds ";
  return "the artifact is damaged: its SHA-256 does not match";
}

TEST(Damage, TheFrameIsTheDocumentedOne) {
  const std::string file = SmallFile();
  EXPECT_EQ(SealArtifact(PayloadOf(file)), file);
  EXPECT_TRUE(Decode(file).ok());
}

TEST(Damage, EveryFlippedByteIsRefusedWithTheReason) {
  const std::string file = SmallFile();
  for (size_t i = 0; i < file.size(); ++i) {
    for (const int bits : {0x01, 0x80, 0xff}) {
      SCOPED_TRACE(i);
      std::string damaged = file;
      damaged[i] = char(damaged[i] ^ bits);
      ASSERT_THAT(ReasonAgainst(damaged), StartsWith(ReasonAt(i)));
    }
  }
}

TEST(Damage, EveryTruncationIsRefusedWithTheReason) {
  const std::string file = SmallFile();
  for (size_t size = 0; size < file.size(); ++size) {
    SCOPED_TRACE(size);
    const std::string reason = size < kLeastBytes ? "the artifact is cut off: " + std::to_string(size) + " bytes"
                                                  : "the artifact is cut off or extended: its payload holds " +
                                                        std::to_string(size - kLeastBytes) + " bytes of ";
    ASSERT_THAT(ReasonAgainst(file.substr(0, size)), StartsWith(reason));
  }
}

TEST(Damage, ExtensionsAreRefusedWithTheReason) {
  EXPECT_THAT(ReasonAgainst(SmallFile() + '\0'), StartsWith("the artifact is cut off or extended"));
}

TEST(Damage, APayloadCutOffAnywhereIsRefused) {
  const google::protobuf::LogSilencer quiet;
  const std::string payload = PayloadOf(SmallFile());
  for (size_t size = 0; size < payload.size(); ++size) {
    const std::string reason = ReasonAgainst(SealArtifact(payload.substr(0, size)));
    ASSERT_THAT(reason,
                testing::AnyOf("the artifact's payload cannot be parsed", StartsWith("the artifact is invalid: ")))
        << size;
  }
}

TEST(Damage, ANewerFormatIsNamed) {
  const std::string file = SealArtifact(PayloadOf(SmallFile()), /*version=*/2);
  const absl::Status status = Decode(file).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Message(status), "artifact format 2 is not known to this build, which reads format 1");
}

// A valid digest does not make contents valid. What passes runs, and a result other than
// the recorded one is noticed.
TEST(Damage, ForgedBytesAreRefusedOrHarmless) {
  const google::protobuf::LogSilencer quiet;  // of text that is no longer UTF-8
  const std::string payload = PayloadOf(SmallFile());
  int passed = 0;
  for (size_t i = 0; i < payload.size(); ++i) {
    for (const int bits : {0x01, 0x04, 0x80}) {
      std::string forged = payload;
      forged[i] = char(forged[i] ^ bits);
      const auto artifact = Decode(SealArtifact(forged));
      if (!artifact.ok()) {
        EXPECT_EQ(artifact.status().code(), absl::StatusCode::kDataLoss);
        continue;
      }
      ++passed;
      const auto kernels = executors::MakeExecutor("kernels", artifact->program).value();
      executors::Workspace workspace;
      const auto run = [&](std::span<const uint8_t> image) { return kernels->Run(image, workspace); };
      const absl::Status ran = RunSelfTests(*artifact, run);
      EXPECT_TRUE(ran.ok() || ran.code() == absl::StatusCode::kDataLoss) << ran;
    }
  }
  EXPECT_GT(passed, 0);
}

// Each field in turn, in the program and not in the manifest.
TEST(Damage, AnotherArrayIsRefusedWithBothConfigurations) {
  const std::function<void(pb::ArrayConfig&)> changes[] = {
      [](auto& config) { config.set_rows(config.rows() + 1); },
      [](auto& config) { config.set_columns(config.columns() + 1); },
      [](auto& config) { config.set_alpha(config.alpha() + 1); },
      [](auto& config) { config.set_interleave(config.interleave() == 4 ? 1 : 4); },
      [](auto& config) { config.set_weight_buffers(3 - config.weight_buffers()); },
      [](auto& config) { config.set_feed_rule(config.feed_rule() == "any" ? "same_row" : "any"); },
      [](auto& config) { config.set_activation_bytes(config.activation_bytes() + 1); },
      [](auto& config) { config.set_weight_bytes(config.weight_bytes() + 1); }};
  for (const auto& change : changes) {
    std::string recorded, found;
    const std::string reason = ReasonAgainstForgery([&](pb::Artifact& proto) {
      recorded = proto.manifest().array() + "' with digest " + proto.manifest().array_digest();
      change(*proto.mutable_program()->mutable_config());
      const array::ArrayConfig config = FromProto(proto.program()).value().config;
      found = array::Name(config) + "' with digest " + array::Digest(config);
    });
    EXPECT_NE(recorded, found);
    EXPECT_THAT(reason, AllOf(HasSubstr("manifest.array: '" + recorded), HasSubstr("made for '" + found)));
  }
}

TEST(Damage, AnotherArraysNameOrDigestIsRefused) {
  EXPECT_THAT(ReasonAgainstForgery([](auto& proto) { proto.mutable_manifest()->set_array("9x9a9"); }),
              HasSubstr("manifest.array: '9x9a9' with digest"));
  EXPECT_THAT(ReasonAgainstForgery([](auto& proto) { proto.mutable_manifest()->set_array_digest("0123456789abcdef"); }),
              HasSubstr("digest 0123456789abcdef; the program is made for"));
}

TEST(Damage, FewBytesCannotClaimMuchMemory) {
  const std::string reason = ReasonAgainstForgery([](pb::Artifact& proto) {
    for (pb::Step& step : *proto.mutable_program()->mutable_steps()) {
      if (step.has_matrix()) step.mutable_matrix()->mutable_window()->set_kernel_h(1 << 30);
    }
  });
  EXPECT_THAT(reason, HasSubstr("at most 16777216 columns"));
}

}  // namespace
}  // namespace colonnade::artifact
