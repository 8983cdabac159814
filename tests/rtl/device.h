// SPDX-License-Identifier: Apache-2.0
// The Verilated array core, in every configuration that the tests build.
#pragma once

#include <verilated.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "server/array/array_config.h"

namespace colonnade::rtl {

inline constexpr int kPixelBits = 6;  // of the models: 64 accumulators per row
inline constexpr int kTileBits = 5;   // 32 tiles per step

// A port of any width, read and written in fields of `width` bits.
class Port {
 public:
  template <typename T>
  Port(T& port) : bytes_(reinterpret_cast<uint8_t*>(&port)) {}

  uint32_t Get(int index, int width) const {
    uint32_t value = 0;
    for (int bit = 0; bit < width; ++bit) value |= uint32_t{Bit(index * width + bit)} << bit;
    return value;
  }
  void Set(int index, int width, uint32_t value) {
    for (int bit = 0; bit < width; ++bit) SetBit(index * width + bit, value >> bit & 1);
  }

 private:
  bool Bit(int bit) const { return bytes_[bit / 8] >> (bit % 8) & 1; }
  void SetBit(int bit, bool value) {
    bytes_[bit / 8] = static_cast<uint8_t>((bytes_[bit / 8] & ~(1 << bit % 8)) | value << bit % 8);
  }

  uint8_t* bytes_;  // of the model, little-endian
};

// The ports of array_core.sv, by the same names.
struct Ports {
  template <typename Model>
  explicit Ports(Model& m)
      : clk(m.clk),
        reset(m.reset),
        table_write(m.table_write),
        table_tile(m.table_tile),
        table_last_row(m.table_last_row),
        table_continues(m.table_continues),
        table_final(m.table_final),
        start(m.start),
        last_tile(m.last_tile),
        last_pixel(m.last_pixel),
        low(m.low),
        high(m.high),
        busy(m.busy),
        load(m.load),
        load_tile(m.load_tile),
        load_row(m.load_row),
        words(m.words),
        issue(m.issue),
        issue_tile(m.issue_tile),
        issue_pixel(m.issue_pixel),
        issue_bit(m.issue_bit),
        lanes(m.lanes),
        initial_read(m.initial_read),
        initial_tile(m.initial_tile),
        initial_pixel(m.initial_pixel),
        initial_words(m.initial_words),
        shift_tile(m.shift_tile),
        shifts(m.shifts),
        output_valid(m.output_valid),
        output_tile(m.output_tile),
        output_pixel(m.output_pixel),
        quantized(m.quantized),
        logits(m.logits),
        counted_tile(m.counted_tile),
        fill(m.fill),
        stream(m.stream),
        drain(m.drain),
        weight_load(m.weight_load),
        stall(m.stall) {}

  Port clk, reset, table_write, table_tile, table_last_row, table_continues, table_final, start, last_tile, last_pixel,
      low, high, busy, load, load_tile, load_row, words, issue, issue_tile, issue_pixel, issue_bit, lanes, initial_read,
      initial_tile, initial_pixel, initial_words, shift_tile, shifts, output_valid, output_tile, output_pixel,
      quantized, logits, counted_tile, fill, stream, drain, weight_load, stall;
};

class Device {
 public:
  virtual ~Device() = default;
  virtual void Evaluate() = 0;
  virtual Ports& ports() = 0;
};

// The built configurations. Together they have every pair of interleave, weight buffers
// and alpha, and rows that differ from columns either way.
std::vector<array::ArrayConfig> Configurations();

// Registers and memories begin with random bits. Null for any other configuration.
std::unique_ptr<Device> MakeDevice(const array::ArrayConfig& config, int seed);

}  // namespace colonnade::rtl
