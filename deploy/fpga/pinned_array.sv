// SPDX-License-Identifier: Apache-2.0
// The array between two shift registers, for measuring what it costs and how fast it is on a
// part: place and route wants a design with few pins, and drops what no pin depends on. No
// part of the machine. The first register drives every input of the array, bit by bit from one
// pin; the second folds every output into one pin. Neither has logic but the one LUT in front
// of a register, so the wrapper has as many logic cells as registers: INPUTS + OUTPUTS.
// The first moves only when told to: else its bits would be those that the array's lanes
// hold, and synthesis would make one register of both.
module pinned_array #(
    parameter int ROWS = 8,
    parameter int COLUMNS = 8,
    parameter int ALPHA = 8,
    parameter int INTERLEAVE = 4,
    parameter int WEIGHT_BUFFERS = 2,
    parameter int WORD_BITS = 8 + $clog2(ALPHA)
) (
    input  logic clk,
    input  logic shift,
    input  logic serial_in,
    output logic serial_out
);
  localparam int PHASE_BITS = INTERLEAVE == 1 ? 0 : 2;
  localparam int SWAP_BITS = WEIGHT_BUFFERS == 1 ? 0 : 1;
  localparam int INPUTS = 2 + SWAP_BITS + PHASE_BITS + COLUMNS * (ALPHA + WORD_BITS) + ROWS * INTERLEAVE;
  localparam int OUTPUTS = ROWS * INTERLEAVE;

  logic [INPUTS-1:0] inputs;
  logic [OUTPUTS-1:0] outputs;
  wire [OUTPUTS-1:0] sums_out;

  always_ff @(posedge clk) begin
    if (shift) inputs <= {inputs[INPUTS-2:0], serial_in};
    outputs <= sums_out ^ OUTPUTS'({outputs, 1'b0});
  end
  assign serial_out = outputs[OUTPUTS-1];

  // What a configuration does not use is constant, as in the machine.
  wire load, first;
  wire [COLUMNS*ALPHA-1:0] lanes;
  wire [COLUMNS*WORD_BITS-1:0] words;
  wire [ROWS*INTERLEAVE-1:0] sums_in;
  wire swap = SWAP_BITS == 0 ? 1'b0 : inputs[INPUTS-1];
  wire [1:0] phase = PHASE_BITS == 0 ? 2'd0 : inputs[INPUTS-1-SWAP_BITS-:2];
  assign {load, first, lanes, words, sums_in} = inputs[INPUTS-1-SWAP_BITS-PHASE_BITS:0];

  systolic_array #(
      .ROWS(ROWS), .COLUMNS(COLUMNS), .ALPHA(ALPHA), .INTERLEAVE(INTERLEAVE), .WEIGHT_BUFFERS(WEIGHT_BUFFERS)
  ) u_array (
      .clk, .load, .swap, .first, .phase, .lanes, .words, .sums_in, .sums_out,
      .swap_at_last_cell(), .first_at_last_column(), .phase_at_last_column()
  );
endmodule
