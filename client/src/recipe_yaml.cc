// SPDX-License-Identifier: Apache-2.0
// YAML to the Recipe message, by reflection: what the message can say, a file can say,
// and a field added to the message needs no line here.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>

#include "client/src/recipe_words.h"
#include "colonnade/recipe.h"
#include "colonnade/v1/packing.pb.h"

namespace colonnade::client {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Levenshtein distance.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// Dotted keys of a message and of the sections in it.
void CollectKeys(const Descriptor& message, const std::string& prefix, std::vector<std::string>& keys) {
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    keys.push_back(prefix + field.name());
    if (field.message_type() && !field.is_repeated()) CollectKeys(*field.message_type(), keys.back() + ".", keys);
  }
}

// Of a section's own keys and those below it; a misplaced key is nearest to itself.
std::string NearestKey(const Descriptor& message, const std::string& unknown) {
  std::vector<std::string> keys;
  CollectKeys(message, "", keys);
  const auto distance = [&](const std::string& key) { return Distance(unknown, key.substr(key.rfind('.') + 1)); };
  return *std::min_element(keys.begin(), keys.end(),
                           [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
}

std::string Shown(const YAML::Node& node) {
  return node.IsScalar() ? "'" + node.Scalar() + "'"
         : node.IsNull() ? "nothing"
         : node.IsMap()  ? "a section"
                         : "a list";
}

Status WrongType(const std::string& key, const YAML::Node& node, const std::string& wanted) {
  return InvalidField(key, "must be " + wanted + ", not " + Shown(node));
}

// A plain scalar; text in quotes is a text, whatever it looks like.
template <typename T>
bool Read(const YAML::Node& node, T& value) {
  return node.IsScalar() && node.Tag() != "!" && YAML::convert<T>::decode(node, value);
}

Status SetInteger(Message& message, const FieldDescriptor& field, const YAML::Node& node, const std::string& key) {
  int64_t value = 0;
  if (!Read(node, value)) return WrongType(key, node, "a whole number");
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
    message.GetReflection()->SetInt64(&message, &field, value);
    return {};
  }
  if (value != int32_t(value)) return WrongType(key, node, "within 32 bits");
  message.GetReflection()->SetInt32(&message, &field, int32_t(value));
  return {};
}

Status SetDouble(Message& message, const FieldDescriptor& field, const YAML::Node& node, const std::string& key) {
  double value = 0;
  if (!Read(node, value)) return WrongType(key, node, "a number");
  message.GetReflection()->SetDouble(&message, &field, value);
  return {};
}

Status SetBool(Message& message, const FieldDescriptor& field, const YAML::Node& node, const std::string& key) {
  bool value = false;
  if (!Read(node, value)) return WrongType(key, node, "true or false");
  message.GetReflection()->SetBool(&message, &field, value);
  return {};
}

Status SetString(Message& message, const FieldDescriptor& field, const YAML::Node& node, const std::string& key) {
  if (!node.IsScalar()) return WrongType(key, node, "a text");
  message.GetReflection()->SetString(&message, &field, node.Scalar());
  return {};
}

Status SetEnum(Message& message, const FieldDescriptor& field, const YAML::Node& node, const std::string& key) {
  std::string words;
  for (int i = 0; i < field.enum_type()->value_count(); ++i) {
    const auto& value = *field.enum_type()->value(i);
    if (value.number() == 0) continue;
    if (node.IsScalar() && node.Scalar() == EnumWord(value)) {
      message.GetReflection()->SetEnum(&message, &field, &value);
      return {};
    }
    words += (words.empty() ? "" : ", ") + EnumWord(value);
  }
  return WrongType(key, node, "one of " + words);
}

Status SetSection(Message& message, const YAML::Node& node, const std::string& path);

Status SetList(Message& message, const FieldDescriptor& field, const YAML::Node& node, const std::string& key) {
  if (!node.IsSequence()) return WrongType(key, node, "a list");
  for (size_t i = 0; i < node.size(); ++i) {
    Message& item = *message.GetReflection()->AddMessage(&message, &field);
    if (Status status = SetSection(item, node[i], key + "[" + std::to_string(i) + "]"); !status.ok()) return status;
  }
  return {};
}

Status SetField(Message& message, const FieldDescriptor& field, const YAML::Node& node, const std::string& key) {
  if (field.is_repeated()) return SetList(message, field, node, key);
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64: return SetInteger(message, field, node, key);
    case FieldDescriptor::CPPTYPE_DOUBLE: return SetDouble(message, field, node, key);
    case FieldDescriptor::CPPTYPE_BOOL: return SetBool(message, field, node, key);
    case FieldDescriptor::CPPTYPE_STRING: return SetString(message, field, node, key);
    case FieldDescriptor::CPPTYPE_ENUM: return SetEnum(message, field, node, key);
    default: break;
  }
  if (node.IsNull()) return {};  // a section without settings is not given
  return SetSection(*message.GetReflection()->MutableMessage(&message, &field), node, key);
}

// Two members of a oneof would silently overwrite each other.
Status CheckAlone(const Message& message, const FieldDescriptor& field, const std::string& key) {
  const auto* group = field.real_containing_oneof();
  if (!group || !message.GetReflection()->HasOneof(message, group)) return {};
  const auto* other = message.GetReflection()->GetOneofFieldDescriptor(message, group);
  return InvalidField(key, "cannot be given together with " + other->name());
}

Status SetSection(Message& message, const YAML::Node& node, const std::string& path) {
  if (node.IsNull()) return {};
  if (!node.IsMap()) return WrongType(path, node, "a section of settings");
  std::set<std::string> given;
  for (const auto& entry : node) {
    const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "?";
    const std::string key = path + "." + name;
    const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
    if (!field) {
      return InvalidField(key, "no such setting; nearest is " + NearestKey(*message.GetDescriptor(), name));
    }
    if (!given.insert(name).second) return InvalidField(key, "is given twice");
    if (Status status = CheckAlone(message, *field, key); !status.ok()) return status;
    if (Status status = SetField(message, *field, entry.second, key); !status.ok()) return status;
  }
  return {};
}

Result<YAML::Node> Load(std::string_view text) {
  try {
    return YAML::Load(std::string(text));
  } catch (const YAML::Exception& error) {
    return InvalidField("recipe", std::string("not YAML: ") + error.what());
  }
}

}  // namespace

Result<Recipe> RecipeFromYaml(std::string_view text) {
  const Result<YAML::Node> root = Load(text);
  if (!root.ok()) return root.status();
  v1::Recipe recipe;
  if (Status status = SetSection(recipe, *root, "recipe"); !status.ok()) return status;
  return Recipe::FromSerialized(recipe.SerializeAsString());
}

}  // namespace colonnade::client
