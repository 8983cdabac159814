// SPDX-License-Identifier: Apache-2.0
// A program on a device: `rtl` on a simulated one, `fpga` on a configured one. The logits are the
// device's, and so are the cycles: a run whose counters are not those that were predicted fails.
#pragma once

#include <memory>

#include "server/executors/array_executor.h"
#include "server/executors/shared_device.h"
#include "server/machine/machine_program.h"

namespace colonnade::executors {

class DeviceExecutor final : public ArrayExecutor {
 public:
  // INVALID_ARGUMENT when the program cannot be lowered for a device of the default memories
  // around its array (machine/lower.h). The device itself is not asked.
  static absl::StatusOr<std::unique_ptr<ArrayExecutor>> Make(std::shared_ptr<SharedDevice> device,
                                                             std::shared_ptr<const array::ArrayProgram> program);

  std::string_view name() const override { return device_->name(); }
  const array::ArrayProgram& program() const override { return *program_; }

  // Errors as of SharedDevice::Run(); INTERNAL names the phase whose cycles differ.
  absl::Status RunInto(std::span<const uint8_t> image, Workspace& workspace, std::span<int32_t> result) const override;

  // Nothing: what is inside a device stays there.
  std::vector<uint8_t> BytesOf(int tensor, const Workspace& workspace) const override;

 private:
  DeviceExecutor(std::shared_ptr<SharedDevice> device, std::shared_ptr<const array::ArrayProgram> program,
                 machine::MachineProgram lowered);

  const std::shared_ptr<SharedDevice> device_;
  const std::shared_ptr<const array::ArrayProgram> program_;
  const machine::MachineProgram lowered_;
  const std::shared_ptr<const device::Program> loadable_;
};

// INTERNAL names the first phase that did not take the predicted cycles. Those of input and
// output are the least there can be, since the bus may make a device wait.
absl::Status CheckCycles(const machine::RunCycles& predicted, const device::CycleCounters& counted);

}  // namespace colonnade::executors
