// SPDX-License-Identifier: Apache-2.0
#include "server/serving/model.h"

namespace colonnade::serving {

std::string_view ToString(DataType type) { return type == DataType::kFp32 ? "FP32" : "UINT8"; }

int SizeOf(DataType type) { return type == DataType::kFp32 ? 4 : 1; }

}  // namespace colonnade::serving
