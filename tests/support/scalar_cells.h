// SPDX-License-Identifier: Apache-2.0
// The array's cells in the plainest way: one cell, one register and one cycle at a time,
// as docs/array_manual.md, section 2, states them. What the bit-plane simulator is
// compared with.
#pragma once

#include <bit>
#include <vector>

#include "server/executors/simulator_cells.h"

namespace colonnade {

class ScalarCells {
 public:
  using Registers = executors::CellRegisters;

  ScalarCells(const array::ArrayConfig& config, int padded_rows)
      : config_(config),
        padded_rows_(padded_rows),
        cells_(config.rows, std::vector<Registers>(config.columns)),
        control_(config.rows + config.columns - 1) {}

  const Registers& Read(int row, int column) const { return cells_[row][column]; }

  // Returns what was on the right wires, as SimulatorCells::sums_out().
  std::vector<uint32_t> Advance(const executors::CellInputs& inputs) {
    std::vector<uint32_t> sums_out(inputs.sums.size());
    size_t words = 0;
    for (int i = 0; i < inputs.cycles; ++i) {
      for (int k = 0; k < config_.interleave; ++k) {
        for (int row = 0; row < config_.rows; ++row) {
          sums_out[k * padded_rows_ + row] |= uint32_t{cells_[row].back().macs[k].result} << i;
        }
      }
      const bool load = inputs.load >> i & 1;
      RunCycle(inputs, i, load ? inputs.words[words++] : nullptr);
    }
    return sums_out;
  }

 private:
  struct Control {
    bool first = false, swap = false;
    int phase = 0;
  };

  void RunCycle(const executors::CellInputs& inputs, int i, const executors::WeightRow* bus) {
    control_.insert(control_.begin(), {(inputs.first >> i & 1) != 0, (inputs.swap >> i & 1) != 0,
                                       int(inputs.phase[0] >> i & 1) + 2 * int(inputs.phase[1] >> i & 1)});
    control_.pop_back();
    const std::vector<std::vector<Registers>> now = cells_;
    for (int row = 0; row < config_.rows; ++row) {
      for (int column = 0; column < config_.columns; ++column) {
        const uint32_t lanes = row > 0 ? now[row - 1][column].lanes : LanesIn(inputs, i, column);
        Registers& cell = cells_[row][column];
        for (int k = 0; k < config_.interleave; ++k) {
          const bool sum_in =
              column > 0 ? now[row][column - 1].macs[k].result : (inputs.sums[k * padded_rows_ + row] >> i & 1) != 0;
          RunMac(control_[row + column], k, lanes, sum_in, cell);
        }
        const executors::WeightWord from_below = row > 0          ? Shifting(now[row - 1][column])
                                                 : bus != nullptr ? BusWord(*bus, column)
                                                                  : executors::WeightWord{};
        ClockWords(control_[row + column], bus != nullptr, from_below, cell);
        cell.lanes = lanes;
      }
    }
  }

  uint32_t LanesIn(const executors::CellInputs& inputs, int i, int column) const {
    uint32_t lanes = 0;
    for (int a = 0; a < config_.alpha; ++a) {
      lanes |= (inputs.lanes[column * executors::kMaxLanes + a] >> i & 1) << a;
    }
    return lanes;
  }

  executors::WeightWord BusWord(const executors::WeightRow& bus, int column) const {
    const auto bit = [&](int plane) {
      return int(bus[column / 32 * executors::kWordPlanes + plane] >> (column % 32) & 1);
    };
    executors::WeightWord word{bit(executors::kSignPlane) != 0, 0, 0};
    for (int j = 0; j < 7; ++j) word.magnitude |= bit(j) << j;
    const int select_bits = std::bit_width(unsigned(config_.alpha - 1));
    for (int b = 0; b < select_bits; ++b) word.select |= bit(executors::kSelectPlane + b) << b;
    return word;
  }

  const executors::WeightWord& Shifting(const Registers& cell) const {
    return config_.weight_buffers == 2 ? cell.shadow : cell.weight;
  }

  void ClockWords(const Control& control, bool load, const executors::WeightWord& from_below, Registers& cell) const {
    if (config_.weight_buffers == 1) {
      if (load) cell.weight = from_below;
      return;
    }
    if (control.swap) cell.weight = cell.shadow;
    if (load) cell.shadow = from_below;
  }

  void RunMac(const Control& control, int k, uint32_t lanes, bool sum_in, Registers& cell) const {
    Registers::Mac& mac = cell.macs[k];
    const bool turn = config_.interleave == 1 || control.phase == k;
    const bool first = control.first && turn;
    const int data = turn && (lanes >> cell.weight.select & 1);
    int partial = 0, carries = 0;  // bit i of `partial` is t[i]
    for (int i = 0; i < 7; ++i) {
      const int before = i < 6 ? mac.partial >> i & 1 : 0;
      const int sum = (cell.weight.magnitude >> i & data) + before + (mac.carries >> i & 1);
      partial |= (sum & 1) << i;
      carries |= (sum >> 1) << i;
    }
    const bool negative = config_.interleave == 1 || first ? cell.weight.negative : mac.negative;
    const int carry_in = first ? 0 : int{mac.sum_carry};
    const int ones = (sum_in ^ negative) + (partial & 1) + carry_in;
    const bool result = sum_in ^ (partial & 1) ^ carry_in;
    mac = {partial >> 1, carries, ones > 1, result, config_.interleave == 4 && negative};
  }

  const array::ArrayConfig config_;
  const int padded_rows_;
  std::vector<std::vector<Registers>> cells_;
  std::vector<Control> control_;  // by stage
};

}  // namespace colonnade
