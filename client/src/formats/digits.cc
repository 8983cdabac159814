// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "client/src/formats/byte_stream.h"
#include "client/src/formats/errors.h"
#include "client/src/formats/readers.h"
#include "client/src/formats/selection.h"

namespace colonnade::client {
namespace {

// The file is sorted by writer. Order and scaling are those that the network
// deploy/models/digits.onnx was trained with: what it held out stays held out.
constexpr int64_t kDigits = 1797;
constexpr int64_t kStride = 1009;
constexpr ImageShape kShape{1, 8, 8};
constexpr int kShades = 16;
constexpr int kClasses = 10;
constexpr int64_t kMaxText = 1 << 20;

std::vector<std::string_view> SplitLines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    if (lines.back().ends_with('\r')) lines.back().remove_suffix(1);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// Takes a number and the comma after it, unless it is the last of the line.
std::optional<int> TakeNumber(std::string_view& line, int highest, bool last) {
  int value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc() || value < 0 || value > highest) return std::nullopt;
  line.remove_prefix(size_t(end - line.data()));
  if (last) return line.empty() ? std::optional(value) : std::nullopt;
  if (!line.starts_with(',')) return std::nullopt;
  line.remove_prefix(1);
  return value;
}

bool AppendDigit(std::string_view line, Records& records) {
  for (int64_t i = 0; i < kShape.size(); ++i) {
    const auto shade = TakeNumber(line, kShades, false);
    if (!shade) return false;
    records.pixels.push_back(uint8_t((*shade * 255 + kShades / 2) / kShades));
  }
  const auto label = TakeNumber(line, kClasses - 1, true);
  if (label) records.labels.push_back(uint32_t(*label));
  return label.has_value();
}

}  // namespace

Result<Records> ReadDigits(const std::string& path, const FormatOptions& options) {
  const Result<std::unique_ptr<ByteStream>> stream = OpenFile(path);
  if (!stream.ok()) return stream.status();
  const Result<std::vector<uint8_t>> text = (*stream)->ReadRest(kMaxText);
  if (!text.ok()) return text.status();
  const auto lines = SplitLines({reinterpret_cast<const char*>(text->data()), text->size()});
  if (int64_t(lines.size()) != kDigits) {
    return Refuse(
        path, fmt::format("{} lines; the digits are {}: pass digits.csv.gz of scikit-learn", lines.size(), kDigits));
  }
  const Result<Selection> selection = Select(path, kDigits, kShape, options);
  if (!selection.ok()) return selection.status();
  Records records = EmptyRecords(kShape);
  records.classes = kClasses;
  records.files.push_back(path);
  for (int64_t place = selection->begin; place < selection->begin + selection->count; ++place) {
    const int64_t line = place * kStride % kDigits;
    if (AppendDigit(lines[size_t(line)], records)) continue;
    return Refuse(path, fmt::format("line {} is not 64 numbers of 0 to {} and a label of 0 to 9", line + 1, kShades));
  }
  return records;
}

}  // namespace colonnade::client
