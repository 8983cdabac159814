// SPDX-License-Identifier: Apache-2.0
// Pages of List calls: what a request asks for, and the token of the next page.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "colonnade/v1/common.pb.h"

namespace colonnade::jobs {

struct Page {
  int limit = 0;      // results wanted, 1..1000
  std::string after;  // key of the last result of the page before; empty at the beginning

  // The same where keys are numbers, from 1; 0 at the beginning.
  int64_t after_number() const;
};

// INVALID_ARGUMENT for a page size out of range or a token that is none of ours.
absl::StatusOr<Page> ReadPage(const v1::PageRequest& request);

// The token that continues after the result with this key.
std::string PageToken(const std::string& key);

// Cuts `results`, of which one more than page.limit were asked for, to the page's size.
// Returns the token of the next page, empty when this is the last one.
template <typename Results, typename KeyOf>
std::string CutToPage(const Page& page, Results& results, KeyOf&& key_of) {
  if (int(results.size()) <= page.limit) return {};
  results.erase(results.begin() + page.limit, results.end());
  return PageToken(key_of(results.back()));
}

}  // namespace colonnade::jobs
