// SPDX-License-Identifier: Apache-2.0
// Text for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "colonnade/common.h"

namespace colonnade::cli {

// Control characters as \xNN, so that names and messages cannot steer a terminal.
std::string Printable(std::string_view text);

// "3x32x32".
std::string ToText(const client::Shape& shape);

// "2026-01-31T09:30:00Z".
std::string ToText(client::Time time);

// "88.60 %".
std::string Percent(double fraction);

// "1.5 MiB".
std::string ByteCount(int64_t bytes);

// Columns as wide as their widest cell. Cells are made printable.
class Table {
 public:
  // Columns whose name begins with '>' are aligned to the right.
  explicit Table(std::vector<std::string> columns);
  void Add(std::vector<std::string> row);
  std::string ToString() const;

 private:
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;  // the first holds the names
};

}  // namespace colonnade::cli
