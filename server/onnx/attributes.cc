// SPDX-License-Identifier: Apache-2.0
#include "server/onnx/attributes.h"

#include <fmt/format.h>

#include <cmath>

#include "server/base/status.h"

namespace colonnade::onnx {
namespace {

constexpr int kMaxInts = 64;

}  // namespace

const AttributeProto* Attributes::Take(std::string_view name) {
  for (const AttributeProto& attribute : node_.attribute()) {
    if (attribute.name() != name) continue;
    read_.insert(attribute.name());
    return &attribute;
  }
  return nullptr;
}

absl::StatusOr<const AttributeProto*> Attributes::Find(std::string_view name,
                                                       AttributeProto::AttributeType type) {
  const AttributeProto* attribute = Take(name);
  if (attribute == nullptr || attribute->type() == type) return attribute;
  return InvalidField(
      fmt::format("{}.{}", place_, name),
      fmt::format("has type {}; must be {}", AttributeProto::AttributeType_Name(attribute->type()),
                  AttributeProto::AttributeType_Name(type)));
}

absl::Status Attributes::CheckRange(std::string_view name, int64_t value, int64_t low, int64_t high) const {
  if (value >= low && value <= high) return absl::OkStatus();
  return InvalidField(fmt::format("{}.{}", place_, name),
                      fmt::format("is {}; must be {} to {}", value, low, high));
}

absl::StatusOr<int64_t> Attributes::Int(std::string_view name, int64_t fallback, int64_t low, int64_t high) {
  COLONNADE_ASSIGN_OR_RETURN(const AttributeProto* attribute, Find(name, AttributeProto::INT));
  if (attribute == nullptr) return fallback;
  COLONNADE_RETURN_IF_ERROR(CheckRange(name, attribute->i(), low, high));
  return attribute->i();
}

absl::StatusOr<float> Attributes::Float(std::string_view name, float fallback) {
  COLONNADE_ASSIGN_OR_RETURN(const AttributeProto* attribute, Find(name, AttributeProto::FLOAT));
  if (attribute == nullptr) return fallback;
  if (std::isfinite(attribute->f())) return attribute->f();
  return InvalidField(fmt::format("{}.{}", place_, name),
                      fmt::format("is {}; must be finite", attribute->f()));
}

absl::StatusOr<std::string> Attributes::String(std::string_view name, std::string_view fallback) {
  COLONNADE_ASSIGN_OR_RETURN(const AttributeProto* attribute, Find(name, AttributeProto::STRING));
  return attribute == nullptr ? std::string(fallback) : attribute->s();
}

absl::StatusOr<std::optional<std::vector<int64_t>>> Attributes::Ints(std::string_view name, int count,
                                                                     int64_t low, int64_t high) {
  COLONNADE_ASSIGN_OR_RETURN(const AttributeProto* attribute, Find(name, AttributeProto::INTS));
  if (attribute == nullptr) return std::nullopt;
  const int found = attribute->ints_size();
  if (count > 0 ? found != count : found > kMaxInts) {
    return InvalidField(fmt::format("{}.{}", place_, name),
                        fmt::format("has {} values; must have {}{}", found, count > 0 ? "" : "at most ",
                                    count > 0 ? count : kMaxInts));
  }
  for (int i = 0; i < found; ++i) {
    COLONNADE_RETURN_IF_ERROR(CheckRange(fmt::format("{}[{}]", name, i), attribute->ints(i), low, high));
  }
  return std::vector<int64_t>(attribute->ints().begin(), attribute->ints().end());
}

absl::Status Attributes::Finish() const {
  for (const AttributeProto& attribute : node_.attribute()) {
    if (!read_.contains(attribute.name())) {
      return InvalidField(fmt::format("{}.{}", place_, attribute.name()),
                          "is no attribute of this operator in this opset");
    }
  }
  return absl::OkStatus();
}

}  // namespace colonnade::onnx
