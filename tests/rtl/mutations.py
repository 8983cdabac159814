# SPDX-License-Identifier: Apache-2.0
"""Bugs of the array core that its tests must find: one replacement in one source each.

The old text must be in the file exactly once. A model is ROWSxCOLUMNSaALPHAiINTERLEAVEwBUFFERS,
one in which the bug shows.
"""

from planting import HERE, Core, Mutation

FOUR = "3x5a3i4w2"  # interleave 4, two weight buffers
FOUR_ONE_BUFFER = "5x2a2i4w1"
ONE = "2x6a5i1w2"  # interleave 1

MUTATIONS = (
    # The multiply-accumulate.
    Mutation("sum carry starts at 1", "mac.sv", "~first & sum_carry", "first | sum_carry"),
    Mutation("sum carry is not cleared", "mac.sv", "~first & sum_carry", "sum_carry"),
    Mutation("no product is subtracted", "mac.sv", "sums_in ^ negative", "sums_in", ONE),
    Mutation("partial sums do not move", "mac.sv", "partial <= g_bit[i+1].total", "partial <= total"),
    Mutation("a carry is forgotten", "mac.sv", "| (row & carry) | (partial & carry)", "| (row & carry)", ONE),
    Mutation("highest magnitude bit is lost", "mac.sv", "assign total = row;", "assign total = row & '0;"),
    # The cell.
    Mutation("sign from a magnitude bit", "mx_row.sv", "words[7*COLUMNS+:COLUMNS]", "words[6*COLUMNS+:COLUMNS]"),
    Mutation("sign is not kept for the word", "mx_row.sv", "(start & signs) | (~start & kept)", "signs"),
    Mutation("lane selected by the loaded word", "mx_row.sv", ".select(words[", ".select(words_out["),
    Mutation("sign of the word before", "mx_row.sv", "start = starts[k", "start = firsts[k"),
    Mutation("lane from the cell's own register", "mx_row.sv", ".lanes(lanes_in)", ".lanes(lanes_out)"),
    Mutation("select bits are ignored", "lane_mux.sv", "(upper & high)", "(upper & low)"),
    Mutation("words move without load", "mx_row.sv", "if (load) words_out", "words_out"),
    Mutation("one buffer: words move without load", "mx_row.sv", "if (load) words_out", "words_out", FOUR_ONE_BUFFER),
    Mutation(
        "lowest weight bit stays stale", "mx_row.sv", "{7{swapped}}}", "{6{swapped}}, {COLUMNS{1'b0}}}"
    ),
    Mutation(
        "pairs of multiply-accumulates swap turns", "mx_row.sv", "turns[k*COLUMNS+:WIDTH]",
        "turns[(2-k)*COLUMNS+:WIDTH]",
    ),
    Mutation("multiply-accumulates swap turns", "systolic_array.sv", "k % 2 == 1 ? phases_0", "k % 2 == 0 ? phases_0"),
    # Skew and control.
    Mutation("select swaps a cycle late", "systolic_array.sv", "swap(swaps[r+:COLUMNS])", "swap(swaps[r+1+:COLUMNS])"),
    Mutation("magnitude swaps a cycle early", "systolic_array.sv", "swaps[r+1+:COLUMNS]", "swaps[r+:COLUMNS]"),
    Mutation("swap a cycle early", "start_up.sv", "swap = swaps[2]", "swap = swaps[1]"),
    Mutation("first bit a cycle early", "systolic_array.sv", ".begins[r+1+:COLUMNS]", ".begins[r+:COLUMNS]", ONE),
    Mutation("phase a cycle late", "systolic_array.sv", ".turn[r+:COLUMNS]", ".turn[r+1+:COLUMNS]"),
    Mutation("control of all rows alike", "systolic_array.sv", ".begins[r+1+:COLUMNS]", ".begins[1+:COLUMNS]", ONE),
    Mutation("words loaded over unswapped ones", "systolic_array.sv", "swaps[STAGES];", "swaps[STAGES-1];"),
    Mutation(
        "one buffer: freed by the lowest row", "edged_array.sv", "last_words_done = done[ROWS-1]",
        "last_words_done = done[0]", FOUR_ONE_BUFFER,
    ),
    # Sequencer and loader.
    Mutation("each tile begins with phase 0", "sequencer.sv", "phase <= phase", "phase <= last_of_tile ? '0 : phase"),
    Mutation("sums awaited a cycle too short", "sequencer.sv", "COLUMNS + 34", "COLUMNS + 33"),
    Mutation("weights are not awaited", "sequencer.sv", "weights_ready & sums_ready)", "sums_ready)", FOUR_ONE_BUFFER),
    Mutation("last row is not loaded", "weight_loader.sv", "<= next_last_row", "<= next_last_row >> 1"),
    Mutation(
        "continues is the next tile's", "tile_table.sv", "continues[issue_tile]", "continues[issue_tile + 1'b1]", ONE
    ),
    # Edges and accumulators.
    Mutation("all serializers loaded", "left_edge.sv", "loading & (loading_phase == k)", "loading"),
    Mutation("bias instead of partial sum", "left_edge.sv", "loading_continues ?", "1'b0 ?"),
    Mutation("word a cycle early", "start_up.sv", "read = firsts[2]", "read = firsts[1]", ONE),
    Mutation(
        "accumulator written for the next pixel", "row_edge.sv", "(done_pixel_in), .write",
        "(done_pixel_in + 1'b1), .write",
    ),
    Mutation("accumulator read a pixel ago", "row_edge.sv", "address(read_pixel_in)", "address(read_pixel_out)", ONE),
    Mutation("collector of phase 0 only", "right_edge.sv", "words[32*phase+:32]", "words[31:0]"),
    Mutation("31 bits per word", "word_timer.sv", "5'd31", "5'd30", ONE),
    Mutation("output of the tile before", "row_edge.sv", "tile <= done_tile_out", "tile <= output_tile"),
    # Requantization.
    Mutation("no rounding", "requantize.sv", " + 32'(shifted[0])", ""),
    Mutation("logical shift", "requantize.sv", ">>> shift", ">> shift", ONE),
    Mutation("no saturation below", "requantize.sv", "rounded < 32'(low) ? low : ", "", ONE),
    Mutation("no saturation above", "requantize.sv", "rounded > 32'(high) ? high : ", "", ONE),
    Mutation("logit a cycle early", "requantize.sv", "logit <= passed", "logit <= kept"),
    # Counters.
    Mutation("counted a cycle early", "cycle_counters.sv", "COLUMNS + 3", "COLUMNS + 2"),
    Mutation("waits for sums count as drain", "cycle_counters.sv", "stall <= stall + 1", "drain <= drain + 1"),
    Mutation("waits for weights are not told apart", "sequencer.sv", "at_tile & ~weights_ready;", "at_tile & ~issue;"),
)

CORE = Core(
    top="array_core",
    parameters=("ROWS", "COLUMNS", "ALPHA", "INTERLEAVE", "WEIGHT_BUFFERS"),
    constants={"PIXEL_BITS": 6, "TILE_BITS": 5},
    models=(FOUR, FOUR_ONE_BUFFER, ONE),
    mutations=MUTATIONS,
    devices=HERE / "device.cc",
    library="librtl_devices.so",
    header="array_models.h",
    macro="ARRAY_MODELS",
)
