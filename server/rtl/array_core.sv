// SPDX-License-Identifier: Apache-2.0
// The array with its edges, weight loader and sequencer: runs one step, a layer's tiles in
// order. Data, weight words, initial words and shifts are asked for and come from outside.
module array_core #(
    parameter int ROWS = 16,
    parameter int COLUMNS = 18,
    parameter int ALPHA = 8,
    parameter int INTERLEAVE = 4,
    parameter int WEIGHT_BUFFERS = 2,
    parameter int PIXEL_BITS = 10,  // 2^PIXEL_BITS accumulators per row
    parameter int TILE_BITS = 8,    // at most 2^TILE_BITS tiles per step
    parameter int WORD_BITS = 8 + $clog2(ALPHA),
    parameter int ROW_BITS = ROWS == 1 ? 1 : $clog2(ROWS),
    parameter int BIT_BITS = INTERLEAVE == 1 ? 5 : 3
) (
    input  logic                               clk,
    input  logic                               reset,  // for ROWS + COLUMNS + 16 cycles, with all lanes 0
    // the step
    input  logic                               table_write,
    input  logic [TILE_BITS-1:0]               table_tile,
    input  logic [ROW_BITS-1:0]                table_last_row,
    input  logic                               table_continues,
    input  logic                               table_final,
    input  logic                               start,  // while not busy; what follows stays until busy falls
    input  logic [TILE_BITS-1:0]               last_tile,
    input  logic [PIXEL_BITS-1:0]              last_pixel,
    input  logic signed [8:0]                  low,
    input  logic signed [8:0]                  high,
    output logic                               busy,
    // weight words, wanted in the same cycle
    output logic                               load,
    output logic [TILE_BITS-1:0]               load_tile,
    output logic [ROW_BITS-1:0]                load_row,
    input  logic [COLUMNS*WORD_BITS-1:0]       words,
    // data bits, wanted below column c 3 + c cycles later; 0 otherwise
    output logic                               issue,
    output logic [TILE_BITS-1:0]               issue_tile,
    output logic [PIXEL_BITS-1:0]              issue_pixel,
    output logic [BIT_BITS-1:0]                issue_bit,
    input  logic [COLUMNS*ALPHA-1:0]           lanes,
    // initial words, wanted in the next cycle
    output logic [ROWS-1:0]                    initial_read,
    output logic [ROWS*TILE_BITS-1:0]          initial_tile,
    output logic [ROWS*PIXEL_BITS-1:0]         initial_pixel,
    input  logic [ROWS*32-1:0]                 initial_words,
    // shifts, wanted in the same cycle
    output logic [ROWS*TILE_BITS-1:0]          shift_tile,
    input  logic [ROWS*5-1:0]                  shifts,
    // outputs
    output logic [ROWS-1:0]                    output_valid,
    output logic [ROWS*TILE_BITS-1:0]          output_tile,
    output logic [ROWS*PIXEL_BITS-1:0]         output_pixel,
    output logic [ROWS*9-1:0]                  quantized,
    output logic [ROWS*32-1:0]                 logits,
    // cycles of the step so far, and the tile whose they now are
    output logic [TILE_BITS-1:0]               counted_tile,
    output logic [31:0]                        fill,
    output logic [31:0]                        stream,
    output logic [31:0]                        drain,
    output logic [31:0]                        weight_load,
    output logic [31:0]                        stall
);
  wire first_of_tile, first_of_word, last_of_tile, last_of_step, waits_for_weights, waits_for_sums;
  wire weights_ready, continues, done_final;
  wire [1:0] phase;
  wire [TILE_BITS-1:0] next_tile;
  wire [ROW_BITS-1:0] next_last_row;

  // Control at the left and right edge, from row 0 up.
  wire [ROWS:0] read, read_continues, done, final_tile;
  wire [(ROWS+1)*2-1:0] read_phase, done_phase;
  wire [(ROWS+1)*TILE_BITS-1:0] read_tile, done_tile;
  wire [(ROWS+1)*PIXEL_BITS-1:0] read_pixel, done_pixel;
  assign final_tile[0] = done_final;

  wire array_swap, array_first, swap_at_last_cell, first_at_last_column;
  wire [1:0] array_phase, phase_at_last_column;
  wire [ROWS*INTERLEAVE-1:0] sums, results;

  wire last_words_done = done[ROWS-1] & (done_pixel[(ROWS-1)*PIXEL_BITS+:PIXEL_BITS] == last_pixel);
  wire freed = WEIGHT_BUFFERS == 2 ? swap_at_last_cell : last_words_done;
  wire finished = output_valid[ROWS-1] & (output_tile[(ROWS-1)*TILE_BITS+:TILE_BITS] == last_tile) &
                  (output_pixel[(ROWS-1)*PIXEL_BITS+:PIXEL_BITS] == last_pixel);

  tile_table #(.ROW_BITS(ROW_BITS), .TILE_BITS(TILE_BITS)) u_table (
      .clk, .write(table_write), .write_tile(table_tile), .write_last_row(table_last_row),
      .write_continues(table_continues), .write_final(table_final),
      .load_tile(next_tile), .load_last_row(next_last_row),
      .issue_tile, .issue_continues(continues), .done_tile(done_tile[0+:TILE_BITS]), .done_final
  );

  weight_loader #(.ROW_BITS(ROW_BITS), .TILE_BITS(TILE_BITS)) u_loader (
      .clk, .reset, .start, .last_tile, .freed, .used(first_of_tile), .next_tile, .next_last_row,
      .load, .load_tile, .load_row, .ready(weights_ready)
  );

  sequencer #(
      .COLUMNS(COLUMNS), .INTERLEAVE(INTERLEAVE), .PIXEL_BITS(PIXEL_BITS), .TILE_BITS(TILE_BITS)
  ) u_sequencer (
      .clk, .reset, .start, .finished, .last_tile, .last_pixel, .continues, .weights_ready,
      .busy, .issue, .first_of_tile, .first_of_word, .last_of_tile, .last_of_step,
      .waits_for_weights, .waits_for_sums, .tile(issue_tile), .pixel(issue_pixel), .bit_index(issue_bit), .phase
  );

  start_up #(.PIXEL_BITS(PIXEL_BITS), .TILE_BITS(TILE_BITS)) u_start_up (
      .clk, .reset, .first_of_tile, .first_of_word, .continues, .tile(issue_tile), .pixel(issue_pixel), .phase,
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
      .done(done[0]), .done_phase(done_phase[0+:2]), .done_tile(done_tile[0+:TILE_BITS]),
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
          .done_tile_in(done_tile[r*TILE_BITS+:TILE_BITS]), .done_pixel_in(done_pixel[r*PIXEL_BITS+:PIXEL_BITS]),
          .done_out(done[r+1]), .done_phase_out(done_phase[(r+1)*2+:2]), .done_final_out(final_tile[r+1]),
          .done_tile_out(done_tile[(r+1)*TILE_BITS+:TILE_BITS]),
          .done_pixel_out(done_pixel[(r+1)*PIXEL_BITS+:PIXEL_BITS]),
          .results(results[r*INTERLEAVE+:INTERLEAVE]), .shift(shifts[r*5+:5]), .low, .high,
          .output_valid(output_valid[r]), .output_tile(output_tile[r*TILE_BITS+:TILE_BITS]),
          .output_pixel(output_pixel[r*PIXEL_BITS+:PIXEL_BITS]),
          .quantized(quantized[r*9+:9]), .logit(logits[r*32+:32])
      );
      assign initial_read[r] = read[r] & ~read_continues[r];
      assign initial_tile[r*TILE_BITS+:TILE_BITS] = read_tile[r*TILE_BITS+:TILE_BITS];
      assign initial_pixel[r*PIXEL_BITS+:PIXEL_BITS] = read_pixel[r*PIXEL_BITS+:PIXEL_BITS];
      assign shift_tile[r*TILE_BITS+:TILE_BITS] = done_tile[(r+1)*TILE_BITS+:TILE_BITS];
    end
  endgenerate

  cycle_counters #(.COLUMNS(COLUMNS), .TILE_BITS(TILE_BITS)) u_counters (
      .clk, .reset, .start, .busy, .issue, .waits_for_weights, .waits_for_sums, .last_of_tile, .last_of_step,
      .tile(counted_tile), .fill, .stream, .drain, .weight_load, .stall
  );
endmodule
