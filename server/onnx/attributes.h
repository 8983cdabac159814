// SPDX-License-Identifier: Apache-2.0
// Typed, range-checked reading of a node's attributes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/onnx/onnx_proto.h"

namespace colonnade::onnx {

// Every getter returns nullopt or the fallback for an absent attribute and
// INVALID_ARGUMENT, naming node and attribute, for one of another type or outside
// `low` .. `high`. Attributes that were never asked for are an error at the end
// (Finish): what we do not know might change the result.
class Attributes {
 public:
  // `node` must outlive this object; `place` starts the messages.
  Attributes(const NodeProto& node, std::string place) : node_(node), place_(std::move(place)) {}

  absl::StatusOr<int64_t> Int(std::string_view name, int64_t fallback, int64_t low, int64_t high);
  absl::StatusOr<float> Float(std::string_view name, float fallback);
  absl::StatusOr<std::string> String(std::string_view name, std::string_view fallback);

  // Exactly `count` values when count > 0, else at most 64.
  absl::StatusOr<std::optional<std::vector<int64_t>>> Ints(std::string_view name, int count, int64_t low,
                                                           int64_t high);

  // The attribute itself, marked as read, or null; for Constant nodes.
  const AttributeProto* Take(std::string_view name);

  absl::Status Finish() const;

  const std::string& place() const { return place_; }

 private:
  absl::StatusOr<const AttributeProto*> Find(std::string_view name, AttributeProto::AttributeType type);
  absl::Status CheckRange(std::string_view name, int64_t value, int64_t low, int64_t high) const;

  const NodeProto& node_;
  std::string place_;
  std::unordered_set<std::string_view> read_;
};

}  // namespace colonnade::onnx
