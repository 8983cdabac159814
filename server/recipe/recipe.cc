// SPDX-License-Identifier: Apache-2.0
// Works on messages by reflection, so that the table is the only place that knows a
// setting's name, range and default.
#include "server/recipe/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/status.h"
#include "server/recipe/settings.h"
#include "server/recipe/unknown_fields.h"

namespace colonnade::recipe {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Field `name` of a message that is called `path` in errors.
struct Field {
  Message& message;
  std::string path;
  const FieldDescriptor* descriptor;

  Field(Message& in, std::string_view of, std::string_view name)
      : message(in), path(fmt::format("{}.{}", of, name)),
        descriptor(in.GetDescriptor()->FindFieldByName(std::string(name))) {}

  bool present() const { return message.GetReflection()->HasField(message, descriptor); }

  double value() const {
    const auto* reflection = message.GetReflection();
    switch (descriptor->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32: return reflection->GetInt32(message, descriptor);
      case FieldDescriptor::CPPTYPE_INT64: return double(reflection->GetInt64(message, descriptor));
      default: return reflection->GetDouble(message, descriptor);
    }
  }

  void set(double value) {
    const auto* reflection = message.GetReflection();
    switch (descriptor->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32: return reflection->SetInt32(&message, descriptor, int32_t(value));
      case FieldDescriptor::CPPTYPE_INT64: return reflection->SetInt64(&message, descriptor, int64_t(value));
      default: return reflection->SetDouble(&message, descriptor, value);
    }
  }
};

template <typename Numbers>
absl::Status ResolveNumbers(const Numbers& numbers, std::string_view path, Message& message) {
  for (const Number& number : numbers) {
    Field field(message, path, number.name);
    if (!field.present()) field.set(number.otherwise);
    COLONNADE_RETURN_IF_ERROR(CheckRange(field.path, field.value(), number.range));
  }
  return absl::OkStatus();
}

std::string Names(const EnumDescriptor& values) {
  std::vector<std::string_view> names;
  for (int i = 1; i < values.value_count(); ++i) names.push_back(values.value(i)->name());
  return fmt::format("{}", fmt::join(names, ", "));
}

template <typename Choices>
absl::Status ResolveChoices(const Choices& choices, std::string_view path, Message& message) {
  for (const Choice& choice : choices) {
    const Field field(message, path, choice.name);
    const auto* reflection = message.GetReflection();
    const int value = reflection->GetEnumValue(message, field.descriptor);
    if (value == 0) reflection->SetEnumValue(&message, field.descriptor, choice.otherwise);
    const EnumDescriptor& values = *field.descriptor->enum_type();
    if (values.FindValueByNumber(value) != nullptr) continue;
    return InvalidField(field.path, fmt::format("{} is not one of {}", value, Names(values)));
  }
  return absl::OkStatus();
}

absl::Status CheckAllocation(v1::PackingSettings& packing) {
  for (const Number& number : kAllocation) {
    const Field field(packing, "recipe.packing", number.name);
    if (field.present()) COLONNADE_RETURN_IF_ERROR(CheckRange(field.path, field.value(), number.range));
  }
  return absl::OkStatus();
}

absl::Status CheckPrivacy(v1::PrivacySettings& privacy) {
  for (const Number& number : kPrivacy) {
    const Field field(privacy, "recipe.privacy", number.name);
    COLONNADE_RETURN_IF_ERROR(CheckRange(field.path, field.value(), number.range));
  }
  return absl::OkStatus();
}

absl::Status CheckOverrides(const v1::PackingSettings& packing, int array_alpha) {
  COLONNADE_RETURN_IF_ERROR(CheckRange("recipe.packing.layers", packing.layers_size(), {0, kMaxOverrides}));
  for (int i = 0; i < packing.layers_size(); ++i) {
    const v1::LayerOverride& layer = packing.layers(i);
    const std::string path = fmt::format("recipe.packing.layers[{}]", i);
    const auto length = int(layer.pattern().size());
    if (length < 1 || length > kMaxPattern) {
      return InvalidField(path + ".pattern", fmt::format("{} characters; must be 1 to {}", length, kMaxPattern));
    }
    if (!layer.has_alpha()) continue;
    COLONNADE_RETURN_IF_ERROR(CheckRange(path + ".alpha", layer.alpha(), {1, double(array_alpha)}));
  }
  return absl::OkStatus();
}

absl::Status ResolvePacking(int array_alpha, v1::PackingSettings& packing) {
  const int alpha = packing.has_alpha() ? packing.alpha() : std::min(kDefaultAlpha, array_alpha);
  COLONNADE_RETURN_IF_ERROR(ResolveNumbers(PackingNumbers(alpha, array_alpha), "recipe.packing", packing));
  COLONNADE_RETURN_IF_ERROR(ResolveChoices(kPackingChoices, "recipe.packing", packing));
  if (!packing.has_compensate()) packing.set_compensate(true);
  COLONNADE_RETURN_IF_ERROR(CheckAllocation(packing));
  return CheckOverrides(packing, array_alpha);
}

absl::Status ResolveTraining(v1::TrainingSettings& training) {
  COLONNADE_RETURN_IF_ERROR(ResolveNumbers(kTraining, "recipe.training", training));
  return ResolveChoices(kTrainingChoices, "recipe.training", training);
}

absl::Status ResolveQuantization(v1::QuantizationSettings& quantization) {
  COLONNADE_RETURN_IF_ERROR(ResolveNumbers(kQuantization, "recipe.quantization", quantization));
  return ResolveChoices(kQuantizationChoices, "recipe.quantization", quantization);
}

}  // namespace

absl::StatusOr<v1::Recipe> Resolve(const v1::Recipe& recipe, int array_alpha) {
  COLONNADE_RETURN_IF_ERROR(RefuseUnknownFields(recipe, "recipe"));
  v1::Recipe resolved = recipe;
  COLONNADE_RETURN_IF_ERROR(ResolvePacking(array_alpha, *resolved.mutable_packing()));
  COLONNADE_RETURN_IF_ERROR(ResolveTraining(*resolved.mutable_training()));
  COLONNADE_RETURN_IF_ERROR(ResolveQuantization(*resolved.mutable_quantization()));
  if (resolved.has_privacy()) COLONNADE_RETURN_IF_ERROR(CheckPrivacy(*resolved.mutable_privacy()));
  return resolved;
}

}  // namespace colonnade::recipe
