// SPDX-License-Identifier: Apache-2.0
// A network as a device takes it: the words of its memories (docs/machine_manual.md, section 2),
// where tensors lie in the activation memory, and what a run costs. lower.h makes it from an
// ArrayProgram, encode_image.h turns it into the bytes of a load, transfer.h turns images and
// results into the bytes of a run.
//
// Plain data, immutable once made; share freely between threads.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "server/array/array_program.h"
#include "server/machine/device_limits.h"

namespace colonnade::machine {

// Words of one memory, from its word 0 on; none for activations and results.
struct MemoryWords {
  int length = 1;              // WordLength(): how many values make a word
  std::vector<uint64_t> bits;  // the words one after the other, lowest bits first

  int count() const { return static_cast<int>(bits.size()) / length; }
};

// Where a tensor is in the activation memory: byte (channel i, y, x) is byte `lane + i` of word
// `base + y * width + x`. Of its banks of 8 bytes it has the whole.
struct TensorPlace {
  int base = 0;
  int lane = 0;  // a multiple of 8
  // As it lies there. A flattened image keeps the shape of the image.
  nn::Shape shape;

  int first_bank() const { return lane / 8; }
  int banks() const { return (shape.channels + 7) / 8; }
  int positions() const { return shape.height * shape.width; }

  friend bool operator==(const TensorPlace&, const TensorPlace&) = default;
};

// Clock cycles of one run, in the nine counters of the registers (docs/machine_manual.md, section 5).
struct RunCycles {
  array::Cycles array;  // of the matrix steps
  int64_t vector = 0;   // of the vector steps
  int64_t control = 0;  // reading steps, starting them, seeing their end
  int64_t input = 0;    // taking the input, if the bus always has it
  int64_t output = 0;   // giving the result, if the bus always takes it

  int64_t total() const { return array.total() + vector + control + input + output; }
  friend bool operator==(const RunCycles&, const RunCycles&) = default;
};

struct MachineProgram {
  array::ArrayConfig config;
  // The least device that it runs on: each field is what it uses. `channels` alone is that of the
  // device it was made for, and must be the same.
  DeviceLimits needs;
  std::array<MemoryWords, kMemories> memories;
  // By tensor of the ArrayProgram: where it lies as long as a later step reads it. None for
  // logits, and for what two steps of the program pass on in one of the machine.
  std::vector<std::optional<TensorPlace>> tensors;
  // By step of the machine, the step of the ArrayProgram that it belongs to.
  std::vector<int> sources;
  bool is_logits = false;  // the result is `results` words of the results memory, else the last tensor
  int results = 0;
  int input_zero_point = 0, output_zero_point = 0;
  RunCycles cycles;  // predicted, of one run

  const MemoryWords& memory(MemoryId id) const { return memories[static_cast<size_t>(id)]; }

  // What a run reads and writes, in bytes: multiples of 8.
  int64_t input_bytes() const;
  int64_t output_bytes() const;
};

}  // namespace colonnade::machine
