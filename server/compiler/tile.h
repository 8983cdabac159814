// SPDX-License-Identifier: Apache-2.0
// Cutting a packed matrix into parts that fit the array.
#pragma once

#include <vector>

#include "server/array/array_program.h"

namespace colonnade::compiler {

// Blocks of config.rows rows from the top, the last one shorter; within a block the
// groups with a nonzero weight there, ascending, in runs of config.columns. So a
// block-diagonal matrix costs only its blocks. A row block without any weight still
// has to bring its biases out: it gets one tile of group 0. Cycles are left at 0.
std::vector<array::Tile> CutIntoTiles(const array::PackedMatrix& matrix, const array::ArrayConfig& config);

}  // namespace colonnade::compiler
