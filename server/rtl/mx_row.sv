// SPDX-License-Identifier: Apache-2.0
// A row of cells. A cell picks one of ALPHA serial lanes, and in the next cycle multiplies its
// bit with the weight, in INTERLEAVE multiply-accumulates that take pixels in turn. With
// COLUMNS = 1 it is one cell. Manual, section 2.
//
// Every register is a vector over the columns, column 0 lowest, so that a simulator does a
// row with the instructions of a cell. Of what has several bits per cell, bit 0 of all
// columns comes first, then bit 1 of all.
module mx_row #(
    parameter int COLUMNS = 18,
    parameter int ALPHA = 8,
    parameter int INTERLEAVE = 4,
    parameter int WEIGHT_BUFFERS = 2,
    parameter int WORD_BITS = 8 + $clog2(ALPHA)  // {select, sign, magnitude}
) (
    input  logic                          clk,
    input  logic                          load,     // weight words move up
    input  logic [COLUMNS-1:0]            swap,     // two buffers: the loaded sign and select hold from the next cycle
    input  logic [COLUMNS-1:0]            swapped,  // a cycle after swap: the loaded magnitude does
    input  logic [INTERLEAVE*COLUMNS-1:0] turns,    // interleave 4: lanes_in are for this multiply-accumulate
    input  logic [INTERLEAVE*COLUMNS-1:0] starts,   // they are the first bit of its word
    input  logic [INTERLEAVE*COLUMNS-1:0] firsts,   // a cycle after starts: the first bit is added
    input  logic [ALPHA*COLUMNS-1:0]      lanes_in,
    output logic [ALPHA*COLUMNS-1:0]      lanes_out,
    input  logic [WORD_BITS*COLUMNS-1:0]  words_in,
    output logic [WORD_BITS*COLUMNS-1:0]  words_out,
    input  logic [INTERLEAVE-1:0]         sums_in,  // left of column 0
    output logic [INTERLEAVE-1:0]         sums_out  // right of the last column
);
  wire [WORD_BITS*COLUMNS-1:0] words;
  wire [COLUMNS-1:0] picked;

  always_ff @(posedge clk) begin
    lanes_out <= lanes_in;
    if (load) words_out <= words_in;
  end

  generate
    if (WEIGHT_BUFFERS == 2) begin : g_two_buffers
      logic [WORD_BITS*COLUMNS-1:0] kept;
      wire [WORD_BITS*COLUMNS-1:0] swaps = {{WORD_BITS - 7{swap}}, {7{swapped}}};
      always_ff @(posedge clk) kept <= (swaps & words_out) | (~swaps & kept);
      assign words = kept;
    end else begin : g_one_buffer
      assign words = words_out;
    end

    if (ALPHA == 1) begin : g_one_lane
      assign picked = lanes_in;
    end else begin : g_select
      lane_mux #(.COLUMNS(COLUMNS), .LANES(ALPHA)) u_mux (
          .lanes(lanes_in), .select(words[WORD_BITS*COLUMNS-1:8*COLUMNS]), .data(picked)
      );
    end
  endgenerate

  // Two multiply-accumulates per cell side by side: 32 columns of them fill a word of 64 bits.
  localparam int SIDES = INTERLEAVE == 1 ? 1 : 2;
  localparam int WIDTH = SIDES * COLUMNS;
  wire [7*WIDTH-1:0] magnitudes;
  wire [WIDTH-1:0] signs = {SIDES{words[7*COLUMNS+:COLUMNS]}};

  generate
    for (genvar i = 0; i < 7; i++) begin : g_magnitude
      assign magnitudes[i*WIDTH+:WIDTH] = {SIDES{words[i*COLUMNS+:COLUMNS]}};
    end

    for (genvar k = 0; k < INTERLEAVE; k += SIDES) begin : g_macs
      wire [WIDTH-1:0] first = firsts[k*COLUMNS+:WIDTH];
      logic [WIDTH-1:0] data;
      wire [WIDTH-1:0] turn, negative, sums, chain;
      always_ff @(posedge clk) data <= {SIDES{picked}} & turn;
      if (INTERLEAVE == 1) begin : g_one_word
        assign turn = {WIDTH{1'b1}};
        assign negative = signs;
      end else begin : g_words_in_turn
        // A word's last bits are added when the weights may have been swapped already.
        logic [WIDTH-1:0] kept;
        wire [WIDTH-1:0] start = starts[k*COLUMNS+:WIDTH];
        assign turn = turns[k*COLUMNS+:WIDTH];
        assign negative = kept;
        always_ff @(posedge clk) kept <= (start & signs) | (~start & kept);
      end
      for (genvar s = 0; s < SIDES; s++) begin : g_side
        if (COLUMNS == 1) begin : g_cell
          assign chain[s] = sums_in[k+s];
        end else begin : g_chain
          assign chain[s*COLUMNS+:COLUMNS] = {sums[s*COLUMNS+:COLUMNS-1], sums_in[k+s]};
        end
        assign sums_out[k+s] = sums[s*COLUMNS+COLUMNS-1];
      end
      mac #(.WIDTH(WIDTH)) u_mac (
          .clk, .data, .magnitudes, .negative, .first, .sums_in(chain), .sums_out(sums)
      );
    end
  endgenerate
endmodule
