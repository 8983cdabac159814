// SPDX-License-Identifier: Apache-2.0
// Results as JSON: field names of the API, numbers as numbers, choices as lower-case
// words, times as "2026-01-31T09:30:00.000Z", that of an erasure with the nanoseconds
// that were signed. What is absent is left out.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "colonnade/client.h"

namespace colonnade::cli {

using Json = nlohmann::ordered_json;

Json ToJson(client::Time time);
Json ToJson(const client::Shape& shape);
Json ToJson(const client::Normalization& normalization);
Json ToJson(const client::NodeVerdict& node);
Json ToJson(const client::LayerReport& layer);
Json ToJson(const client::ModelReport& report);
Json ToJson(const client::Model& model);
Json ToJson(const client::Source& source);
Json ToJson(const client::ErasureRecord& record);
Json ToJson(const client::Dataset& dataset);
Json ToJson(const client::Measured& measured);
Json ToJson(const client::JobResult& result);
Json ToJson(const client::Job& job);
Json ToJson(const client::JobEvent& event);
Json ToJson(const client::Artifact& artifact);
Json ToJson(const client::ServerStatus& status);

// An array of all of them.
template <typename T>
Json ToJson(const std::vector<T>& values) {
  Json array = Json::array();
  for (const T& value : values) array.push_back(ToJson(value));
  return array;
}

// Text of a document, indented, or of one line. Bytes that are no UTF-8 are replaced.
std::string Indented(const Json& json);
std::string OneLine(const Json& json);

}  // namespace colonnade::cli
