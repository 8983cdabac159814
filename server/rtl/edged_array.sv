// SPDX-License-Identifier: Apache-2.0
// The array with its edges: from the words that a sequencer issues to their outputs, row by row.
// Data, weight words, initial words and shifts come from outside. Array manual, sections 2 to 6.
module edged_array #(
    parameter int ROWS = 16,
    parameter int COLUMNS = 18,
    parameter int ALPHA = 8,
    parameter int INTERLEAVE = 4,
    parameter int WEIGHT_BUFFERS = 2,
    parameter int PIXEL_BITS = 10,
    parameter int TILE_BITS = 8,
    parameter int WORD_BITS = 8 + $clog2(ALPHA)
) (
    input  logic                         clk,
    input  logic                         reset,
    input  logic                         start,  // of a step
    input  logic [PIXEL_BITS-1:0]        last_pixel,
    input  logic signed [8:0]            low,
    input  logic signed [8:0]            high,
    // the word whose first bit is issued
    input  logic                         first_of_tile,
    input  logic                         first_of_word,
    input  logic                         continues,  // the tile does
    input  logic [TILE_BITS-1:0]         tile,
    input  logic [PIXEL_BITS-1:0]        pixel,
    input  logic [1:0]                   phase,
    // weights and data
    input  logic                         load,
    input  logic [COLUMNS*WORD_BITS-1:0] words,
    input  logic [COLUMNS*ALPHA-1:0]     lanes,
    output logic                         swap_at_last_cell,
    // initial words, wanted in the next cycle
    output logic [ROWS-1:0]              initial_read,
    output logic [ROWS*TILE_BITS-1:0]    initial_tile,
    output logic [ROWS*PIXEL_BITS-1:0]   initial_pixel,
    input  logic [ROWS*32-1:0]           initial_words,
    // words that are complete: of row 0 whether their sums are, wanted in the same cycle
    output logic [TILE_BITS-1:0]         done_tile,
    input  logic                         done_final,
    output logic                         last_words_done,  // those of a tile, in all rows
    // shifts, wanted in the same cycle
    output logic [ROWS*TILE_BITS-1:0]    shift_tile,
    input  logic [ROWS*5-1:0]            shifts,
    // outputs
    output logic [ROWS-1:0]              output_valid,
    output logic [ROWS*TILE_BITS-1:0]    output_tile,
    output logic [ROWS*PIXEL_BITS-1:0]   output_pixel,
    output logic [ROWS*9-1:0]            quantized,
    output logic [ROWS*32-1:0]           logits
);
  // Control at the left and right edge, from row 0 up.
  wire [ROWS:0] read, read_continues, done, final_tile;
  wire [(ROWS+1)*2-1:0] read_phase, done_phase;
  wire [(ROWS+1)*TILE_BITS-1:0] read_tile, done_tiles;
  wire [(ROWS+1)*PIXEL_BITS-1:0] read_pixel, done_pixel;
  assign done_tile = done_tiles[0+:TILE_BITS];
  assign final_tile[0] = done_final;
  assign last_words_done = done[ROWS-1] & (done_pixel[(ROWS-1)*PIXEL_BITS+:PIXEL_BITS] == last_pixel);

  wire array_swap, array_first, first_at_last_column;
  wire [1:0] array_phase, phase_at_last_column;
  wire [ROWS*INTERLEAVE-1:0] sums, results;

  start_up #(.PIXEL_BITS(PIXEL_BITS), .TILE_BITS(TILE_BITS)) u_start_up (
      .clk, .reset, .first_of_tile, .first_of_word, .continues, .tile, .pixel, .phase,
      .read(read[0]), .read_phase(read_phase[0+:2]), .read_continues(read_continues[0]),
      .read_tile(read_tile[0+:TILE_BITS]), .read_pixel(read_pixel[0+:PIXEL_BITS]),
      .swap(array_swap), .first(array_first), .array_phase
  );

  systolic_array #(
      .ROWS(ROWS), .COLUMNS(COLUMNS), .ALPHA(ALPHA), .INTERLEAVE(INTERLEAVE), .WEIGHT_BUFFERS(WEIGHT_BUFFERS)
  ) u_array (
      .clk, .load, .swap(array_swap), .first(array_first), .phase(array_phase), .lanes, .words,
      .sums_in(sums), .sums_out(results), .swap_at_last_cell, .first_at_last_column, .phase_at_last_column
  );

  word_timer #(.INTERLEAVE(INTERLEAVE), .PIXEL_BITS(PIXEL_BITS), .TILE_BITS(TILE_BITS)) u_timer (
      .clk, .reset, .start, .last_pixel, .first(first_at_last_column), .phase(phase_at_last_column),
      .done(done[0]), .done_phase(done_phase[0+:2]), .done_tile(done_tiles[0+:TILE_BITS]),
      .done_pixel(done_pixel[0+:PIXEL_BITS])
  );

  generate
    for (genvar r = 0; r < ROWS; r++) begin : g_row
      row_edge #(.INTERLEAVE(INTERLEAVE), .PIXEL_BITS(PIXEL_BITS), .TILE_BITS(TILE_BITS)) u_edge (
          .clk,
          .read_in(read[r]), .read_phase_in(read_phase[r*2+:2]), .read_continues_in(read_continues[r]),
          .read_tile_in(read_tile[r*TILE_BITS+:TILE_BITS]), .read_pixel_in(read_pixel[r*PIXEL_BITS+:PIXEL_BITS]),
          .read_out(read[r+1]), .read_phase_out(read_phase[(r+1)*2+:2]), .read_continues_out(read_continues[r+1]),
          .read_tile_out(read_tile[(r+1)*TILE_BITS+:TILE_BITS]),
          .read_pixel_out(read_pixel[(r+1)*PIXEL_BITS+:PIXEL_BITS]),
          .initial_word(initial_words[r*32+:32]), .sums(sums[r*INTERLEAVE+:INTERLEAVE]),
          .done_in(done[r]), .done_phase_in(done_phase[r*2+:2]), .done_final_in(final_tile[r]),
          .done_tile_in(done_tiles[r*TILE_BITS+:TILE_BITS]), .done_pixel_in(done_pixel[r*PIXEL_BITS+:PIXEL_BITS]),
          .done_out(done[r+1]), .done_phase_out(done_phase[(r+1)*2+:2]), .done_final_out(final_tile[r+1]),
          .done_tile_out(done_tiles[(r+1)*TILE_BITS+:TILE_BITS]),
          .done_pixel_out(done_pixel[(r+1)*PIXEL_BITS+:PIXEL_BITS]),
          .results(results[r*INTERLEAVE+:INTERLEAVE]), .shift(shifts[r*5+:5]), .low, .high,
          .output_valid(output_valid[r]), .output_tile(output_tile[r*TILE_BITS+:TILE_BITS]),
          .output_pixel(output_pixel[r*PIXEL_BITS+:PIXEL_BITS]),
          .quantized(quantized[r*9+:9]), .logit(logits[r*32+:32])
      );
      assign initial_read[r] = read[r] & ~read_continues[r];
      assign initial_tile[r*TILE_BITS+:TILE_BITS] = read_tile[r*TILE_BITS+:TILE_BITS];
      assign initial_pixel[r*PIXEL_BITS+:PIXEL_BITS] = read_pixel[r*PIXEL_BITS+:PIXEL_BITS];
      assign shift_tile[r*TILE_BITS+:TILE_BITS] = done_tiles[(r+1)*TILE_BITS+:TILE_BITS];
    end
  endgenerate
endmodule
