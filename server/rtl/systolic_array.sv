// SPDX-License-Identifier: Apache-2.0
// ROWS x COLUMNS cells and the delay line of their control: cell (r, c) reads stage r + c.
// Lanes enter row 0, column c in cycle s + c; sums enter row r of column 0 in cycle s + r.
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
    input  logic                              swap,   // control of cell (0, 0)
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

  logic [STAGES:1] swap_line;
  logic [STAGES:1] first_line;
  logic [2*STAGES+1:2] phase_line;  // two bits per stage
  wire [STAGES:0] swaps = {swap_line, swap};
  wire [STAGES:0] firsts = {first_line, first};
  wire [2*STAGES+1:0] phases = {phase_line, phase};

  always_ff @(posedge clk) begin
    swap_line <= swaps[STAGES-1:0];
    first_line <= firsts[STAGES-1:0];
    phase_line <= phases[2*STAGES-1:0];
  end

  assign swap_at_last_cell = swaps[STAGES-1];
  assign first_at_last_column = firsts[COLUMNS-1];
  assign phase_at_last_column = phases[2*(COLUMNS-1)+:2];

  // Row by row; lane and word row r are below cell row r, sum row r is left of the cells.
  localparam int LANES = COLUMNS * ALPHA;
  localparam int WORDS = COLUMNS * WORD_BITS;
  localparam int SUMS = (COLUMNS + 1) * INTERLEAVE;
  wire [(ROWS+1)*LANES-1:0] lane;
  wire [(ROWS+1)*WORDS-1:0] word;
  wire [ROWS*SUMS-1:0] sum;
  assign lane[LANES-1:0] = lanes;
  assign word[WORDS-1:0] = words;

  generate
    for (genvar r = 0; r < ROWS; r++) begin : g_row
      assign sum[r*SUMS+:INTERLEAVE] = sums_in[r*INTERLEAVE+:INTERLEAVE];
      assign sums_out[r*INTERLEAVE+:INTERLEAVE] = sum[r*SUMS+COLUMNS*INTERLEAVE+:INTERLEAVE];
      for (genvar c = 0; c < COLUMNS; c++) begin : g_column
        mx_cell #(
            .ALPHA(ALPHA), .INTERLEAVE(INTERLEAVE), .WEIGHT_BUFFERS(WEIGHT_BUFFERS), .WORD_BITS(WORD_BITS)
        ) u_cell (
            .clk, .load, .swap(swaps[r+c]), .first(firsts[r+c]), .phase(phases[2*(r+c)+:2]),
            .lanes_in(lane[r*LANES+c*ALPHA+:ALPHA]), .lanes_out(lane[(r+1)*LANES+c*ALPHA+:ALPHA]),
            .word_in(word[r*WORDS+c*WORD_BITS+:WORD_BITS]), .word_out(word[(r+1)*WORDS+c*WORD_BITS+:WORD_BITS]),
            .sums_in(sum[r*SUMS+c*INTERLEAVE+:INTERLEAVE]), .sums_out(sum[r*SUMS+(c+1)*INTERLEAVE+:INTERLEAVE])
        );
      end
    end
  endgenerate
endmodule
