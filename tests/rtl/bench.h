// SPDX-License-Identifier: Apache-2.0
// Runs steps on the Verilated array core: answers what it asks for with the latencies of
// the manual, and records what it does. Knows no schedule of its own.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "server/array/array_program.h"
#include "server/array/schedule.h"
#include "tests/rtl/device.h"
#include "tests/rtl/step.h"

namespace colonnade::rtl {

struct Output {
  int writes = 0;
  int quantized = 0;
  int32_t logit = 0;
};

struct Recording {
  std::vector<Output> outputs;        // [rows][pixels] of the step
  std::vector<array::Cycles> cycles;  // by tile, from the core's own counters
  array::Schedule schedule;           // cycles from the step's first: loads, issues, length
  bool timed_out = false;
};

class Bench {
 public:
  // REQUIRES: `config` is among Configurations().
  Bench(const array::ArrayConfig& config, int seed);

  // Steps may follow one another on one bench. `idle` cycles pass before it starts.
  Recording Run(const Step& step, int idle = 0);

 private:
  // What the core issued in one cycle.
  struct Issued {
    bool valid = false;
    int tile = 0, pixel = 0, bit = 0;
  };
  // The word a row asked for in the cycle before.
  struct Wanted {
    bool valid = false;
    int tile = 0, pixel = 0;
  };

  void Cycle();
  void Reset();
  void WriteTable(const Step& step);
  void Begin(const Step& step);
  void DriveWords(const Step& step);
  void DriveLanes(const Step& step);
  void DriveEdges(const Step& step);
  uint32_t LaneBits(const Step& step, int column, const Issued& issued);
  void RememberRequests();
  void RecordTimes(int64_t cycle, Recording& recording);
  void RecordOutputs(const Step& step, Recording& recording);
  array::Cycles Counters();

  array::ArrayConfig config_;
  std::unique_ptr<Device> device_;
  Ports& ports_;
  std::deque<Issued> issued_;   // newest first
  std::vector<Wanted> wanted_;  // by row
  uint64_t junk_;               // state of the bits that must not matter
};

}  // namespace colonnade::rtl
