// SPDX-License-Identifier: Apache-2.0
// From an ArrayProgram to the memories of the compact machine (docs/compact_machine.md).
//
// Every step becomes a sliding window over blocks of eight channels: a matrix layer as it stands; an
// average over the whole image as a window of that size whose weights are ones on a diagonal, over the
// blocks one below the other. Subsampling and padding of channels are done where a residual is read.
//
// A run of the result computes what every executor of the program computes, bit for bit.
#pragma once

#include "absl/status/statusor.h"
#include "server/array/array_program.h"
#include "server/machine/compact_image.h"

namespace colonnade::machine {

// REQUIRES: array::Check(program). INVALID_ARGUMENT names the step, the field and what is taken;
// FieldOf() the status is
//
//   array             another than 8x8a8-i1-w1, by whichever feed rule
//   layer             of a kind that only larger machines run: other pools than an average over the
//                     whole image, additions and moves that are not a residual's, a last step without logits
//   group             its columns are at several positions or in several blocks of 8 channels
//   output            signed or clipped to less than 0 to 255
//   count             of an average, not a power of two
//   residual          strides that differ or are above 2; channels moved by no multiple of 8; shifts
//   stride, pad, width, height, rows, columns, shift     beyond their fields
//   logits            of more than one pixel
//   positions         of the tensors that live at once in one bank
//   program           words of the program memory
absl::StatusOr<CompactImage> LowerCompact(const array::ArrayProgram& program);

}  // namespace colonnade::machine
