// SPDX-License-Identifier: Apache-2.0
#include "client/src/formats/npy_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "client/src/formats/errors.h"

namespace colonnade::client {
namespace {

constexpr size_t kMaxText = 65536;
constexpr size_t kMaxDimensions = 32;

// Walks through the dictionary's text.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  // Passes `expected`, after blanks; false where something else stands.
  bool Take(std::string_view expected) {
    text_.remove_prefix(std::min(text_.find_first_not_of(" \n"), text_.size()));
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(expected.size());
    return true;
  }

  std::optional<std::string> Quoted() {
    if (!Take("'")) return std::nullopt;
    const size_t end = text_.find('\'');
    if (end == std::string_view::npos) return std::nullopt;
    std::string quoted(text_.substr(0, end));
    text_.remove_prefix(end + 1);
    return quoted;
  }

  std::optional<int64_t> Number() {
    Take("");
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc() || value < 0) return std::nullopt;
    text_.remove_prefix(size_t(end - text_.data()));
    return value;
  }

  std::optional<bool> Truth() {
    if (Take("True")) return true;
    if (Take("False")) return false;
    return std::nullopt;
  }

  // (3,) or (3, 4): as Python writes tuples.
  std::optional<std::vector<int64_t>> Tuple() {
    std::vector<int64_t> values;
    if (!Take("(")) return std::nullopt;
    while (!Take(")")) {
      const auto value = Number();
      if (!value || values.size() == kMaxDimensions) return std::nullopt;
      values.push_back(*value);
      if (Take(",")) continue;
      return Take(")") ? std::optional(values) : std::nullopt;
    }
    return values;
  }

 private:
  std::string_view text_;
};

struct Dictionary {
  std::optional<std::string> descr;
  std::optional<bool> fortran_order;
  std::optional<std::vector<int64_t>> shape;
  bool complete() const { return descr && fortran_order && shape; }
};

Dictionary Parse(std::string_view text) {
  Cursor cursor(text);
  Dictionary dictionary;
  if (!cursor.Take("{")) return {};
  while (!cursor.Take("}")) {
    const auto key = cursor.Quoted();
    if (!key || !cursor.Take(":")) return {};
    if (*key == "descr") {
      dictionary.descr = cursor.Quoted();
    } else if (*key == "fortran_order") {
      dictionary.fortran_order = cursor.Truth();
    } else if (*key == "shape") {
      dictionary.shape = cursor.Tuple();
    }
    if (!cursor.Take(",")) return cursor.Take("}") ? dictionary : Dictionary{};
  }
  return dictionary;
}

// "<i8" and the like.
std::optional<NpyType> ParseType(std::string_view descr) {
  if (descr.size() != 3 || std::string_view("<>|=").find(descr[0]) == std::string_view::npos) return std::nullopt;
  const NpyType type{descr[1], descr[2] - '0', descr[0] == '>'};
  const bool whole = type.bytes == 1 || type.bytes == 2 || type.bytes == 4 || type.bytes == 8;
  return whole ? std::optional(type) : std::nullopt;
}

// The text after magic, version and length.
Result<std::string> ReadText(ByteStream& stream) {
  std::array<uint8_t, 8> start;
  if (Status status = stream.Read(start); !status.ok()) return status;
  if (!std::equal(std::begin(kNpyMagic), std::end(kNpyMagic), start.begin())) {
    return Refuse(stream.name(), "no NumPy array: it does not begin with \\x93NUMPY");
  }
  if (start[6] < 1 || start[6] > 3) {
    return Refuse(stream.name(), fmt::format("NumPy format version {}; 1 to 3 can be read", start[6]));
  }
  std::array<uint8_t, 4> length = {};
  if (Status status = stream.Read(std::span(length).first(start[6] == 1 ? 2 : 4)); !status.ok()) return status;
  const size_t bytes = length[0] | size_t(length[1]) << 8 | size_t(length[2]) << 16 | size_t(length[3]) << 24;
  if (bytes > kMaxText) return Refuse(stream.name(), fmt::format("a header of {} bytes at byte 8", bytes));
  std::string text(bytes, '\0');
  if (Status status = stream.Read({reinterpret_cast<uint8_t*>(text.data()), bytes}); !status.ok()) return status;
  return text;
}

}  // namespace

Result<NpyHeader> ReadNpyHeader(ByteStream& stream) {
  const Result<std::string> text = ReadText(stream);
  if (!text.ok()) return text.status();
  const Dictionary dictionary = Parse(*text);
  if (!dictionary.complete()) {
    return Refuse(stream.name(), "its header names no simple array; save one with numpy.save");
  }
  const auto type = ParseType(*dictionary.descr);
  if (!type) return Refuse(stream.name(), fmt::format("values of type '{}' cannot be read", *dictionary.descr));
  if (*dictionary.fortran_order) {
    return Refuse(stream.name(), "stored in Fortran order; save numpy.ascontiguousarray(array)");
  }
  return NpyHeader{*dictionary.descr, *type, *dictionary.shape};
}

std::string ShapeText(const std::vector<int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

}  // namespace colonnade::client
