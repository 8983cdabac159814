// SPDX-License-Identifier: Apache-2.0
#include "server/artifact/artifact.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "server/base/names.h"
#include "server/base/status.h"

namespace colonnade::artifact {
namespace {

constexpr size_t kMaxText = size_t{1} << 20;  // bytes of one string
constexpr size_t kMaxSelfTests = 64;

absl::Status CheckText(std::string_view field, std::string_view text) {
  if (text.size() <= kMaxText) return absl::OkStatus();
  return InvalidField(field, fmt::format("{} bytes; at most {}", text.size(), kMaxText));
}

absl::Status CheckNormalization(const Manifest& manifest, int channels) {
  const auto& [mean, deviation] = manifest.normalization;
  if (mean.empty() && deviation.empty() && manifest.input_type == InputType::kFp32) return absl::OkStatus();
  if (mean.size() != size_t(channels) || deviation.size() != size_t(channels)) {
    return InvalidField("manifest.normalization",
                        fmt::format("{} means and {} deviations; the input has {} channels", mean.size(),
                                    deviation.size(), channels));
  }
  const bool fits =
      std::all_of(mean.begin(), mean.end(), [](double v) { return std::isfinite(v); }) &&
      std::all_of(deviation.begin(), deviation.end(), [](double v) { return std::isfinite(v) && v > 0; });
  if (fits) return absl::OkStatus();
  return InvalidField("manifest.normalization", "means must be finite, deviations finite and positive");
}

absl::Status CheckManifest(const Manifest& manifest, const array::ArrayProgram& program) {
  COLONNADE_RETURN_IF_ERROR(CheckName("manifest.name", manifest.name));
  COLONNADE_RETURN_IF_ERROR(CheckName("manifest.tenant", manifest.tenant));
  COLONNADE_RETURN_IF_ERROR(CheckName("manifest.model", manifest.model));
  COLONNADE_RETURN_IF_ERROR(CheckName("manifest.job", manifest.job));
  if (manifest.version < 1) {
    return InvalidField("manifest.version", fmt::format("{}; must be at least 1", manifest.version));
  }
  COLONNADE_RETURN_IF_ERROR(CheckText("manifest.recipe_json", manifest.recipe_json));
  for (const std::string& label : manifest.labels)
    COLONNADE_RETURN_IF_ERROR(CheckText("manifest.labels", label));
  const int64_t classes = program.tensors.back().shape.size();
  if (!manifest.labels.empty() && static_cast<int64_t>(manifest.labels.size()) != classes) {
    return InvalidField("manifest.labels", fmt::format("{} labels; the program has {} outputs",
                                                       manifest.labels.size(), classes));
  }
  return CheckNormalization(manifest, program.tensors.front().shape.channels);
}

absl::Status CheckShare(std::string_view field, double value) {
  if (value >= 0 && value <= 1) return absl::OkStatus();
  return InvalidField(field, fmt::format("{}; must be 0 to 1", value));
}

absl::Status CheckReport(const Report& report, const array::ArrayProgram& program) {
  COLONNADE_RETURN_IF_ERROR(CheckShare("report.dense_accuracy", report.dense_accuracy));
  COLONNADE_RETURN_IF_ERROR(CheckShare("report.packed_accuracy", report.packed_accuracy));
  COLONNADE_RETURN_IF_ERROR(CheckShare("report.quantized_accuracy", report.quantized_accuracy));
  COLONNADE_RETURN_IF_ERROR(CheckShare("report.packing_efficiency", report.packing_efficiency));
  COLONNADE_RETURN_IF_ERROR(CheckShare("report.packing_efficiency_tiled", report.packing_efficiency_tiled));
  if (report.accuracy_source != "evaluation" && report.accuracy_source != "held_out") {
    return InvalidField("report.accuracy_source",
                        fmt::format("'{}'; must be evaluation or held_out", report.accuracy_source));
  }
  const Size size = SizeOnArray(program);
  if (report.packed.columns != size.columns || report.packed.tiles != size.tiles ||
      report.packed.cycles != size.cycles) {
    return InvalidField("report.packed", fmt::format("not the program's {} columns, {} tiles and {} cycles",
                                                     size.columns, size.tiles, size.cycles));
  }
  return CheckText("report.report_json", report.report_json);
}

absl::Status CheckSelfTests(const Artifact& artifact) {
  if (artifact.self_tests.empty() || artifact.self_tests.size() > kMaxSelfTests) {
    return InvalidField("self_tests",
                        fmt::format("{}; must be 1 to {}", artifact.self_tests.size(), kMaxSelfTests));
  }
  const int64_t results = artifact.program->tensors.back().shape.size();
  for (const SelfTest& test : artifact.self_tests) {
    if (static_cast<int64_t>(test.expected.size()) != results) {
      return InvalidField("self_tests", fmt::format("{} expected values; the program has {} outputs",
                                                    test.expected.size(), results));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view ToString(InputType type) { return type == InputType::kUint8 ? "UINT8" : "FP32"; }

Size SizeOnArray(const array::ArrayProgram& program) {
  const array::ProgramSize size = array::SizeOf(program);
  return {size.columns, size.tiles, program.cycles.total(), size.weight_bytes};
}

absl::Status Check(const Artifact& artifact) {
  if (artifact.program == nullptr) return InvalidField("program", "missing");
  const absl::Status program = array::Check(*artifact.program);
  if (!program.ok()) return Annotate(program, "program");
  COLONNADE_RETURN_IF_ERROR(CheckManifest(artifact.manifest, *artifact.program));
  COLONNADE_RETURN_IF_ERROR(CheckReport(artifact.report, *artifact.program));
  return CheckSelfTests(artifact);
}

}  // namespace colonnade::artifact
