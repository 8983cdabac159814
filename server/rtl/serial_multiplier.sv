// SPDX-License-Identifier: Apache-2.0
// A product by shifting and adding, one bit of the multiplier per cycle.
module serial_multiplier #(
    parameter int BITS = 16
) (
    input  logic            clk,
    input  logic            start,
    input  logic [7:0]      multiplier,    // both while start
    input  logic [BITS-1:0] multiplicand,
    output logic [BITS-1:0] product        // from 9 cycles after start on, modulo 2^BITS
);
  logic [7:0] bits;
  logic [BITS-1:0] shifted;

  always_ff @(posedge clk) begin
    if (start) begin
      bits <= multiplier;
      shifted <= multiplicand;
      product <= '0;
    end else if (bits != '0) begin
      bits <= bits >> 1;
      shifted <= shifted << 1;
      if (bits[0]) product <= product + shifted;
    end
  end
endmodule
