// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>

namespace colonnade::client {

// A choice as recipes write it: "dense_first".
std::string EnumWord(const google::protobuf::EnumValueDescriptor& value);

}  // namespace colonnade::client
