// SPDX-License-Identifier: Apache-2.0
// The program that hosts a machine, all but the machine.
//
//   colonnade-board --folder DIR    files like those of a device under Linux (device/uio_device.h)
//                                   in DIR; ends when DIR goes away
//   colonnade-board                 as the daemon starts it (device/private_board.h)
#pragma once

#include <string>

#include "server/rtl/board/hosted_machine.h"

namespace colonnade::rtl {

// Reads the command line and serves until there is no more use for the board. Returns the exit
// code: 0, or 2 when the command line or the options are refused, 1 when the world is to blame.
// `machines` says in words which ones `make` can make, for --help.
int BoardMain(int argc, char** argv, const std::string& machines, const MachineMaker& make);

}  // namespace colonnade::rtl
