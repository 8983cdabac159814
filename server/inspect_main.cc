// SPDX-License-Identifier: Apache-2.0
// colonnade-inspect: examines one ONNX model, or converts one artifact to ONNX, under
// limits of its own.
//
//   colonnade-inspect MODEL.onnx   prints the verdict on each node and each filter
//                                  matrix; exit code 0 accepted, 3 refused,
//                                  2 wrong usage, 1 file not readable
//   colonnade-inspect              helper of the daemon: one ToInspect frame in, one
//                                  InspectReply or ConvertReply out, on descriptor 3
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <new>
#include <string>
#include <string_view>

#include "colonnade/worker/v1/worker.pb.h"
#include "server/base/frames.h"
#include "server/base/status.h"
#include "server/convert_artifact.h"
#include "server/model_report.h"
#include "server/onnx/import.h"
#include "server/onnx/limits.h"

namespace colonnade {
namespace {

constexpr int64_t kMemoryBytes = int64_t{256} << 20;
constexpr int64_t kCopiesOfAModel = 5;       // bytes, parsed, decoded, imported, folded
constexpr int64_t kCopiesOfAnArtifact = 40;  // up to 16 columns of a group unpacked, twice and checked
constexpr int kCpuSeconds = 10;
constexpr size_t kMaxReportBytes = kMaxFrameBytes - 65536;

enum ExitCode { kAccepted = 0, kFailed = 1, kUsage = 2, kRefused = 3 };

// Bytes of address space in use, mapped libraries included.
int64_t AddressSpace() {
  int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * ::sysconf(_SC_PAGESIZE);
}

absl::Status Limit(int resource, int64_t value) {
  const rlimit limit{rlim_t(value), rlim_t(value)};
  if (::setrlimit(resource, &limit) == 0) return absl::OkStatus();
  return absl::InternalError(fmt::format("setrlimit({}, {}) failed", resource, value));
}

absl::Status LimitResources(int64_t copies_bytes) {
  COLONNADE_RETURN_IF_ERROR(Limit(RLIMIT_CORE, 0));
  COLONNADE_RETURN_IF_ERROR(Limit(RLIMIT_CPU, kCpuSeconds));
  return Limit(RLIMIT_AS, AddressSpace() + kMemoryBytes + copies_bytes);
}

absl::StatusOr<int64_t> FileSize(const std::string& what, const std::string& path, int64_t most) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return absl::NotFoundError(fmt::format("{}: no such file", path));
  }
  if (info.st_size <= most) return info.st_size;
  return absl::ResourceExhaustedError(fmt::format("{}: {} bytes; at most {}", what, info.st_size, most));
}

absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t size) {
  std::string bytes(size, '\0');
  std::ifstream in(path, std::ios::binary);
  if (in.read(bytes.data(), size)) return bytes;
  return absl::NotFoundError(fmt::format("{}: cannot be read", path));
}

absl::Status Inspect(const std::string& path, v1::ModelReport& report) {
  COLONNADE_ASSIGN_OR_RETURN(const int64_t size, FileSize("model", path, onnx::kMaxModelBytes));
  COLONNADE_RETURN_IF_ERROR(LimitResources(kCopiesOfAModel * size));
  COLONNADE_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, size));
  onnx::Examination examination = onnx::ExamineOnnx(bytes);
  report = MakeReport(examination);
  if (report.ByteSizeLong() > kMaxReportBytes) {
    report.Clear();
    return absl::ResourceExhaustedError("model: the report on its nodes is too long; use shorter names");
  }
  return examination.status;
}

absl::Status InspectWithinLimits(const std::string& path, v1::ModelReport& report) {
  try {
    return Inspect(path, report);
  } catch (const std::bad_alloc&) {
    report.Clear();
    return absl::ResourceExhaustedError("model: examining it takes more memory than allowed");
  }
}

absl::Status Convert(const worker::v1::ConvertRequest& request) {
  COLONNADE_ASSIGN_OR_RETURN(const int64_t size,
                             FileSize("artifact", request.artifact_path(), artifact::kMaxArtifactBytes));
  COLONNADE_RETURN_IF_ERROR(LimitResources(kCopiesOfAnArtifact * size));
  return ConvertArtifact(request.artifact_path(), request.onnx_path());
}

absl::Status ConvertWithinLimits(const worker::v1::ConvertRequest& request) {
  try {
    return Convert(request);
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("artifact: converting it takes more memory than allowed");
  }
}

void Fill(const absl::Status& status, worker::v1::Outcome& outcome) {
  outcome.set_code(int(status.code()));
  outcome.set_message(std::string(Message(status)));
  outcome.set_field(FieldOf(status));
}

// The answer to a request, serialized.
std::string Answer(const worker::v1::ToInspect& request) {
  if (request.has_convert()) {
    worker::v1::ConvertReply reply;
    Fill(ConvertWithinLimits(request.convert()), *reply.mutable_outcome());
    return reply.SerializeAsString();
  }
  worker::v1::InspectReply reply;
  Fill(InspectWithinLimits(request.inspect().path(), *reply.mutable_report()), *reply.mutable_outcome());
  return reply.SerializeAsString();
}

ExitCode Serve() {
  worker::v1::ToInspect request;
  const absl::StatusOr<std::string> frame = ReadFrame(kHelperDescriptor);
  if (!frame.ok() || !request.ParseFromString(*frame) || request.message_case() == 0) {
    fmt::print(stderr, "usage: colonnade-inspect MODEL.onnx\n");
    return kUsage;
  }
  return WriteFrame(kHelperDescriptor, Answer(request)).ok() ? kAccepted : kFailed;
}

std::string_view Word(v1::NodeVerdict::Verdict verdict) {
  return onnx::ToString(onnx::Verdict(verdict - v1::NodeVerdict::PACKABLE));
}

void Print(const v1::ModelReport& report) {
  for (const v1::NodeVerdict& node : report.nodes()) {
    fmt::print("{:13}  {:18}  {}: {}{}{}\n", Word(node.verdict()), node.op_type(), node.name(), node.reason(),
               node.remedy().empty() ? "" : "; ", node.remedy());
  }
  if (!report.accepted()) return;
  fmt::print("\n{:>6} {:>8} {:>7} {:>9}  filter matrix\n", "rows", "columns", "pixels", "nonzeros");
  for (const v1::LayerReport& layer : report.layers()) {
    fmt::print("{:6} {:8} {:7} {:9}  {}{}\n", layer.rows(), layer.columns(), layer.pixels(), layer.nonzeros(),
               layer.name(), layer.depthwise() ? " (depthwise)" : "");
  }
  const v1::Shape& image = report.input_shape();
  fmt::print("\ninput '{}' {}x{}x{}, output '{}' of {} classes, {} multiply-accumulates, {} parameters\n",
             report.input_name(), image.channels(), image.height(), image.width(), report.output_name(),
             report.classes(), report.dense_macs(), report.parameters());
}

ExitCode Show(const std::string& path) {
  v1::ModelReport report;
  const absl::Status status = InspectWithinLimits(path, report);
  Print(report);
  if (status.ok()) return kAccepted;
  fmt::print(stderr, "{}\n", Message(status));
  return absl::IsNotFound(status) || absl::IsInternal(status) ? kFailed : kRefused;
}

}  // namespace
}  // namespace colonnade

int main(int argc, char** argv) {
  if (argc == 1) return colonnade::Serve();
  if (argc == 2 && argv[1][0] != '-') return colonnade::Show(argv[1]);
  fmt::print(stderr, "usage: colonnade-inspect MODEL.onnx\n");
  return colonnade::kUsage;
}
