// SPDX-License-Identifier: Apache-2.0
// The contract's messages as the library's plain types.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>
#include <google/protobuf/timestamp.pb.h>

#include <vector>

#include "colonnade/client.h"
#include "colonnade/v1/artifacts.pb.h"
#include "colonnade/v1/common.pb.h"
#include "colonnade/v1/datasets.pb.h"
#include "colonnade/v1/models.pb.h"
#include "colonnade/v1/packing.pb.h"
#include "colonnade/v1/system.pb.h"

namespace colonnade::client {

Time FromProto(const google::protobuf::Timestamp& time);
Shape FromProto(const v1::Shape& shape);
Normalization FromProto(const v1::Normalization& normalization);
NodeVerdict FromProto(const v1::NodeVerdict& node);
LayerReport FromProto(const v1::LayerReport& layer);
ModelReport FromProto(const v1::ModelReport& report);
Model FromProto(const v1::Model& model);
Source FromProto(const v1::Source& source);
ErasureRecord FromProto(const v1::ErasureRecord& record);
Dataset FromProto(const v1::Dataset& dataset);
JobResult FromProto(const v1::JobResult& result);
Job FromProto(const v1::Job& job);
JobEvent FromProto(const v1::JobEvent& event);
Artifact FromProto(const v1::Artifact& artifact);
ServerStatus FromProto(const v1::Status& status);

// The value as one of Enum, whose last is given; 0 for values of a newer server.
template <typename Enum>
Enum Known(int value, Enum last) {
  return value >= 0 && value <= int(last) ? Enum(value) : Enum(0);
}

// Appends all of `messages`.
template <typename T, typename Message>
void Append(const google::protobuf::RepeatedPtrField<Message>& messages, std::vector<T>& out) {
  for (const Message& message : messages) out.push_back(FromProto(message));
}

}  // namespace colonnade::client
