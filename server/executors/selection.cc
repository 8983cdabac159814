// SPDX-License-Identifier: Apache-2.0
#include "server/executors/selection.h"

#include <algorithm>
#include <initializer_list>
#include <span>
#include <utility>

namespace colonnade::executors {
namespace {

// Where the matrix's columns lie: byte `position` of window `window`.
struct Place {
  size_t window = 0;
  uint8_t position = 0;
};

struct Windows {
  std::vector<int64_t> starts;  // bytes from the pixel
  std::vector<Place> columns;
};

// A window does not begin inside of a pixel, unless pixels are longer than windows.
Windows PlaceColumns(const array::MatrixStep& step, const PixelLayout& input, int window) {
  struct Site {
    int64_t at, start;
    size_t column;
  };
  std::vector<Site> sites;
  for (const nn::Column& site : step.matrix.column_sites) {
    const int64_t tap = site.dy * step.window.dilation_h * input.line + site.dx * step.window.dilation_w * input.step;
    sites.push_back({tap + site.channel, tap + site.channel / window * window, sites.size()});
  }
  std::sort(sites.begin(), sites.end(), [](const Site& a, const Site& b) { return a.at < b.at; });
  Windows windows;
  windows.columns.resize(sites.size());
  for (const Site& site : sites) {
    if (windows.starts.empty() || site.at >= windows.starts.back() + window) windows.starts.push_back(site.start);
    windows.columns[site.column] = {windows.starts.size() - 1, uint8_t(site.at - windows.starts.back())};
  }
  return windows;
}

struct Entry {
  uint8_t position;
  int8_t weight;
};

// A block's entries in one window, by row. Code k has every row's entries
// [k * shape.entries, (k + 1) * shape.entries); the last one may be open: no row fills it.
struct Part {
  int64_t start = 0;
  std::vector<std::vector<Entry>> rows;
  size_t full_codes = 0;
  bool open = false, joined = false;

  size_t codes() const { return joined ? full_codes - 1 : full_codes + (open ? 1 : 0); }
  bool may_join() const { return full_codes % 2 == 1 && open && !joined; }
};

void FillParts(const array::MatrixStep& step, const Windows& windows, int begin, const SelectionShape& shape,
               std::vector<Part>& parts) {
  const array::PackedMatrix& matrix = step.matrix;
  for (Part& part : parts) {
    for (std::vector<Entry>& row : part.rows) row.clear();
  }
  for (int row = begin; row < std::min(begin + shape.rows, matrix.rows); ++row) {
    for (int group = 0; group < matrix.groups; ++group) {
      const size_t cell = size_t(row) * matrix.groups + group;
      if (matrix.weights[cell] == 0) continue;
      const Place& place = windows.columns[size_t(matrix.group_columns[size_t(group)][matrix.lanes[cell]])];
      parts[place.window].rows[size_t(row - begin)].push_back({place.position, matrix.weights[cell]});
    }
  }
  for (Part& part : parts) {
    size_t most = 0;
    for (const std::vector<Entry>& row : part.rows) most = std::max(most, row.size());
    part.full_codes = most / size_t(shape.entries);
    part.open = most % size_t(shape.entries) != 0;
    part.joined = false;
  }
}

std::span<const Entry> EntriesOf(const Part& part, size_t row, size_t code, const SelectionShape& shape) {
  const std::span<const Entry> entries = part.rows[row];
  const size_t begin = std::min(code * size_t(shape.entries), entries.size());
  return entries.subspan(begin, std::min(size_t(shape.entries), entries.size() - begin));
}

struct CodeOf {
  const Part* part;
  size_t code;
  int offset = 0;  // of its window among those that one permutation takes
};

// One code; its rows have room for the entries of all sources.
void AppendCode(std::initializer_list<CodeOf> sources, const SelectionShape& shape, std::vector<uint8_t>& codes) {
  const size_t vector = size_t(shape.code_size()) / 2, base = codes.size();
  codes.resize(base + 2 * vector);
  for (size_t at = base + 1; shape.bytes == 2 && at < base + vector; at += 2) codes[at] = 0x80;
  for (size_t row = 0; row < size_t(shape.rows); ++row) {
    size_t at = base + row * size_t(shape.entries * shape.bytes);
    for (const CodeOf& source : sources) {
      for (const Entry& entry : EntriesOf(*source.part, row, source.code, shape)) {
        codes[at] = uint8_t(entry.position + source.offset);
        codes[at + vector] = uint8_t(entry.weight);
        if (shape.bytes == 2) codes[at + vector + 1] = uint8_t(entry.weight >> 8);
        at += size_t(shape.bytes);
      }
    }
  }
}

// Whether one code holds the open codes of both.
bool FitTogether(const Part& a, const Part& b, const SelectionShape& shape) {
  for (size_t row = 0; row < a.rows.size(); ++row) {
    const size_t sum = EntriesOf(a, row, a.full_codes, shape).size() + EntriesOf(b, row, b.full_codes, shape).size();
    if (sum > size_t(shape.entries)) return false;
  }
  return true;
}

using Pair = std::pair<const Part*, const Part*>;

// Two windows whose last full codes and open codes make three codes instead of four.
std::vector<Pair> JoinParts(const SelectionShape& shape, std::vector<Part>& parts) {
  std::vector<Pair> pairs;
  for (size_t i = 0; i < parts.size() && shape.joins; ++i) {
    for (size_t k = i + 1; k < parts.size() && parts[i].may_join(); ++k) {
      if (!parts[k].may_join() || !FitTogether(parts[i], parts[k], shape)) continue;
      parts[i].joined = parts[k].joined = true;
      pairs.emplace_back(&parts[i], &parts[k]);
    }
  }
  return pairs;
}

void AppendParts(std::vector<Part>& parts, const SelectionShape& shape, SelectionBlock& block) {
  const std::vector<Pair> pairs = JoinParts(shape, parts);
  for (const Part& part : parts) {
    for (size_t code = 0; code + 1 < part.codes(); code += 2) {
      block.windows.push_back(part.start);
      AppendCode({{&part, code}}, shape, block.codes);
      AppendCode({{&part, code + 1}}, shape, block.codes);
    }
  }
  block.doubles = int64_t(block.windows.size());
  for (const Part& part : parts) {
    if (part.codes() % 2 == 0) continue;
    block.windows.push_back(part.start);
    AppendCode({{&part, part.codes() - 1}}, shape, block.codes);
  }
  block.singles = int64_t(block.windows.size()) - block.doubles;
  for (const auto& [a, b] : pairs) {
    block.windows.insert(block.windows.end(), {a->start, b->start});
    AppendCode({{a, a->codes()}}, shape, block.codes);
    AppendCode({{b, b->codes()}}, shape, block.codes);
    AppendCode({{a, a->full_codes}, {b, b->full_codes, shape.window}}, shape, block.codes);
  }
  block.joined = int64_t(pairs.size());
}

int64_t HalfOf(int shift) { return shift == 0 ? 0 : int64_t{1} << (shift - 1); }

// Sums wrap as 32-bit words do.
void AppendRow(const array::MatrixStep& step, int row, const SelectionOptions& options, SelectionBlock& block) {
  const bool exists = row < step.matrix.rows;
  const int shift = exists && !step.is_logits ? step.shift[size_t(row)] : 0;
  const int residual_shift = exists && step.residual ? step.shift[size_t(row)] + step.residual->exponent : 0;
  int64_t bias = exists ? step.bias[size_t(row)] : 0;
  if (exists && step.residual) bias -= int64_t{options.residual_zero_point} << residual_shift;
  if (options.rounds) bias += HalfOf(shift);
  block.bias.push_back(int32_t(bias));
  block.shift.push_back(shift);
  block.residual_shift.push_back(residual_shift);
}

}  // namespace

std::vector<SelectionBlock> Select(const array::MatrixStep& step, const PixelLayout& input,
                                   const SelectionOptions& options) {
  const SelectionShape& shape = options.shape;
  const Windows windows = PlaceColumns(step, input, shape.window);
  std::vector<Part> parts;
  for (const int64_t start : windows.starts)
    parts.push_back({start, std::vector<std::vector<Entry>>(size_t(shape.rows))});
  std::vector<SelectionBlock> blocks;
  for (int begin = 0; begin < step.matrix.rows; begin += shape.rows) {
    SelectionBlock& block = blocks.emplace_back();
    FillParts(step, windows, begin, shape, parts);
    AppendParts(parts, shape, block);
    for (int row = begin; row < begin + shape.rows; ++row) AppendRow(step, row, options, block);
  }
  return blocks;
}

}  // namespace colonnade::executors
