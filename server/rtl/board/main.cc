// SPDX-License-Identifier: Apache-2.0
// colonnade-board: the hardware's own source behind shared memory.
#include "server/rtl/board/board.h"
#include "server/rtl/board/verilated_machine.h"

int main(int argc, char** argv) {
  using namespace colonnade::rtl;
  return BoardMain(argc, argv, "the Verilated hardware, as " + VerilatedArrays(), MakeVerilated);
}
