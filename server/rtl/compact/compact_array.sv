// SPDX-License-Identifier: Apache-2.0
// Eight rows of eight cells with one multiply-accumulate and one weight buffer each. Rows, cells
// and timing are those of systolic_array; but weight words come bit by bit, in two chains of four
// cells per row, so that one word of the program memory feeds all chains. Compact manual, section 4.
module compact_array (
    input  logic        clk,
    input  logic        load,     // chains move
    input  logic [15:0] weights,  // into the chains: bit 2 r + h is that of columns 4 h to 4 h + 3 of row r
    input  logic        first,    // cell (0, 0) adds a word's first bit, which arrived in the cycle before
    input  logic [63:0] lanes,    // of row 0: lane a of column c is bit 8 a + c
    input  logic [7:0]  sums_in,
    output logic [7:0]  sums_out
);
  localparam int WORD_BITS = 11;
  localparam int STAGES = 15;

  logic [STAGES-1:1] first_line;
  wire [STAGES-1:0] firsts = {first_line, first};
  always_ff @(posedge clk) first_line <= firsts[STAGES-2:0];

  wire [9*64-1:0] lane;
  assign lane[63:0] = lanes;

  generate
    for (genvar r = 0; r < 8; r++) begin : g_row
      wire [8*WORD_BITS-1:0] words, chain;
      for (genvar c = 0; c < 8; c++) begin : g_cell
        assign chain[c] = c % 4 == 0 ? weights[2*r+c/4] : words[(WORD_BITS-1)*8+c-1];
        for (genvar b = 1; b < WORD_BITS; b++) begin : g_bit
          assign chain[8*b+c] = words[8*(b-1)+c];
        end
      end
      mx_row #(.COLUMNS(8), .ALPHA(8), .INTERLEAVE(1), .WEIGHT_BUFFERS(1)) u_row (
          .clk, .load, .swap(8'd0), .swapped(8'd0), .turns(8'd0), .starts(8'd0),
          .firsts(firsts[r+:8]),
          .lanes_in(lane[64*r+:64]), .lanes_out(lane[64*(r+1)+:64]),
          .words_in(chain), .words_out(words), .sums_in(sums_in[r]), .sums_out(sums_out[r])
      );
    end
  endgenerate
endmodule
