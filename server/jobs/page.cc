// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/page.h"

#include <fmt/format.h>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "server/base/status.h"

namespace colonnade::jobs {
namespace {

constexpr int kDefaultSize = 100, kMaxSize = 1000;
constexpr std::string_view kMark = "after:";

}  // namespace

int64_t Page::after_number() const {
  int64_t number = 0;
  return absl::SimpleAtoi(after, &number) ? number : 0;
}

absl::StatusOr<Page> ReadPage(const v1::PageRequest& request) {
  if (request.page_size() < 0 || request.page_size() > kMaxSize) {
    return InvalidField("page.page_size", fmt::format("{} is not within 0 to {}", request.page_size(), kMaxSize));
  }
  Page page{request.page_size() == 0 ? kDefaultSize : request.page_size(), {}};
  if (request.page_token().empty()) return page;
  std::string text;
  if (!absl::WebSafeBase64Unescape(request.page_token(), &text) || text.rfind(kMark, 0) != 0) {
    return InvalidField("page.page_token", "not a token of this server; leave it empty for the first page");
  }
  page.after = text.substr(kMark.size());
  return page;
}

std::string PageToken(const std::string& key) { return absl::WebSafeBase64Escape(std::string(kMark) + key); }

}  // namespace colonnade::jobs
