// SPDX-License-Identifier: Apache-2.0
// From an ArrayProgram to the memories of one device (docs/machine_manual.md).
//
//   plan      what lies in the activation memory, and from which step to which (storage.h)
//   place     a rectangle of positions and banks for each (place_rectangles.h)
//   lower     each step to one step of the machine; a concatenation to one per input; a flattened
//             image is another name of it, and a subsampling that only a padding of channels
//             reads is done by that padding's step
//
// A run of the result computes what every executor of the program computes, bit for bit.
#pragma once

#include "absl/status/statusor.h"
#include "server/array/array_program.h"
#include "server/machine/device_limits.h"
#include "server/machine/machine_program.h"

namespace colonnade::machine {

// REQUIRES: array::Check(program). INVALID_ARGUMENT names the step, the field, what the step has,
// what the device or the machine takes, and what would help; FieldOf() the status is
//
//   device...            the limits are none of a device
//   feed_rule            there is no hardware for it
//   array.rows           above 8 and no multiple of 8: rows would meet in a bank
//   group                its columns are at several positions or, under channel_block, in several
//                        blocks of alpha channels; groups by another feed rule would not be
//   channels             of a tensor, more than a word holds
//   height, width, stride, pad, tap     beyond their fields
//   offset               channels moved by a number that is no multiple of 8
//   count                of an average: above 256, or not the same for all windows
//   array.alpha          no divisor of the device's channels, under channel_block
//   row_block            tiles that begin with another row than a multiple of the array's
//   logits               of more than one pixel
//   flatten              a flattened image, read by something else than a fully connected layer
//   pixels, step_tiles   of a matrix step, more than the device has accumulators and tile numbers
//   positions            of all tensors that live at once
//   weights, columns, rows, tiles, steps, taps, results     words of these memories
absl::StatusOr<MachineProgram> Lower(const array::ArrayProgram& program, const DeviceLimits& limits);

}  // namespace colonnade::machine
