// SPDX-License-Identifier: Apache-2.0
// The part of a report about what the array spends on an image.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "server/array/array_program.h"

namespace colonnade::pipeline {

// {"array": its name, "cycles": {fill, stream, drain, weight_load, stall}, "energy": {"modelled":
// true, "table", "table_version", "nanojoules" and, "of" it, each component}} of one image.
nlohmann::json ArrayCost(const array::ArrayProgram& program);

// {"modelled": true, "arrays", "cells", "latency", "interval", "line_buffer_bytes"}: one array
// per layer, pixels streaming through all of them (compiler/pipelining.h), in cycles.
nlohmann::json PipelinedCost(const array::ArrayProgram& program);

}  // namespace colonnade::pipeline
