// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/bench.h"

#include <bit>

namespace colonnade::rtl {
namespace {

constexpr int kFeederCycles = 3;  // from issuing a bit to the lanes of column 0
constexpr int64_t kLongest = 200'000;

int SelectBits(int alpha) { return std::bit_width(static_cast<unsigned>(alpha - 1)); }

uint32_t NextJunk(uint64_t& state) {
  state = state * 6364136223846793005 + 1442695040888963407;
  return static_cast<uint32_t>(state >> 32);
}

// {select, sign, magnitude}
uint32_t WordOf(const Step& step, const array::Tile& tile, int array_row, int column) {
  if (column >= static_cast<int>(tile.groups.size())) return 0;
  const int row = tile.row_begin + array_row;
  const int weight = step.Weight(row, tile.groups[column]);
  const auto magnitude = static_cast<uint32_t>(std::abs(weight));
  return static_cast<uint32_t>(step.Lane(row, tile.groups[column])) << 8 | uint32_t{weight < 0} << 7 | magnitude;
}

int32_t SignExtend9(uint32_t value) { return static_cast<int32_t>(value << 23) >> 23; }

array::Cycles Difference(const array::Cycles& a, const array::Cycles& b) {
  return {a.fill - b.fill, a.stream - b.stream, a.drain - b.drain, a.weight_load - b.weight_load, a.stall - b.stall};
}

}  // namespace

Bench::Bench(const array::ArrayConfig& config, int seed)
    : config_(config), device_(MakeDevice(config, seed)), ports_(device_->ports()), wanted_(config.rows), junk_(seed) {
  Reset();
}

void Bench::Cycle() {
  ports_.clk.Set(0, 1, 1);
  device_->Evaluate();
  ports_.clk.Set(0, 1, 0);
  device_->Evaluate();
}

void Bench::Reset() {
  for (Port* port : {&ports_.clk, &ports_.start, &ports_.table_write}) port->Set(0, 1, 0);
  for (int column = 0; column < config_.columns; ++column) ports_.lanes.Set(column, config_.alpha, 0);
  ports_.reset.Set(0, 1, 1);
  device_->Evaluate();
  for (int i = 0; i < config_.rows + config_.columns + 16; ++i) Cycle();
  ports_.reset.Set(0, 1, 0);
}

void Bench::WriteTable(const Step& step) {
  ports_.table_write.Set(0, 1, 1);
  for (size_t i = 0; i < step.tiles.size(); ++i) {
    const bool final = i + 1 == step.tiles.size() || !array::ContinuesSums(step.tiles, i + 1);
    const int last_row = step.tiles[i].row_end - step.tiles[i].row_begin - 1;
    ports_.table_tile.Set(0, kTileBits, static_cast<uint32_t>(i));
    ports_.table_last_row.Set(0, std::max(1, SelectBits(config_.rows)), static_cast<uint32_t>(last_row));
    ports_.table_continues.Set(0, 1, array::ContinuesSums(step.tiles, i));
    ports_.table_final.Set(0, 1, final);
    Cycle();
  }
  ports_.table_write.Set(0, 1, 0);
}

// Afterwards the step is in its cycle 0.
void Bench::Begin(const Step& step) {
  ports_.last_tile.Set(0, kTileBits, static_cast<uint32_t>(step.tiles.size() - 1));
  ports_.last_pixel.Set(0, kPixelBits, static_cast<uint32_t>(step.pixels - 1));
  ports_.low.Set(0, 9, static_cast<uint32_t>(step.low));
  ports_.high.Set(0, 9, static_cast<uint32_t>(step.high));
  ports_.start.Set(0, 1, 1);
  Cycle();
  ports_.start.Set(0, 1, 0);
  issued_.assign(kFeederCycles + config_.columns, {});
  wanted_.assign(config_.rows, {});
}

void Bench::DriveWords(const Step& step) {
  const int width = 8 + SelectBits(config_.alpha);
  const bool load = ports_.load.Get(0, 1);
  const auto& tile = step.tiles[load ? ports_.load_tile.Get(0, kTileBits) : 0];
  const auto row = static_cast<int>(ports_.load_row.Get(0, std::max(1, SelectBits(config_.rows))));
  for (int column = 0; column < config_.columns; ++column) {
    ports_.words.Set(column, width, load ? WordOf(step, tile, row, column) : NextJunk(junk_));
  }
}

// Lanes that no weight selects, and columns without a group, carry anything.
uint32_t Bench::LaneBits(const Step& step, int column, const Issued& issued) {
  if (!issued.valid || issued.bit >= 8) return 0;
  const array::Tile& tile = step.tiles[issued.tile];
  if (column >= static_cast<int>(tile.groups.size())) return NextJunk(junk_);
  uint32_t bits = 0;
  for (int lane = 0; lane < config_.alpha; ++lane) {
    bits |= uint32_t(step.Byte(tile.groups[column], lane, issued.pixel) >> issued.bit & 1) << lane;
  }
  return bits;
}

void Bench::DriveLanes(const Step& step) {
  for (int column = 0; column < config_.columns; ++column) {
    ports_.lanes.Set(column, config_.alpha, LaneBits(step, column, issued_[kFeederCycles - 1 + column]));
  }
}

void Bench::DriveEdges(const Step& step) {
  for (int row = 0; row < config_.rows; ++row) {
    const Wanted& wanted = wanted_[row];
    const int filter = wanted.valid ? step.tiles[wanted.tile].row_begin + row : step.matrix.rows;
    const bool used = wanted.valid && filter < step.tiles[wanted.tile].row_end;
    ports_.initial_words.Set(row, 32,
                             used ? static_cast<uint32_t>(step.Initial(filter, wanted.pixel)) : NextJunk(junk_));
    const uint32_t tile = ports_.shift_tile.Get(row, kTileBits);
    const int shifted = tile < step.tiles.size() ? step.tiles[tile].row_begin + row : step.matrix.rows;
    ports_.shifts.Set(row, 5, shifted < step.matrix.rows ? step.shift[shifted] : NextJunk(junk_));
  }
}

void Bench::RememberRequests() {
  issued_.pop_back();
  issued_.push_front({ports_.issue.Get(0, 1) != 0, int(ports_.issue_tile.Get(0, kTileBits)),
                      int(ports_.issue_pixel.Get(0, kPixelBits)),
                      int(ports_.issue_bit.Get(0, config_.interleave == 1 ? 5 : 3))});
  for (int row = 0; row < config_.rows; ++row) {
    wanted_[row] = {ports_.initial_read.Get(row, 1) != 0, int(ports_.initial_tile.Get(row, kTileBits)),
                    int(ports_.initial_pixel.Get(row, kPixelBits))};
  }
}

void Bench::RecordTimes(int64_t cycle, Recording& recording) {
  auto& tiles = recording.schedule.tiles;
  if (ports_.load.Get(0, 1)) {
    auto& load = tiles[ports_.load_tile.Get(0, kTileBits)].load;
    if (load < 0) load = cycle;
  }
  if (ports_.issue.Get(0, 1)) {
    auto& issue = tiles[ports_.issue_tile.Get(0, kTileBits)].issue;
    if (issue < 0) issue = cycle;
  }
}

void Bench::RecordOutputs(const Step& step, Recording& recording) {
  for (int row = 0; row < config_.rows; ++row) {
    if (!ports_.output_valid.Get(row, 1)) continue;
    const array::Tile& tile = step.tiles[ports_.output_tile.Get(row, kTileBits)];
    if (tile.row_begin + row >= tile.row_end) continue;
    const uint32_t pixel = ports_.output_pixel.Get(row, kPixelBits);
    Output& output = recording.outputs[size_t(tile.row_begin + row) * step.pixels + pixel];
    ++output.writes;
    output.quantized = SignExtend9(ports_.quantized.Get(row, 9));
    output.logit = static_cast<int32_t>(ports_.logits.Get(row, 32));
  }
}

array::Cycles Bench::Counters() {
  return {ports_.fill.Get(0, 32), ports_.stream.Get(0, 32), ports_.drain.Get(0, 32), ports_.weight_load.Get(0, 32),
          ports_.stall.Get(0, 32)};
}

Recording Bench::Run(const Step& step, int idle) {
  WriteTable(step);
  for (int i = 0; i < idle; ++i) Cycle();
  Recording recording{std::vector<Output>(size_t(step.matrix.rows) * step.pixels),
                      std::vector<array::Cycles>(step.tiles.size()),
                      {std::vector<array::TileTimes>(step.tiles.size(), {-1, -1}), 0}};
  Begin(step);
  int64_t cycle = 0;
  for (; ports_.busy.Get(0, 1) && cycle < kLongest; ++cycle) {
    DriveWords(step);
    DriveLanes(step);
    DriveEdges(step);
    device_->Evaluate();
    RecordTimes(cycle, recording);
    RecordOutputs(step, recording);
    RememberRequests();
    const array::Cycles before = Counters();
    const uint32_t tile = ports_.counted_tile.Get(0, kTileBits);
    Cycle();
    recording.cycles[tile] += Difference(Counters(), before);
  }
  recording.schedule.cycles = cycle;
  recording.timed_out = cycle == kLongest;
  return recording;
}

}  // namespace colonnade::rtl
