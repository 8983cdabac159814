// SPDX-License-Identifier: Apache-2.0
// ROWS x COLUMNS cells and the delay line of their control: cell (r, c) picks a lane by stage
// r + c, and adds in the next cycle, by stage r + c + 1. Lanes enter row 0, column c in cycle
// s - 1 + c; sums enter row r of column 0 in cycle s + r.
// Manual, sections 1 to 3.
module systolic_array #(
    parameter int ROWS = 16,
    parameter int COLUMNS = 18,
    parameter int ALPHA = 8,
    parameter int INTERLEAVE = 4,
    parameter int WEIGHT_BUFFERS = 2,
    parameter int WORD_BITS = 8 + $clog2(ALPHA)
) (
    input  logic                              clk,
    input  logic                              load,
    input  logic                              swap,   // control of cell (0, 0): stage 0
    input  logic                              first,
    input  logic [1:0]                        phase,
    input  logic [COLUMNS*ALPHA-1:0]          lanes,
    input  logic [COLUMNS*WORD_BITS-1:0]      words,  // of the lowest row
    input  logic [ROWS*INTERLEAVE-1:0]        sums_in,
    output logic [ROWS*INTERLEAVE-1:0]        sums_out,
    output logic                              swap_at_last_cell,
    output logic                              first_at_last_column,  // of row 0
    output logic [1:0]                        phase_at_last_column
);
  localparam int STAGES = ROWS + COLUMNS - 1;

  logic [STAGES:1] swap_line, first_line, phase_0_line, phase_1_line;
  wire [STAGES:0] swaps = {swap_line, swap};
  wire [STAGES:0] firsts = {first_line, first};
  wire [STAGES:0] phases_0 = {phase_0_line, phase[0]};
  wire [STAGES:0] phases_1 = {phase_1_line, phase[1]};

  always_ff @(posedge clk) begin
    swap_line <= swaps[STAGES-1:0];
    first_line <= firsts[STAGES-1:0];
    phase_0_line <= phases_0[STAGES-1:0];
    phase_1_line <= phases_1[STAGES-1:0];
  end

  assign swap_at_last_cell = swaps[STAGES];
  assign first_at_last_column = firsts[COLUMNS];
  assign phase_at_last_column = {phases_1[COLUMNS], phases_0[COLUMNS]};

  // Row by row; lane and word row r are below cell row r, in the order of mx_row.
  localparam int LANES = COLUMNS * ALPHA;
  localparam int WORDS = COLUMNS * WORD_BITS;
  wire [(ROWS+1)*LANES-1:0] lane;
  wire [(ROWS+1)*WORDS-1:0] word;

  generate
    for (genvar k = 0; k < INTERLEAVE; k++) begin : g_turn
      // Whose turn it is, of the multiply-accumulates of a cell, by stage.
      wire [STAGES:0] low = k % 2 == 1 ? phases_0 : ~phases_0;
      wire [STAGES:0] high = k >= 2 ? phases_1 : ~phases_1;
      wire [STAGES:0] turn = INTERLEAVE == 1 ? {STAGES + 1{1'b1}} : low & high;
      wire [STAGES:0] begins = turn & firsts;
    end
    for (genvar c = 0; c < COLUMNS; c++) begin : g_column
      for (genvar a = 0; a < ALPHA; a++) begin : g_lane
        assign lane[a*COLUMNS+c] = lanes[c*ALPHA+a];
      end
      for (genvar b = 0; b < WORD_BITS; b++) begin : g_word_bit
        assign word[b*COLUMNS+c] = words[c*WORD_BITS+b];
      end
    end
    for (genvar r = 0; r < ROWS; r++) begin : g_row
      wire [INTERLEAVE*COLUMNS-1:0] turns, starts, adds;
      for (genvar k = 0; k < INTERLEAVE; k++) begin : g_control
        assign turns[k*COLUMNS+:COLUMNS] = g_turn[k].turn[r+:COLUMNS];
        assign starts[k*COLUMNS+:COLUMNS] = g_turn[k].begins[r+:COLUMNS];
        assign adds[k*COLUMNS+:COLUMNS] = g_turn[k].begins[r+1+:COLUMNS];
      end
      mx_row #(
          .COLUMNS(COLUMNS), .ALPHA(ALPHA), .INTERLEAVE(INTERLEAVE), .WEIGHT_BUFFERS(WEIGHT_BUFFERS),
          .WORD_BITS(WORD_BITS)
      ) u_row (
          .clk, .load, .swap(swaps[r+:COLUMNS]), .swapped(swaps[r+1+:COLUMNS]), .turns, .starts, .firsts(adds),
          .lanes_in(lane[r*LANES+:LANES]), .lanes_out(lane[(r+1)*LANES+:LANES]),
          .words_in(word[r*WORDS+:WORDS]), .words_out(word[(r+1)*WORDS+:WORDS]),
          .sums_in(sums_in[r*INTERLEAVE+:INTERLEAVE]), .sums_out(sums_out[r*INTERLEAVE+:INTERLEAVE])
      );
    end
  endgenerate
endmodule
