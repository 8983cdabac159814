# SPDX-License-Identifier: Apache-2.0
"""Bugs of the compact machine that its tests must find: one replacement in one source each.

The old text must be in the file exactly once.
"""

from planting import HERE, Core, Mutation

MUTATIONS = (
    # Feed.
    Mutation("padding carries data", "compact_feed.sv", "(word & {16{in_image}})", "word"),
    Mutation("padding is 0", "compact_feed.sv", "{{8{fill}}, 8'd0}", "16'd0"),
    Mutation("odd columns a cycle early", "compact_feed.sv", "c % 2 == 0 ? even_address : odd_address", "even_address"),
    Mutation("lanes stay open", "compact_feed.sv", "valid & (cycle[4:3] == 2'd0)", "valid"),
    # Addresses.
    Mutation("edges left and right swapped", "compact_fetch.sv", "{row_ends, is_first_x,", "{is_first_x, row_ends,"),
    Mutation("no stride", "compact_fetch.sv", "{10'd0, feed_stride, ~feed_stride}", "12'd1"),
    Mutation("residual without stride", "compact_fetch.sv", "{10'd0, residual_stride, ~residual_stride}", "12'd1"),
    Mutation("strips begin at the first row", "compact_fetch.sv", "y <= strip_y;", "y <= 6'd0;"),
    Mutation("tiles of a strip go on", "compact_fetch.sv", "corner <= strip_corner;", "corner <= corner;"),
    # Sequence.
    Mutation("weights go on from strip to strip", "compact_sequencer.sv", "(between & column_tile == 4'd0);", "1'b0;"),
    Mutation("weights begin a cycle late", "compact_sequencer.sv", "cycle[4:0] == 5'd14", "cycle[4:0] == 5'd15"),
    Mutation("residuals move in every tile", "compact_sequencer.sv",
             "next_residual <= next_place & column_tile == 4'd0;", "next_residual <= next_place;"),
    Mutation("a reset does not stop loading", "compact_sequencer.sv", "~state[HALT] & (loading_begins",
             "(loading_begins"),
    Mutation("the counter's carry", "compact_sequencer.sv", "if (&counter[1:0])", "if (counter[1])"),
    # Array.
    Mutation("halves of a row swapped", "compact_array.sv", "weights[2*r+c/4]", "weights[2*r+1-c/4]"),
    Mutation("first bit of another column", "compact_array.sv", "firsts[r+:8]", "{firsts[r+:7], firsts[r+7]}"),
    # Left.
    Mutation("sums begin anew in every tile", "compact_left.sv", "continues <= ~first_tile", "continues <= 1'b0"),
    Mutation("bias and residual without carry", "compact_left.sv", "(bias[r] & bit_added) |", "1'b0 |"),
    Mutation("the residual being fetched", "compact_left.sv", "{~cycle[5], count[2:1]}", "{cycle[5], count[2:1]}"),
    Mutation("counts are not reset", "compact_left.sv", "if (reset_counts)", "if (1'b0)"),
    # Right.
    Mutation("no rounding", "compact_right.sv", "(low[r] ? carry : high[r])", "(low[r] & carry)"),
    Mutation("no saturation", "compact_right.sv", "(is_above | kept[0])", "kept[0]"),
    Mutation("no clamp at 0", "compact_right.sv", "~is_negative & (is_above", "(is_above"),
    Mutation("saturated by the word before", "compact_right.sv", "above <= ~ends & sets", "above <= sets"),
    # Memories and port.
    Mutation("outputs of every tile", "compact_machine.sv", "valid & last_tile", "valid"),
    Mutation("planes in both bytes", "compact_machine.sv", "(writes & ~bit_index[0])", "writes"),
    Mutation("the position moves late", "compact_machine.sv", "bit_index[2:0] == 3'd6", "bit_index[2:0] == 3'd7"),
    Mutation("half the program", "compact_memories.sv", "is_upper ? upper : lower", "lower"),
    Mutation("writes to both banks", "compact_machine.sv", "bytes & {2{~other_bank}}", "bytes"),
    Mutation("a busy machine listens", "compact_port.sv", "write <= done & halted &", "write <= done &"),
    Mutation("a start reads", "compact_port.sv", "& ~is_write & ~is_start}", "& ~is_write}"),
)

CORE = Core(
    top="compact_machine",
    parameters=(),
    constants={},
    models=("compact",),
    mutations=MUTATIONS,
    devices=HERE / "compact" / "compact_device.cc",
    library="librtl_compact_device.so",
    header="compact_models.h",
    macro="COMPACT_MODELS",
)
