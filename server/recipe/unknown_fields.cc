// SPDX-License-Identifier: Apache-2.0
#include "server/recipe/unknown_fields.h"

#include <fmt/format.h>

#include <vector>

#include "google/protobuf/unknown_field_set.h"
#include "server/base/status.h"

namespace colonnade::recipe {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

absl::Status RefuseUnknownFields(const Message& message, const std::string& path) {
  const auto* reflection = message.GetReflection();
  const auto& unknown = reflection->GetUnknownFields(message);
  if (!unknown.empty()) return InvalidField(path, fmt::format("has no field {}", unknown.field(0).number()));
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const std::string inner = fmt::format("{}.{}", path, field->name());
    if (!field->is_repeated()) {
      COLONNADE_RETURN_IF_ERROR(RefuseUnknownFields(reflection->GetMessage(message, field), inner));
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      COLONNADE_RETURN_IF_ERROR(
          RefuseUnknownFields(reflection->GetRepeatedMessage(message, field, i), fmt::format("{}[{}]", inner, i)));
    }
  }
  return absl::OkStatus();
}

}  // namespace colonnade::recipe
