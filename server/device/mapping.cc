// SPDX-License-Identifier: Apache-2.0
#include "server/device/mapping.h"

#include <sys/mman.h>

#include <atomic>
#include <utility>

#include "server/base/file_io.h"

namespace colonnade::device {
namespace {

// One access of 32 bits, neither torn nor merged: what registers of hardware need, too.
std::atomic_ref<uint32_t> Word(const Mapping& registers, uint32_t offset) {
  return std::atomic_ref(*reinterpret_cast<uint32_t*>(registers.bytes().data() + offset));
}

}  // namespace

Mapping::Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

Mapping::~Mapping() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

absl::StatusOr<Mapping> Mapping::Of(int descriptor, size_t bytes, const std::string& path) {
  void* const start = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (start == MAP_FAILED) return SystemError("cannot map", path);
  Mapping mapping;
  mapping.bytes_ = {static_cast<uint8_t*>(start), bytes};
  return mapping;
}

uint32_t Read32(const Mapping& registers, uint32_t offset) {
  return Word(registers, offset).load(std::memory_order_acquire);
}

void Write32(const Mapping& registers, uint32_t offset, uint32_t value) {
  Word(registers, offset).store(value, std::memory_order_release);
}

}  // namespace colonnade::device
