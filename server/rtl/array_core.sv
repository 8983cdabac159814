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

  wire swap_at_last_cell, last_words_done;
  wire [TILE_BITS-1:0] done_tile;
  wire freed = WEIGHT_BUFFERS == 2 ? swap_at_last_cell : last_words_done;
  wire finished = output_valid[ROWS-1] & (output_tile[(ROWS-1)*TILE_BITS+:TILE_BITS] == last_tile) &
                  (output_pixel[(ROWS-1)*PIXEL_BITS+:PIXEL_BITS] == last_pixel);

  tile_table #(.ROW_BITS(ROW_BITS), .TILE_BITS(TILE_BITS)) u_table (
      .clk, .write(table_write), .write_tile(table_tile), .write_last_row(table_last_row),
      .write_continues(table_continues), .write_final(table_final),
      .load_tile(next_tile), .load_last_row(next_last_row),
      .issue_tile, .issue_continues(continues), .done_tile, .done_final
  );

  weight_loader #(.ROW_BITS(ROW_BITS), .TILE_BITS(TILE_BITS)) u_loader (
      .clk, .reset, .start, .last_tile, .freed, .used(first_of_tile), .next_tile, .next_last_row,
      .load, .load_tile, .load_row, .ready(weights_ready)
  );

  sequencer #(
      .COLUMNS(COLUMNS), .INTERLEAVE(INTERLEAVE), .PIXEL_BITS(PIXEL_BITS), .TILE_BITS(TILE_BITS)
  ) u_sequencer (
      .clk, .reset, .start, .finished, .last_tile, .last_pixel, .continues, .weights_ready, .window_ready(1'b1),
      .busy, .issue, .first_of_tile, .first_of_word, .last_of_tile, .last_of_step,
      .waits_for_weights, .waits_for_sums, .tile(issue_tile), .pixel(issue_pixel), .bit_index(issue_bit), .phase
  );

  edged_array #(
      .ROWS(ROWS), .COLUMNS(COLUMNS), .ALPHA(ALPHA), .INTERLEAVE(INTERLEAVE), .WEIGHT_BUFFERS(WEIGHT_BUFFERS),
      .PIXEL_BITS(PIXEL_BITS), .TILE_BITS(TILE_BITS)
  ) u_array (
      .clk, .reset, .start, .last_pixel, .low, .high, .first_of_tile, .first_of_word, .continues, .tile(issue_tile),
      .pixel(issue_pixel), .phase, .load, .words, .lanes, .swap_at_last_cell, .initial_read, .initial_tile,
      .initial_pixel, .initial_words, .done_tile, .done_final, .last_words_done, .shift_tile, .shifts, .output_valid,
      .output_tile, .output_pixel, .quantized, .logits
  );

  cycle_counters #(.COLUMNS(COLUMNS), .TILE_BITS(TILE_BITS)) u_counters (
      .clk, .reset, .start, .busy, .issue, .waits_for_weights, .waits_for_sums, .last_of_tile, .last_of_step,
      .tile(counted_tile), .fill, .stream, .drain, .weight_load, .stall
  );
endmodule
