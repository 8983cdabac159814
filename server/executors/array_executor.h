// SPDX-License-Identifier: Apache-2.0
// What runs an ArrayProgram. All executors give the same integers for the same
// input, bit for bit; they differ in speed and in what they are made of.
//
//   auto executor = MakeExecutor("kernels", program);   // once, StatusOr
//   Workspace workspace;                                // one per thread
//   auto logits = (*executor)->Run(image, workspace);   // StatusOr
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/array/array_program.h"
#include "server/executors/host_steps.h"

namespace colonnade::executors {

// Memory for one image at a time; its members are the executors' own. Starts empty, grows
// to what the program needs and is then reused without allocation, as long as the same
// executor uses it; any executor takes any workspace. Not thread-safe: one per thread.
struct Workspace {
  std::vector<std::vector<uint8_t>> tensors;  // channel-major, by program tensor
  std::vector<uint8_t> arena;                 // all tensors, as the owner lays them out
  std::vector<TensorView> views;              // into either
  // After a Run, the array's cycles by step and tile, empty for host steps. Empty for
  // executors that do not count them as they run.
  std::vector<std::vector<array::Cycles>> counted_cycles;
  std::vector<int32_t> accumulators;
  uint64_t owner = 0;  // whose the arena and the views are; 0: nobody's
};

// Immutable once made: Run() may be called from any number of threads at once, each
// with its own workspace.
class ArrayExecutor {
 public:
  virtual ~ArrayExecutor() = default;

  // "reference", "kernels", "rtl" or "fpga": the name in flags, labels and responses.
  // ("planes" is for tests, see planes_executor.h.)
  virtual std::string_view name() const = 0;

  virtual const array::ArrayProgram& program() const = 0;

  // One image. `image` holds the bytes of tensor 0, channel-major: q + zero point.
  // `result` has one value per element of the last tensor: the accumulators of a
  // logits step, else q; real value = result * program().logit_scale.
  // INVALID_ARGUMENT when one of them has another size.
  virtual absl::Status RunInto(std::span<const uint8_t> image, Workspace& workspace,
                               std::span<int32_t> result) const = 0;

  // The same with a result of its own.
  absl::StatusOr<std::vector<int32_t>> Run(std::span<const uint8_t> image, Workspace& workspace) const;

  // After a run with this workspace: the bytes of program tensor `tensor`, channel-major,
  // for comparison. Empty for the tensor of a logits step.
  virtual std::vector<uint8_t> BytesOf(int tensor, const Workspace& workspace) const = 0;

 protected:
  absl::Status CheckSizes(std::span<const uint8_t> image, std::span<const int32_t> result) const;
};

bool IsLogits(const array::Step& step);

struct Devices;  // shared_device.h

// The executors that need nothing but this process, in the order they are reported.
std::span<const std::string_view> ExecutorNames();

// Those that can be made with these devices: the ones above, then the devices'.
std::vector<std::string_view> ExecutorNames(const Devices& devices);

// REQUIRES: array::Check(*program). INVALID_ARGUMENT for an unknown name, and as
// DeviceExecutor::Make(); UNIMPLEMENTED for the name of a device that is not there. Both
// list the known names.
absl::StatusOr<std::unique_ptr<ArrayExecutor>> MakeExecutor(
    std::string_view name, std::shared_ptr<const array::ArrayProgram> program);
absl::StatusOr<std::unique_ptr<ArrayExecutor>> MakeExecutor(
    std::string_view name, std::shared_ptr<const array::ArrayProgram> program, const Devices& devices);

}  // namespace colonnade::executors
