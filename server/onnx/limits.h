// SPDX-License-Identifier: Apache-2.0
// What an ONNX file may hold. Every limit is far above any network that the
// array serves; together they bound an examination to about two seconds and to a few
// times the file's size in memory.
#pragma once

#include <cstdint>

namespace colonnade::onnx {

inline constexpr int64_t kMaxModelBytes = int64_t{1} << 30;
inline constexpr int kMaxWireFields = 600'000;        // protobuf fields in all, known or not
inline constexpr int64_t kMaxVarintBytes = 16 << 20;  // in packed integer arrays, which grow 8-fold
inline constexpr int kMaxWireDepth = 32;              // nested messages
inline constexpr int kMaxNodes = 10'000;
inline constexpr int kMaxInitializers = 20'000;
inline constexpr int kMaxGraphInputs = 20'001;  // old files list initializers as inputs too
inline constexpr int kMaxNameBytes = 1024;
inline constexpr int kMaxStringBytes = 4096;  // string attributes
inline constexpr int kMaxRank = 8;            // dims of a tensor
inline constexpr int64_t kMaxInitializerValues = int64_t{1} << 27;
inline constexpr int64_t kMaxFoldedValues = 1 << 20;  // one folded constant that is not a rearranged weight
inline constexpr int64_t kFoldingBudget = 8 << 20;  // values of all folded constants, plus twice the weights
inline constexpr int kMaxImageSide = 65536;
inline constexpr int kMinOpset = 7;
inline constexpr int kMaxOpset = 18;

}  // namespace colonnade::onnx
