// SPDX-License-Identifier: Apache-2.0
#include "server/executors/selection.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace colonnade::executors {
namespace {

struct Entry {
  int row = 0;     // in the block
  int64_t at = 0;  // bytes from the pixel
  int64_t start = 0;  // where a window for it may begin
  int8_t weight = 0;
};

// A window does not begin inside of a pixel, unless pixels are longer than windows.
Entry EntryOf(const array::MatrixStep& step, const PixelLayout& input, int window, int row, int group) {
  const array::PackedMatrix& matrix = step.matrix;
  const size_t cell = size_t(row) * matrix.groups + group;
  const nn::Column& site = matrix.column_sites[size_t(matrix.group_columns[size_t(group)][matrix.lanes[cell]])];
  const int64_t tap = site.dy * step.window.dilation_h * input.line + site.dx * step.window.dilation_w * input.step;
  return {row, tap + site.channel, tap + site.channel / window * window, matrix.weights[cell]};
}

std::vector<Entry> EntriesOf(const array::MatrixStep& step, const PixelLayout& input, int window, int begin, int end) {
  std::vector<Entry> entries;
  for (int row = begin; row < end; ++row) {
    for (int group = 0; group < step.matrix.groups; ++group) {
      if (step.matrix.weights[size_t(row) * step.matrix.groups + group] == 0) continue;
      entries.push_back(EntryOf(step, input, window, row, group));
      entries.back().row -= begin;
    }
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.at < b.at; });
  return entries;
}

// Entries of one window, by row.
using Window = std::vector<std::vector<Entry>>;

std::map<int64_t, Window> WindowsOf(const std::vector<Entry>& entries, const SelectionShape& shape) {
  std::map<int64_t, Window> windows;
  int64_t start = 0;
  for (const Entry& entry : entries) {
    if (windows.empty() || entry.at >= start + shape.window) start = entry.start;
    Window& window = windows[start];
    window.resize(size_t(shape.rows));
    window[size_t(entry.row)].push_back(entry);
  }
  return windows;
}

size_t Most(const Window& window) {
  size_t most = 0;
  for (const std::vector<Entry>& row : window) most = std::max(most, row.size());
  return most;
}

// One code's entries, by row; positions count from the window's begin.
Window Positioned(const Window& window, int64_t start) {
  Window positioned = window;
  for (std::vector<Entry>& row : positioned) {
    for (Entry& entry : row) entry.at -= start;
  }
  return positioned;
}

// Takes up to `entries` of each row off the window.
Window Take(Window& window, size_t entries) {
  Window taken(window.size());
  for (size_t row = 0; row < window.size(); ++row) {
    const auto end = window[row].begin() + std::ptrdiff_t(std::min(entries, window[row].size()));
    taken[row].assign(window[row].begin(), end);
    window[row].erase(window[row].begin(), end);
  }
  return taken;
}

void AppendCode(const Window& code, const SelectionShape& shape, std::vector<uint8_t>& codes) {
  const size_t vector = size_t(shape.code_size()) / 2, base = codes.size();
  codes.resize(base + 2 * vector);
  for (size_t row = 0; row < code.size(); ++row) {
    for (size_t i = 0; i < size_t(shape.entries); ++i) {
      const size_t at = base + (row * size_t(shape.entries) + i) * size_t(shape.bytes);
      const bool filled = i < code[row].size();
      codes[at] = filled ? uint8_t(code[row][i].at) : 0;
      const int weight = filled ? code[row][i].weight : 0;
      codes[at + vector] = uint8_t(weight);
      if (shape.bytes == 1) continue;
      codes[at + 1] = 0x80;
      codes[at + vector + 1] = uint8_t(weight >> 8);
    }
  }
}

// Whether one code holds what both windows have.
bool FitTogether(const Window& a, const Window& b, size_t entries) {
  for (size_t row = 0; row < a.size(); ++row) {
    if (a[row].size() + b[row].size() > entries) return false;
  }
  return true;
}

// A window's codes, and what does not fill another one.
struct Part {
  int64_t start;
  std::vector<Window> codes;
  Window rest;
};

std::vector<Part> PartsOf(const std::map<int64_t, Window>& windows, const SelectionShape& shape) {
  std::vector<Part> parts;
  for (const auto& [start, window] : windows) {
    Part part{start, {}, Positioned(window, start)};
    while (Most(part.rest) >= size_t(shape.entries)) part.codes.push_back(Take(part.rest, size_t(shape.entries)));
    parts.push_back(std::move(part));
  }
  return parts;
}

// Two windows with an odd code each, and one code for the rest of both.
struct Joined {
  int64_t first, second;
  std::array<Window, 3> codes;
};

bool MayJoin(const Part& part) { return part.codes.size() % 2 == 1 && Most(part.rest) > 0; }

Joined Join(const SelectionShape& shape, Part& a, Part& b) {
  Joined joined{a.start, b.start, {a.codes.back(), b.codes.back(), a.rest}};
  for (size_t row = 0; row < b.rest.size(); ++row) {
    for (Entry entry : b.rest[row]) {
      entry.at += shape.window;
      joined.codes[2][row].push_back(entry);
    }
  }
  for (Part* part : {&a, &b}) {
    part->codes.pop_back();
    part->rest.clear();
  }
  return joined;
}

std::vector<Joined> JoinParts(const SelectionShape& shape, std::vector<Part>& parts) {
  std::vector<Joined> joined;
  for (size_t i = 0; i < parts.size() && shape.joins; ++i) {
    for (size_t k = i + 1; k < parts.size() && MayJoin(parts[i]); ++k) {
      if (!MayJoin(parts[k]) || !FitTogether(parts[i].rest, parts[k].rest, size_t(shape.entries))) continue;
      joined.push_back(Join(shape, parts[i], parts[k]));
    }
  }
  return joined;
}

void AppendWindows(const std::map<int64_t, Window>& windows, const SelectionShape& shape, SelectionBlock& block) {
  std::vector<Part> parts = PartsOf(windows, shape);
  const std::vector<Joined> joined = JoinParts(shape, parts);
  for (Part& part : parts) {
    if (Most(part.rest) > 0) part.codes.push_back(std::move(part.rest));
    for (size_t i = 0; i + 1 < part.codes.size(); i += 2) {
      block.windows.push_back(part.start);
      AppendCode(part.codes[i], shape, block.codes);
      AppendCode(part.codes[i + 1], shape, block.codes);
    }
  }
  block.doubles = int64_t(block.windows.size());
  for (const Part& part : parts) {
    if (part.codes.size() % 2 == 0) continue;
    block.windows.push_back(part.start);
    AppendCode(part.codes.back(), shape, block.codes);
  }
  block.singles = int64_t(block.windows.size()) - block.doubles;
  for (const Joined& pair : joined) {
    block.windows.insert(block.windows.end(), {pair.first, pair.second});
    for (const Window& code : pair.codes) AppendCode(code, shape, block.codes);
  }
  block.joined = int64_t(joined.size());
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
  std::vector<SelectionBlock> blocks;
  for (int begin = 0; begin < step.matrix.rows; begin += shape.rows) {
    SelectionBlock& block = blocks.emplace_back();
    const int end = std::min(begin + shape.rows, step.matrix.rows);
    AppendWindows(WindowsOf(EntriesOf(step, input, shape.window, begin, end), shape), shape, block);
    for (int row = begin; row < begin + shape.rows; ++row) AppendRow(step, row, options, block);
  }
  return blocks;
}

}  // namespace colonnade::executors
