// SPDX-License-Identifier: Apache-2.0
// What the sums of one row begin with: a word per pixel, shifted out bit by bit.
// Manual, section 5.
module left_edge #(
    parameter int INTERLEAVE = 4
) (
    input  logic                  clk,
    input  logic                  read,       // a word is being read; loaded in the next cycle
    input  logic [1:0]            phase,      // the multiply-accumulate it is for
    input  logic                  continues,  // it is a partial sum
    input  logic [31:0]           initial_word,  // both one cycle after read
    input  logic [31:0]           partial_sum,
    output logic [INTERLEAVE-1:0] sums           // bit 0 two cycles after read
);
  logic loading;
  logic [1:0] loading_phase;
  logic loading_continues;
  wire [31:0] word = loading_continues ? partial_sum : initial_word;

  always_ff @(posedge clk) begin
    loading <= read;
    loading_phase <= phase;
    loading_continues <= continues;
  end

  generate
    for (genvar k = 0; k < INTERLEAVE; k++) begin : g_serializer
      logic [31:0] bits;
      assign sums[k] = bits[0];
      always_ff @(posedge clk) bits <= loading & (loading_phase == k) ? word : {1'b0, bits[31:1]};
    end
  endgenerate
endmodule
