// SPDX-License-Identifier: Apache-2.0
// Bit-serial multiply-accumulates, WIDTH of them side by side, a bit of each vector for each:
// adds +-magnitude * data to a sum of 32 bits, a bit per cycle, least significant first.
// Manual, section 2.1.
module mac #(
    parameter int WIDTH = 1
) (
    input  logic               clk,
    input  logic [WIDTH-1:0]   data,        // 0 in cycles that carry no data bit
    input  logic [7*WIDTH-1:0] magnitudes,  // of the weights: bit 0 of all, bit 1 of all, ...
    input  logic [WIDTH-1:0]   negative,    // constant over a word's 32 cycles
    input  logic [WIDTH-1:0]   first,       // first bit of a word
    input  logic [WIDTH-1:0]   sums_in,
    output logic [WIDTH-1:0]   sums_out     // one cycle after sums_in
);
  logic [WIDTH-1:0] sum_carry;

  generate
    for (genvar i = 0; i < 7; i++) begin : g_bit
      wire [WIDTH-1:0] row = magnitudes[i*WIDTH+:WIDTH] & data;
      wire [WIDTH-1:0] total;
      if (i == 6) begin : g_highest
        assign total = row;
      end else begin : g_adder
        logic [WIDTH-1:0] partial, carry;
        assign total = row ^ partial ^ carry;
        always_ff @(posedge clk) begin
          partial <= g_bit[i+1].total;
          carry <= (row & partial) | (row & carry) | (partial & carry);
        end
      end
    end
  endgenerate

  // The carry is kept inverted where the product is.
  wire [WIDTH-1:0] product = g_bit[0].total;
  wire [WIDTH-1:0] carry_in = ~first & sum_carry;
  wire [WIDTH-1:0] signed_in = sums_in ^ negative;

  always_ff @(posedge clk) begin
    sums_out <= sums_in ^ product ^ carry_in;
    sum_carry <= (signed_in & product) | (signed_in & carry_in) | (product & carry_in);
  end
endmodule
