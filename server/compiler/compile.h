// SPDX-License-Identifier: Apache-2.0
// The compiler: an integer network and its column groups -> what executors run.
//
// A list of passes over the program, each over every matrix layer in order:
//   pack            column groups become cells; checked against the array
//   correct biases  for inputs that enter the array as q + 128
//   tile            cut into parts that fit the array (tile.h)
//   predict cycles  closed form (cycle_model.h)
//   check           array::Check, as any reader of the program does
// The result computes exactly what quant::RunQuantized computes.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "server/array/array_program.h"
#include "server/packing/packing_problem.h"
#include "server/quant/quantized_network.h"

namespace colonnade::compiler {

// Column groups by MatrixLayer::source.
using Groupings = std::map<std::string, packing::Grouping>;

// A layer without an entry runs unpacked, one nonzero column per array column.
// INVALID_ARGUMENT names the layer (and group) that does not fit the array, or an
// entry that belongs to no layer.
absl::StatusOr<array::ArrayProgram> Compile(const quant::QuantizedNetwork& network,
                                            const Groupings& groupings, const array::ArrayConfig& config);

// Every layer unpacked: what packing is compared with.
absl::StatusOr<array::ArrayProgram> CompileDense(const quant::QuantizedNetwork& network,
                                                 const array::ArrayConfig& config);

}  // namespace colonnade::compiler
