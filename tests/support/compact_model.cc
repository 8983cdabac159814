// SPDX-License-Identifier: Apache-2.0
#include "tests/support/compact_model.h"

#include <algorithm>

namespace colonnade {

struct CompactModel::Step {
  int feed_bank = 0;
  bool is_logits = false, is_signed = false, is_last = false;
  int row_tiles = 0, column_tiles = 0;
  int width = 0, strip_rows = 0, height = 0;
  int feed = 0, feed_stride = 0, feed_row = 0;
  int residual = 0, residual_stride = 0, residual_row = 0;
  int output = 0;
  std::vector<uint16_t> columns;
  int strip_feed = 0;  // of the strip's first pixel
};

struct CompactModel::Tables {
  Sums bias = {};
  std::array<uint32_t, kCells> adds = {}, low = {}, high = {};  // by row, a bit for each bit of the sums
};

int CompactModel::PlaneBit(int bank, int position, int bit, int channel) {
  return word(bank, position % 4096 * 4 + bit / 2) >> (bit % 2 * 8 + channel) & 1;
}

CompactModel::Step CompactModel::ReadStep() {
  Step step;
  const int flags = Next(), sizes = Next(), height = Next(), feed = Next(), feed_row = Next(), residual = Next();
  const int residual_row = Next(), output = Next();
  step.feed_bank = flags & 1;
  step.is_logits = flags >> 1 & 1;
  step.is_signed = flags >> 2 & 1;
  step.is_last = flags >> 3 & 1;
  step.row_tiles = (flags >> 4 & 15) + 1;
  step.column_tiles = (flags >> 8 & 15) + 1;
  step.width = (sizes & 63) + 1;
  step.strip_rows = (sizes >> 6 & 63) + 1;
  step.height = (height & 63) + 1;
  step.feed = feed & 4095;
  step.feed_stride = (feed >> 12 & 1) + 1;
  step.feed_row = feed_row & 4095;
  step.residual = residual & 4095;
  step.residual_stride = (residual >> 12 & 1) + 1;
  step.residual_row = residual_row & 4095;
  step.output = output & 4095;
  for (int i = 0; i < kCells * step.column_tiles; ++i) step.columns.push_back(Next());
  words_ += 1 + (kCells * step.column_tiles + 31) / 32;
  return step;
}

CompactModel::Tables CompactModel::ReadTables() {
  Tables tables;
  for (int i = 0; i < 32; ++i) {
    const uint32_t word = Next();
    for (int r = 0; r < kCells; ++r) {
      tables.bias[size_t(r)] |= (word >> r & 1) << i;
      tables.adds[size_t(r)] |= (word >> (8 + r) & 1) << (i + 1) % 32;
    }
  }
  for (int i = 0; i < 32; ++i) {
    const uint32_t word = Next();
    for (int r = 0; r < kCells; ++r) {
      tables.low[size_t(r)] |= (word >> r & 1) << (i + 1) % 32;
      tables.high[size_t(r)] |= (word >> (8 + r) & 1) << (i + 1) % 32;
    }
  }
  words_ += 2;
  return tables;
}

void CompactModel::ReadWeights() {
  weights_ = {};
  for (int place = 43; place >= 0; --place) {
    const int word = Next();
    for (int chain = 0; chain < 16; ++chain) {
      weights_[size_t(chain / 2)][size_t(chain % 2 * 4 + place / 11)] |= (word >> chain & 1) << place % 11;
    }
  }
  words_ += 2;
}

uint8_t CompactModel::Feed(const Step& step, int column, int select, int y, int x, int position) {
  const int entry = step.columns[size_t(column)];
  const bool outside = ((entry >> 12 & 1) && y == 0) || ((entry >> 13 & 1) && y == step.height - 1) ||
                       ((entry >> 14 & 1) && x == 0) || ((entry >> 15 & 1) && x == step.width - 1);
  if (outside) return step.is_signed ? 128 : 0;
  int byte = 0;
  for (int bit = 0; bit < 8; ++bit) byte |= PlaneBit(step.feed_bank, position + entry, bit, select) << bit;
  return uint8_t(byte);
}

void CompactModel::Finish(Step& step, const Tables& tables, const Sums& sums) {
  for (int r = 0; r < kCells; ++r) {
    const int bits = step.is_logits ? 32 : 8;
    uint64_t value = sums[size_t(r)];
    if (!step.is_logits) {
      const uint32_t low = tables.low[size_t(r)], high = tables.high[size_t(r)];
      const int64_t rounded = int64_t(int32_t(value)) + (high & ~low);
      const uint64_t above = uint64_t(rounded) & (low & ~high);
      value = 0;
      for (int bit = 31; bit >= 0; --bit) {
        if (high & low & uint32_t(1) << bit) value = value << 1 | (uint64_t(rounded) >> bit & 1);
      }
      value = rounded < 0 ? 0 : above != 0 ? 255 : value;
    }
    for (int bit = 0; bit < bits; ++bit) {
      const int place = bit % 2 * 8 + r;
      uint16_t& target = word(1 - step.feed_bank, (step.output + bit / 8) % 4096 * 4 + bit % 8 / 2);
      target = uint16_t((target & ~(1 << place)) | int(value >> bit & 1) << place);
    }
  }
  step.output += step.is_logits ? 4 : 1;
}

void CompactModel::RunStrip(Step& step, const Tables& tables, int y) {
  const int rows = std::min(step.strip_rows, step.height - y);
  std::vector<Sums> sums(size_t(rows * step.width));
  int feed = 0;
  for (int tile = 0; tile < step.column_tiles; ++tile) {
    ReadWeights();
    feed = step.strip_feed;
    for (int pixel = 0; pixel < rows * step.width; ++pixel, ++words_) {
      const int x = pixel % step.width;
      Sums& sum = sums[size_t(pixel) % 64];
      for (int r = 0; r < kCells; ++r) {
        if (tile == 0) {
          int next = 0;
          for (int bit = 0; bit < 32; ++bit) {
            if (tables.adds[size_t(r)] >> bit & 1) {
              sum[size_t(r)] += uint32_t(PlaneBit(1 - step.feed_bank, step.residual, next++, r)) << bit;
            }
          }
          sum[size_t(r)] += tables.bias[size_t(r)];
        }
        for (int c = 0; c < kCells; ++c) {
          const int weight = weights_[size_t(r)][size_t(c)];
          const int product =
              (weight & 127) * Feed(step, tile * kCells + c, weight >> 8, y + pixel / step.width, x, feed);
          sum[size_t(r)] += uint32_t(weight >> 7 & 1 ? -product : product);
        }
      }
      const bool row_ends = x == step.width - 1;
      feed += row_ends ? step.feed_row : step.feed_stride;
      if (tile == 0) step.residual += row_ends ? step.residual_row : step.residual_stride;
      if (tile == step.column_tiles - 1) Finish(step, tables, sum);
    }
  }
  step.strip_feed = feed;
}

void CompactModel::RunRowTile(Step& step) {
  const Tables tables = ReadTables();
  const int weights = pc_;
  step.strip_feed = step.feed;
  for (int y = 0; y < step.height; y += step.strip_rows) {
    pc_ = weights;
    RunStrip(step, tables, y);
  }
  words_ += 2;
}

void CompactModel::Run() {
  pc_ = 0;
  words_ = 0;
  for (bool is_last = false; !is_last;) {
    Step step = ReadStep();
    for (int tile = 0; tile < step.row_tiles; ++tile) RunRowTile(step);
    is_last = step.is_last;
  }
}

}  // namespace colonnade
