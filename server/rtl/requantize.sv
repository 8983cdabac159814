// SPDX-License-Identifier: Apache-2.0
// Rounding right shift and clamp, three cycles from an accumulator's last bit until its
// output is written. Manual, section 6; numerics, section 6.
module requantize (
    input  logic               clk,
    input  logic signed [31:0] accumulator,  // cycle T
    input  logic [4:0]         shift,        // cycle T + 1
    input  logic signed [8:0]  low,          // cycle T + 2
    input  logic signed [8:0]  high,
    output logic signed [8:0]  quantized,    // cycle T + 3
    output logic signed [31:0] logit         // cycle T + 3: the accumulator as it was
);
  logic signed [31:0] kept, passed;
  logic signed [32:0] shifted;  // bit 0 is the last bit shifted out: the rounding

  wire signed [31:0] rounded = shifted[32:1] + 32'(shifted[0]);

  always_ff @(posedge clk) begin
    kept <= accumulator;
    shifted <= $signed({kept, 1'b0}) >>> shift;
    passed <= kept;
    quantized <= rounded < 32'(low) ? low : rounded > 32'(high) ? high : rounded[8:0];
    logit <= passed;
  end
endmodule
