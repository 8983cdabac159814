// SPDX-License-Identifier: Apache-2.0
// colonnade-inspect: examines one ONNX model under limits of its own.
//
//   colonnade-inspect MODEL.onnx   prints the verdict on each node and each filter
//                                  matrix; exit code 0 accepted, 3 refused,
//                                  2 wrong usage, 1 file not readable
//   colonnade-inspect              helper of the daemon: one InspectRequest frame
//                                  in, one InspectReply frame out, on descriptor 3
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
#include "server/model_report.h"
#include "server/onnx/import.h"
#include "server/onnx/limits.h"

namespace colonnade {
namespace {

constexpr int64_t kMemoryBytes = int64_t{256} << 20;
constexpr int64_t kCopiesOfTheFile = 5;  // bytes, parsed, decoded, imported, folded
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

absl::Status LimitResources(int64_t file_bytes) {
  COLONNADE_RETURN_IF_ERROR(Limit(RLIMIT_CORE, 0));
  COLONNADE_RETURN_IF_ERROR(Limit(RLIMIT_CPU, kCpuSeconds));
  return Limit(RLIMIT_AS, AddressSpace() + kMemoryBytes + kCopiesOfTheFile * file_bytes);
}

absl::StatusOr<int64_t> FileSize(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return absl::NotFoundError(fmt::format("{}: no such file", path));
  }
  if (info.st_size <= onnx::kMaxModelBytes) return info.st_size;
  return absl::ResourceExhaustedError(
      fmt::format("model: {} bytes; at most {}", info.st_size, onnx::kMaxModelBytes));
}

absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t size) {
  std::string bytes(size, '\0');
  std::ifstream in(path, std::ios::binary);
  if (in.read(bytes.data(), size)) return bytes;
  return absl::NotFoundError(fmt::format("{}: cannot be read", path));
}

absl::Status Inspect(const std::string& path, v1::ModelReport& report) {
  COLONNADE_ASSIGN_OR_RETURN(const int64_t size, FileSize(path));
  COLONNADE_RETURN_IF_ERROR(LimitResources(size));
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

ExitCode Serve() {
  worker::v1::InspectRequest request;
  const absl::StatusOr<std::string> frame = ReadFrame(kHelperDescriptor);
  if (!frame.ok() || !request.ParseFromString(*frame)) {
    fmt::print(stderr, "usage: colonnade-inspect MODEL.onnx\n");
    return kUsage;
  }
  worker::v1::InspectReply reply;
  const absl::Status status = InspectWithinLimits(request.path(), *reply.mutable_report());
  reply.mutable_outcome()->set_code(int(status.code()));
  reply.mutable_outcome()->set_message(std::string(Message(status)));
  reply.mutable_outcome()->set_field(FieldOf(status));
  return WriteFrame(kHelperDescriptor, reply.SerializeAsString()).ok() ? kAccepted : kFailed;
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
