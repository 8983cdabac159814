// SPDX-License-Identifier: Apache-2.0
// One integer weight matrix and its column groups -> the cells of the array.
#pragma once

#include "absl/status/statusor.h"
#include "server/array/array_program.h"
#include "server/packing/packing_problem.h"
#include "server/quant/quantized_network.h"

namespace colonnade::compiler {

// Each column with a nonzero weight alone in its group: how a matrix runs unpacked.
packing::Grouping DenseGrouping(const quant::WeightMatrix& weights);

// Number of columns with a nonzero weight.
int64_t NonzeroColumns(const quant::WeightMatrix& weights);

// Cell (r, g) takes the only nonzero weight that row r has among the columns of
// group g. INVALID_ARGUMENT, naming the group, when the grouping does not suit the
// array (alpha, feed rule), leaves a nonzero column out, or has a conflict left:
// combining prunes conflicts before quantization, and quantization adds none.
absl::StatusOr<array::PackedMatrix> Pack(const quant::WeightMatrix& weights,
                                         const packing::Grouping& grouping, const array::ArrayConfig& config);

}  // namespace colonnade::compiler
