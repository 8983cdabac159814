// SPDX-License-Identifier: Apache-2.0
// Sums of 8 pairs of values at a common scale, then shifted right and rounded: numerics, section 8.
module bank_adder (
    input  logic            clk,
    input  logic            load,
    input  logic            step,      // once after load
    input  logic [63:0]     first,     // bytes
    input  logic [7:0]      first_zero_point,
    input  logic [4:0]      first_left,
    input  logic [63:0]     second,
    input  logic [7:0]      second_zero_point,
    input  logic [4:0]      second_left,
    input  logic [4:0]      right,
    output logic [8*34-1:0] rounded
);
  generate
    for (genvar i = 0; i < 8; i++) begin : g_lane
      logic signed [32:0] a, b;
      wire signed [33:0] sum = 34'(a) + 34'(b);
      logic signed [34:0] shifted;  // bit 0 is the last bit shifted out: the rounding
      always_ff @(posedge clk) begin
        if (load) begin
          a <= $signed(33'(first[i*8+:8]) - 33'(first_zero_point)) <<< first_left;
          b <= $signed(33'(second[i*8+:8]) - 33'(second_zero_point)) <<< second_left;
        end
        if (step) shifted <= $signed({sum, 1'b0}) >>> right;
      end
      assign rounded[i*34+:34] = shifted[34:1] + 34'(shifted[0]);
    end
  endgenerate
endmodule
