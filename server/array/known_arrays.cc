// SPDX-License-Identifier: Apache-2.0
#include "server/array/known_arrays.h"

#include <array>

namespace colonnade::array {
namespace {

using nn::FeedRule;

constexpr std::array<KnownArray, 6> kKnown = {{
    {"default",
     {},
     "16 filters and 18 groups are one 3x3 layer of 16 channels at alpha 8, and divide those of 32 and 64 evenly: no "
     "cell of a residual network of these widths is idle. Beyond it one array starves; several small ones do not."},
    {"small",
     {.rows = 8, .columns = 8},
     "64 interleaved cells are what fits a small FPGA of 7,680 logic cells. Groups of 18 leave 6 of 24 columns empty."},
    {"tiny",
     {.rows = 8, .columns = 8, .interleave = 1, .weight_buffers = 1},
     "The least logic: one multiply-accumulate and one weight per cell, for the smallest parts, with memory on chip."},
    {"square",
     {.rows = 16, .columns = 16},
     "What most published arrays look like, to compare with. Groups of 18 leave 14 of 32 columns empty."},
    {"large",
     {.rows = 32, .columns = 32},
     "The tile of the column combining paper's first figures (arXiv:1811.04770), 1,024 cells. Wide layers fill it, "
     "the first stages of small networks do not."},
    {"no_crossbar",
     {.feed_rule = FeedRule::kChannelBlock},
     "The default without lane selectors in the feeder: groups must be blocks of adjacent channels, which "
     "packing.permute_rows arranges."},
}};

}  // namespace

std::span<const KnownArray> KnownArrays() { return kKnown; }

}  // namespace colonnade::array
