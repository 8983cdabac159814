// SPDX-License-Identifier: Apache-2.0
// The networks under COLONNADE_DATA, packed without training: for cycles, energy and
// bit-exactness, which depend on where weights are and not on how good they are.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "server/array/array_program.h"

namespace colonnade {

enum class Design {
  kDense,        // every weight, each column on its own
  kCombineOnly,  // a 1/alpha share of the weights, the largest; dense-first groups without any conflict
  kPacked,       // searched full groups, under channel_block of permuted channels; conflicts pruned
};

// models/NAME.onnx for `config`, calibrated on 64 test images. Ends the program when that cannot be.
std::shared_ptr<const array::ArrayProgram> CompileDesign(const std::filesystem::path& data, const std::string& name,
                                                         Design design, int alpha, const array::ArrayConfig& config);

}  // namespace colonnade
