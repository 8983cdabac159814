// SPDX-License-Identifier: Apache-2.0
// The device behind the executors `rtl` and `fpga`: one for all programs and callers, who queue
// for it, in their order. It is opened for the first image, and again after it has died or when
// a program for another array comes.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "server/base/metrics.h"
#include "server/device/driver.h"
#include "server/device/uio_device.h"

namespace colonnade::executors {

// Connects to a device that should be of this configuration.
using DeviceOpener = std::function<absl::StatusOr<std::unique_ptr<device::Device>>(const array::ArrayConfig&)>;

// A private process of the program colonnade-board.
DeviceOpener BoardOpener(std::string program);
// What the files of UIO and u-dma-buf lead to.
DeviceOpener UioOpener(device::UioOptions options);

// Thread-safe.
class SharedDevice {
 public:
  // `name` is the executor's. `metrics` must outlive it.
  SharedDevice(std::string name, DeviceOpener open, Metrics& metrics, device::DriverOptions options = {})
      : name_(std::move(name)), open_(std::move(open)), metrics_(metrics), options_(std::move(options)) {}

  // One image, when those before it are done. Errors as Driver::Run() and those of opening it;
  // after UNAVAILABLE the next image opens the device anew.
  absl::StatusOr<device::RunResult> Run(const std::shared_ptr<const device::Program>& program,
                                        std::span<const uint8_t> input);

  const std::string& name() const { return name_; }

 private:
  absl::StatusOr<device::RunResult> RunInTurn(const std::shared_ptr<const device::Program>& program,
                                              std::span<const uint8_t> input);
  absl::Status Connect(const array::ArrayConfig& config);
  void Report(const device::DriverEvents& before, const absl::StatusOr<device::RunResult>& result);

  const std::string name_;
  const DeviceOpener open_;
  Metrics& metrics_;
  const device::DriverOptions options_;

  std::mutex mutex_;  // guards the two numbers
  std::condition_variable next_;
  uint64_t arrived_ = 0, served_ = 0;

  std::unique_ptr<device::Driver> driver_;  // of whose turn it is
};

// The devices of this process; null for one that it does not have.
struct Devices {
  std::shared_ptr<SharedDevice> rtl, fpga;
};

}  // namespace colonnade::executors
