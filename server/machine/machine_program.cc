// SPDX-License-Identifier: Apache-2.0
#include "server/machine/machine_program.h"

namespace colonnade::machine {
namespace {

int64_t BytesOf(const TensorPlace& place) { return int64_t{8} * place.banks() * place.positions(); }

}  // namespace

int64_t MachineProgram::input_bytes() const { return BytesOf(*tensors.front()); }

int64_t MachineProgram::output_bytes() const {
  return is_logits ? (int64_t{4} * results + 7) / 8 * 8 : BytesOf(*tensors.back());
}

}  // namespace colonnade::machine
