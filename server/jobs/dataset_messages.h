// SPDX-License-Identifier: Apache-2.0
// The vault's structs as the contract's messages, and back.
#pragma once

#include <string>

#include "colonnade/v1/datasets.pb.h"
#include "server/privacy/vault.h"

namespace colonnade::jobs {

// REQUIRES: the header's ranges are checked (rpc/datasets_service.h).
privacy::DatasetSpec ToSpec(const std::string& tenant, const v1::PushDatasetRequest::Header& header);

v1::Source ToMessage(const privacy::SourceInfo& source);
v1::ErasureRecord ToMessage(const privacy::ErasureInfo& erasure);
// Without source_usage.
v1::Dataset ToMessage(const privacy::DatasetInfo& dataset);

}  // namespace colonnade::jobs
