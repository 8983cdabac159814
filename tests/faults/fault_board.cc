// SPDX-License-Identifier: Apache-2.0
// colonnade-board with a model instead of the hardware's source, and a fault:
// fault_board FAULT TIMES [options of colonnade-board]
#include <fmt/format.h>

#include <cstdlib>

#include "server/rtl/board/board.h"
#include "tests/support/faulty_machine.h"
#include "tests/support/mixing_model.h"
#include "tests/support/register_protocol.h"
#include "tests/support/require.h"

namespace colonnade {
namespace {

constexpr int kBusyCycles = 20000;  // several turns of the board

absl::StatusOr<std::unique_ptr<rtl::HostedMachine>> MakeModel(const rtl::MachineOptions& options, rtl::Bus& bus) {
  return std::make_unique<RegisterProtocol>(options.config, MixingLimits(),
                                            std::make_unique<MixingModel>(options.config), bus, kBusyCycles);
}

}  // namespace
}  // namespace colonnade

int main(int argc, char** argv) {
  using namespace colonnade;
  if (argc < 3) {
    fmt::print(stderr, "fault_board FAULT TIMES [options]; faults are {}\n", fmt::join(FaultNames(), ", "));
    return 2;
  }
  const Fault fault = Require(ParseFault(argv[1]));
  const int times = std::atoi(argv[2]);
  argv[2] = argv[0];
  return rtl::BoardMain(argc - 2, argv + 2, "a model of any array", [&](const auto& options, rtl::Bus& bus) {
    return MakeFaulty(fault, times, MakeModel, options, bus);
  });
}
