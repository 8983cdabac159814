# SPDX-License-Identifier: Apache-2.0
"""Bugs of the machine around the array that its tests must find: one replacement in one source each.

The old text must be in the file exactly once. A model is ROWSxCOLUMNSaALPHAiINTERLEAVEwBUFFERSrRULEkCHANNELS,
one in which the bug shows.
"""

from planting import HERE, Core, Mutation

SMALL = "4x4a8i4w2r2k16"
WIDE = "16x10a2i4w2r3k32"  # two groups of rows, two feed ports, four banks

MUTATIONS = (
    # Windows.
    Mutation("no padding above", "position_generator.sv", "17'd0 - 17'(pad_top)", "17'd0"),
    Mutation("padding above has no address", "position_generator.sv", "base - pad_words", "base"),
    Mutation("no stride down", "position_generator.sv", "corner_y + 17'(stride_down)", "corner_y + 17'd1"),
    Mutation("no stride in addresses", "position_generator.sv", "corner + 16'(stride_right)", "corner + 16'd1"),
    Mutation("all rows of windows but the first are the second", "position_generator.sv", "        row_corner <= next_row_corner;",
             "        row_corner <= row_corner;"),
    Mutation("a product's highest bit is lost", "serial_multiplier.sv", "bits <= multiplier", "bits <= multiplier & 1"),
    # Feeder.
    Mutation("padding carries data", "feed_port.sv", "select_in_image ? bytes : {ALPHA{zero_point}}", "bytes"),
    Mutation("padding is 0", "feed_port.sv", "{ALPHA{zero_point}}", "'0"),
    Mutation("right edge of the image", "feed_port.sv", "x < 17'(width)", "x <= 17'(width)"),
    Mutation("lower edge of the image", "feed_port.sv", "y < 17'(height)", "y <= 17'(height)"),
    Mutation("a tile's first pixel by the tile before", "feed_port.sv", "first_in ? column_word[31:0] : windows[slot_in]",
             "windows[slot_in]"),
    Mutation("columns a word apart", "feed_port.sv", "corner_in + window[31:16]", "corner_in"),
    Mutation("bits in the wrong order", "feed_port.sv", "chosen[l*8+b]", "chosen[l*8+7-b]"),
    Mutation("a lane too far", "lane_select.sv", "{lane, 3'b000}", "{lane ^ 1'b1, 3'b000}"),
    Mutation("a block too far", "lane_select.sv", "block*(ALPHA*8)", "(block^1'b1)*(ALPHA*8)", WIDE),
    Mutation("the second port too early", "feed_port.sv", "passes ? '0 : slot_out", "passes ? 1'b1 : slot_out", WIDE),
    # Rows.
    Mutation("residual address stands", "left_group.sv", "read_address + 1'b1", "read_address"),
    Mutation("residual is not shifted", "left_group.sv", "(32'(addend) << bias[36:32])", "32'(addend)"),
    Mutation("a residual nobody asked for", "left_group.sv", "has_residual & source[0]", "source[0]"),
    Mutation("residual of another bank", "left_rows.sv", "5'(b)", "5'(b ^ 1)"),
    Mutation("output zero point is forgotten", "right_group.sv", "done_quantized[7:0] + zero_point",
             "done_quantized[7:0]"),
    Mutation("unused rows are written", "right_group.sv", "(|output_valid) & place[0]", "|output_valid"),
    Mutation("output a word too far", "right_group.sv", "base + 16'(output_pixel)", "base + 16'(output_pixel) + 1'b1"),
    Mutation("shifts a cycle late", "right_rows.sv", "COLUMNS + 35", "COLUMNS + 36"),
    Mutation("the second group too late", "row_chain.sv", "leave <= active & (row == 3'd7)",
             "leave <= passing & (passing_row == 3'd0)", WIDE),
    Mutation("logits go on counting", "right_rows.sv", "if (start) next_result <= '0;\n    else if", "if"),
    Mutation("used bit from its neighbour", "row_memory.sv", "write_word[50:42]", "{write_word[50:43], write_word[41]}"),
    # Memories and program.
    Mutation("neighbours are overwritten", "activation_bank.sv", "if (write[i])", "if (write != '0)"),
    Mutation("words are used twice", "ahead_memory.sv", "pointer + 1'b1", "pointer"),
    Mutation("the last step is left out", "program_sequencer.sv", "block > steps", "block >= steps"),
    Mutation("the array does not hear of the last tile", "program_sequencer.sv", "table_tile == step[6*32+:TILE_BITS]",
             "table_tile + 1'b1 >= step[6*32+:TILE_BITS]"),
    Mutation("output counts as control", "run_counters.sv", "wants_input | gives_output)", "wants_input)"),
    # Vector steps.
    Mutation("lanes of a move keep the byte before", "vector_lanes.sv", "else if (first) kept[l*16+:16] <= {8'd0, zero_point};",
             ";"),
    Mutation("padding wins a maximum", "vector_lanes.sv", "in_image & (first | (kept", "(first | (kept"),
    Mutation("sums go on over positions", "vector_lanes.sv", "is_average & ~first ?", "is_average ?"),
    Mutation("rotated the other way", "vector_finish.sv", "from = bank - rotation", "from = bank + rotation", WIDE),
    Mutation("the second operand's bank", "vector_finish.sv", "from - first_bank[BANK_BITS-1:0] +", "from +"),
    Mutation("no clamp above", "vector_finish.sv", "value > 35'(high) ? high[7:0] : ", ""),
    Mutation("means are not rounded", "bank_divider.sv", " + 33'(count[8:1])", ""),
    Mutation("logical shift of a sum", "bank_adder.sv", ">>> right", ">> right"),
    Mutation("the second operand stands", "vector_unit.sv", "step[12*32+:16] + pixel", "step[12*32+:16]"),
    Mutation("no pause for a division", "vector_unit.sv", "pausing <= pauses", "pausing <= 1'b0"),
)

CORE = Core(
    top="machine_core",
    parameters=("ROWS", "COLUMNS", "ALPHA", "INTERLEAVE", "WEIGHT_BUFFERS", "FEED_RULE", "CHANNELS"),
    # As in machine/CMakeLists.txt and machine_shape.h.
    constants={"POSITIONS": 64, "PIXEL_BITS": 6, "TILE_BITS": 5, "WEIGHT_WORDS": 512, "COLUMN_WORDS": 512,
               "ROW_WORDS": 128, "TILE_WORDS": 128, "STEP_WORDS": 256, "TAP_WORDS": 128, "RESULT_WORDS": 64},
    models=(SMALL, WIDE),
    mutations=MUTATIONS,
    devices=HERE / "machine" / "core_device.cc",
    library="librtl_core_devices.so",
    header="core_models.h",
    macro="CORE_MODELS",
    macro_constants=("POSITIONS",),
    checks=HERE / "machine" / "checks.sv",
)  # fmt: skip
