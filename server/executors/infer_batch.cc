// SPDX-License-Identifier: Apache-2.0
#include "server/executors/infer_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "server/base/status.h"

namespace colonnade::executors {
namespace {

// Takes the next image until none is left or one failed.
absl::Status Work(const ArrayExecutor& executor, std::span<const uint8_t> images, std::atomic<int64_t>& next,
                  std::atomic<bool>& failed, std::span<int32_t> results) {
  const int64_t image_size = executor.program().tensors.front().shape.size();
  const int64_t result_size = executor.program().tensors.back().shape.size();
  const auto count = static_cast<int64_t>(images.size()) / image_size;
  Workspace workspace;
  for (int64_t i = next++; i < count && !failed; i = next++) {
    const absl::Status status = executor.RunInto(images.subspan(i * image_size, image_size), workspace,
                                                 results.subspan(i * result_size, result_size));
    if (!status.ok()) {
      failed = true;
      return Annotate(status, fmt::format("image {}", i));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<int32_t>> InferBatch(const ArrayExecutor& executor,
                                                std::span<const uint8_t> images, int threads) {
  const int64_t image_size = executor.program().tensors.front().shape.size();
  const auto count = static_cast<int64_t>(images.size()) / image_size;
  if (static_cast<int64_t>(images.size()) != count * image_size) {
    return absl::InvalidArgumentError(
        fmt::format("{} values are no whole number of images of {} values", images.size(), image_size));
  }
  if (threads < 1) threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  std::vector<int32_t> results(count * executor.program().tensors.back().shape.size());
  std::vector<absl::Status> statuses(std::clamp<int64_t>(count, 1, threads));
  std::atomic<int64_t> next = 0;
  std::atomic<bool> failed = false;
  {
    std::vector<std::jthread> workers;
    for (size_t i = 1; i < statuses.size(); ++i) {
      workers.emplace_back([&, i] { statuses[i] = Work(executor, images, next, failed, results); });
    }
    statuses[0] = Work(executor, images, next, failed, results);
  }
  for (const absl::Status& status : statuses) COLONNADE_RETURN_IF_ERROR(status);
  return results;
}

}  // namespace colonnade::executors
