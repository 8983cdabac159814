// SPDX-License-Identifier: Apache-2.0
// Holds a reset until what the array held before has left: array manual, section 2.1.
module reset_hold #(
    parameter int CYCLES = 64
) (
    input  logic clk,
    input  logic request,
    output logic hold  // from the same cycle on, for CYCLES cycles more
);
  localparam int BITS = $clog2(CYCLES + 1);
  logic [BITS-1:0] cycles_left;
  assign hold = request | (cycles_left != '0);

  always_ff @(posedge clk) begin
    if (request) cycles_left <= BITS'(CYCLES);
    else if (cycles_left != '0) cycles_left <= cycles_left - 1'b1;
  end
endmodule
