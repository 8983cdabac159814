# SPDX-License-Identifier: Apache-2.0
"""Bugs of the chain of two arrays that its tests must find: one replacement in one source each.

The old text must be in the file exactly once. A model is ROWSxCOLUMNSnROWSxCOLUMNSaALPHAiINTERLEAVE,
one in which the bug shows.
"""

from planting import HERE, Core, Mutation

FOUR = "3x5n4x6a2i4"
ONE = "5x2n2x9a4i1"

MUTATIONS = (
    # When a pixel can be read.
    Mutation("a pixel released a cycle early", "layer_array.sv", "pixel_done = output_valid[ROWS-1]",
             "pixel_done = output_valid[ROWS-2]"),
    Mutation("a pixel released for the one before", "window_gate.sv", "last_x < next_x", "last_x <= next_x"),
    Mutation("a line released with its first pixel", "window_gate.sv", "(last_y == next_y) & (last_x < next_x)",
             "(last_y == next_y)", ONE),
    Mutation("a line released a line late", "window_gate.sv", "(last_y < next_y)", "(last_y + 1'b1 < next_y)"),
    Mutation("nothing is awaited", "chained_arrays.sv", ".complete(1'b0)", ".complete(1'b1)"),
    Mutation("the first pixel alone is awaited", "sequencer.sv", "(~at_word | window_ready)", "(~at_tile | window_ready)"),
    Mutation("the image is awaited", "chained_arrays.sv", ".complete(1'b1)", ".complete(1'b0)"),
    Mutation("the image before is still there", "window_gate.sv", "if (restart) begin", "if (1'b0) begin"),
    # Windows.
    Mutation("the corner is awaited", "window_gate.sv", "corner_y + 17'(reach_down)", "corner_y", ONE),
    Mutation("the line's end is awaited", "window_gate.sv", "corner_x + 17'(reach_right)", "corner_x + 17'd255"),
    Mutation("lines below are awaited", "window_gate.sv", "y[15:0] < height ? y[15:0] : height - 1'b1", "y[15:0]"),
    Mutation("pixels on the left are on the right", "window_gate.sv", "x[16] ? '0 : ", ""),
    Mutation("one pixel too many per line", "window_gate.sv", "next_x + 1'b1 == width", "next_x == width"),
    # From image to image.
    Mutation("columns go on", "layer_array.sv", ".set(start), .first('0), .advance(column_take)",
             ".set(1'b0), .first('0), .advance(column_take)"),
    Mutation("rows go on", "layer_array.sv", ".set(start), .first('0), .left_advance(left_take)",
             ".set(1'b0), .first('0), .left_advance(left_take)", ONE),
    Mutation("windows go on", "layer_array.sv", ".restart(start), .advance", ".restart(1'b0), .advance"),
    Mutation("busy with the second array only", "chained_arrays.sv", "|arrays_busy", "arrays_busy[1]"),
    # The way between.
    Mutation("padding is 0", "layer_array.sv", ".zero_point(step[1*32+16+:8])", ".zero_point('0)"),
    Mutation("bytes without their zero point", "layer_array.sv", ".zero_point(step[10*32+16+:8])", ".zero_point('0)", ONE),
    Mutation("one line of buffer", "chained_arrays.sv", ".CHANNELS(BUFFER_CHANNELS), .ADDRESS_BITS(BUFFER_BITS)",
             ".CHANNELS(BUFFER_CHANNELS), .ADDRESS_BITS(BUFFER_BITS - 1)"),
    # Counters.
    Mutation("outputs counted a cycle early", "chain_counters.sv", "<= cycle + 1;", "<= cycle;"),
    Mutation("the last word counts as the first", "chain_counters.sv", "issue[k] & ~issued[k]", "issue[k]"),
)

CORE = Core(
    top="chained_arrays",
    parameters=("FIRST_ROWS", "FIRST_COLUMNS", "SECOND_ROWS", "SECOND_COLUMNS", "ALPHA", "INTERLEAVE"),
    # As in chain/CMakeLists.txt and chain_device.h.
    constants={"IMAGE_CHANNELS": 16, "IMAGE_BITS": 7, "BUFFER_BITS": 5, "PIXEL_BITS": 7},
    models=(FOUR, ONE),
    mutations=MUTATIONS,
    devices=HERE / "chain" / "chain_device.cc",
    library="librtl_chain_devices.so",
    header="chain_models.h",
    macro="CHAIN_MODELS",
    checks=HERE / "machine" / "checks.sv",
)  # fmt: skip
