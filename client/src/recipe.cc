// SPDX-License-Identifier: Apache-2.0
#include "colonnade/recipe.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cctype>
#include <nlohmann/json.hpp>

#include "client/src/recipe_words.h"
#include "colonnade/v1/packing.pb.h"

namespace colonnade::client {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Json = nlohmann::ordered_json;

v1::Recipe Parse(const std::string& serialized) {
  v1::Recipe recipe;
  recipe.ParseFromString(serialized);
  return recipe;
}

Json ToJsonObject(const Message& message);

Json ScalarToJson(const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: return reflection.GetInt32(message, &field);
    case FieldDescriptor::CPPTYPE_INT64: return reflection.GetInt64(message, &field);
    case FieldDescriptor::CPPTYPE_DOUBLE: return reflection.GetDouble(message, &field);
    case FieldDescriptor::CPPTYPE_BOOL: return reflection.GetBool(message, &field);
    case FieldDescriptor::CPPTYPE_STRING: return reflection.GetString(message, &field);
    case FieldDescriptor::CPPTYPE_ENUM: return EnumWord(*reflection.GetEnum(message, &field));
    case FieldDescriptor::CPPTYPE_MESSAGE: return ToJsonObject(reflection.GetMessage(message, &field));
    default: return nullptr;
  }
}

Json ListToJson(const Message& message, const FieldDescriptor& field) {
  Json list = Json::array();
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    list.push_back(ToJsonObject(message.GetReflection()->GetRepeatedMessage(message, &field, i)));
  }
  return list;
}

Json ToJsonObject(const Message& message) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  Json object = Json::object();
  for (const FieldDescriptor* field : fields) {
    object[field->name()] = field->is_repeated() ? ListToJson(message, *field) : ScalarToJson(message, *field);
  }
  return object;
}

}  // namespace

std::string EnumWord(const google::protobuf::EnumValueDescriptor& value) {
  std::string word = value.name();
  for (char& c : word) c = char(std::tolower(static_cast<unsigned char>(c)));
  return word;
}

void Recipe::SetAlpha(int alpha) {
  v1::Recipe recipe = Parse(serialized_);
  recipe.mutable_packing()->set_alpha(alpha);
  serialized_ = recipe.SerializeAsString();
}

void Recipe::SetGamma(double gamma) {
  v1::Recipe recipe = Parse(serialized_);
  recipe.mutable_packing()->set_gamma(gamma);
  serialized_ = recipe.SerializeAsString();
}

std::string Recipe::ToJson() const { return ToJsonObject(Parse(serialized_)).dump(); }

Recipe Recipe::FromSerialized(std::string serialized) {
  Recipe recipe;
  recipe.serialized_ = std::move(serialized);
  return recipe;
}

}  // namespace colonnade::client
