// SPDX-License-Identifier: Apache-2.0
// A cell of the array: picks one of ALPHA serial lanes and multiplies it with its weight,
// in INTERLEAVE multiply-accumulates that take pixels in turn. Manual, section 2.
module mx_cell #(
    parameter int ALPHA = 8,
    parameter int INTERLEAVE = 4,
    parameter int WEIGHT_BUFFERS = 2,
    parameter int WORD_BITS = 8 + $clog2(ALPHA)  // {select, sign, magnitude}
) (
    input  logic                  clk,
    input  logic                  load,   // weight words move up
    input  logic                  swap,   // two buffers: the loaded word takes effect in the next cycle
    input  logic                  first,  // first bit of a word
    input  logic [1:0]            phase,  // whose data bits these are
    input  logic [ALPHA-1:0]      lanes_in,
    output logic [ALPHA-1:0]      lanes_out,
    input  logic [WORD_BITS-1:0]  word_in,
    output logic [WORD_BITS-1:0]  word_out,
    input  logic [INTERLEAVE-1:0] sums_in,
    output logic [INTERLEAVE-1:0] sums_out
);
  logic [WORD_BITS-1:0] word;
  logic data;

  always_ff @(posedge clk) begin
    lanes_out <= lanes_in;
    if (load) word_out <= word_in;
  end

  generate
    if (WEIGHT_BUFFERS == 2) begin : g_two_buffers
      always_ff @(posedge clk) if (swap) word <= word_out;
    end else begin : g_one_buffer
      assign word = word_out;
    end

    if (ALPHA == 1) begin : g_one_lane
      assign data = lanes_in[0];
    end else begin : g_select
      wire [2**$clog2(ALPHA)-1:0] padded = {{2**$clog2(ALPHA) - ALPHA{1'b0}}, lanes_in};
      assign data = padded[word[WORD_BITS-1:8]];
    end

    if (INTERLEAVE == 1) begin : g_one_mac
      mac u_mac (
          .clk, .data, .magnitude(word[6:0]), .negative(word[7]), .first,
          .sum_in(sums_in[0]), .sum_out(sums_out[0])
      );
    end else begin : g_macs
      for (genvar k = 0; k < INTERLEAVE; k++) begin : g_mac
        // A word's last bits are added when the weights may have been swapped already.
        logic kept;
        wire turn = phase == k;
        wire begins = first & turn;
        wire negative = begins ? word[7] : kept;
        always_ff @(posedge clk) kept <= negative;
        mac u_mac (
            .clk, .data(data & turn), .magnitude(word[6:0]), .negative, .first(begins),
            .sum_in(sums_in[k]), .sum_out(sums_out[k])
        );
      end
    end
  endgenerate
endmodule
