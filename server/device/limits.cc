// SPDX-License-Identifier: Apache-2.0
#include "server/device/limits.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "server/base/status.h"
#include "server/device/registers.h"

namespace colonnade::device {
namespace {

using machine::DeviceLimits;

struct Capacity {
  std::string_view what;
  uint32_t offset;  // its register
  int DeviceLimits::* field;
};

constexpr std::array<Capacity, 10> kCapacities = {{{"activation words", kPositions, &DeviceLimits::positions},
                                                   {"weight words", kWords, &DeviceLimits::weight_words},
                                                   {"column words", kWords + 4, &DeviceLimits::column_words},
                                                   {"row words", kWords + 8, &DeviceLimits::row_words},
                                                   {"tile words", kWords + 12, &DeviceLimits::tile_words},
                                                   {"step words", kWords + 16, &DeviceLimits::step_words},
                                                   {"tap words", kWords + 20, &DeviceLimits::tap_words},
                                                   {"result words", kWords + 24, &DeviceLimits::result_words},
                                                   {"pixels in a step", kPixels, &DeviceLimits::pixels},
                                                   {"tiles in a step", kTiles, &DeviceLimits::tiles}}};

}  // namespace

DeviceLimits ReadLimits(const Device& device) {
  DeviceLimits limits;
  limits.channels = int(device.Read32(kChannels));
  for (const Capacity& capacity : kCapacities) limits.*capacity.field = int(device.Read32(capacity.offset));
  return limits;
}

absl::Status CheckFits(const DeviceLimits& needs, const DeviceLimits& has) {
  if (needs.channels != has.channels) {
    return absl::FailedPreconditionError(fmt::format(
        "the program is for memory words of {} channels; the device has {}", needs.channels, has.channels));
  }
  for (const Capacity& capacity : kCapacities) {
    if (needs.*capacity.field <= has.*capacity.field) continue;
    return absl::ResourceExhaustedError(fmt::format("the program needs {} {}; the device has {}",
                                                    needs.*capacity.field, capacity.what, has.*capacity.field));
  }
  return absl::OkStatus();
}

}  // namespace colonnade::device
