// SPDX-License-Identifier: Apache-2.0
#include "server/device/identity.h"

#include <fmt/format.h>

#include "server/array/known_arrays.h"
#include "server/device/registers.h"

namespace colonnade::device {
namespace {

// A device says its digest only; what it stands for is known for arrays that have a name.
std::string ConfigurationOf(const std::string& digest) {
  for (const array::KnownArray& known : array::KnownArrays()) {
    if (array::Digest(known.config) == digest) return array::Name(known.config);
  }
  return "a configuration without a name";
}

}  // namespace

absl::Status CheckIdentity(const Device& device, const array::ArrayConfig& config) {
  const uint32_t magic = device.Read32(kIdentification), version = device.Read32(kVersion);
  if (magic != kColonnade) {
    return absl::FailedPreconditionError(
        fmt::format("device {} is no Colonnade device: it identifies itself as {:#010x}", device.name(), magic));
  }
  if (version >> 16 != kMajorVersion) {
    return absl::FailedPreconditionError(fmt::format("device {} has registers of version {}.{}; this driver knows {}",
                                                     device.name(), version >> 16, version & 0xffff, kMajorVersion));
  }
  const std::string found = fmt::format("{:08x}{:08x}", device.Read32(kDigestHigh), device.Read32(kDigestLow));
  const std::string wanted = array::Digest(config);
  if (found == wanted) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("the program is for array {} (digest {}); device {} is {} (digest {})", array::Name(config), wanted,
                  device.name(), ConfigurationOf(found), found));
}

}  // namespace colonnade::device
