// SPDX-License-Identifier: Apache-2.0
// Counts the cycles of a step by what the sequencer did when they would have been in cell
// (0, COLUMNS - 1). Manual, section 8.
module cycle_counters #(
    parameter int COLUMNS = 18,
    parameter int TILE_BITS = 8
) (
    input  logic                 clk,
    input  logic                 reset,
    input  logic                 start,  // of a step
    input  logic                 busy,
    input  logic                 issue,
    input  logic                 waits_for_weights,
    input  logic                 waits_for_sums,
    input  logic                 last_of_tile,
    input  logic                 last_of_step,
    output logic [TILE_BITS-1:0] tile,   // to which this cycle belongs
    output logic [31:0]          fill,
    output logic [31:0]          stream,
    output logic [31:0]          drain,
    output logic [31:0]          weight_load,
    output logic [31:0]          stall
);
  localparam int DELAY = COLUMNS + 3;

  logic [5*DELAY-1:0] line;
  wire [5*DELAY+4:0] seen = {line, issue, waits_for_weights, waits_for_sums, last_of_tile, last_of_step};
  wire streams, loads, stalls, ends_tile, ends_step;
  assign {streams, loads, stalls, ends_tile, ends_step} = seen[5*DELAY+:5];
  logic draining;

  always_ff @(posedge clk) begin
    line <= reset ? '0 : seen[5*DELAY-1:0];
    if (start) begin
      tile <= '0;
      draining <= 1'b0;
      fill <= '0;
      stream <= '0;
      drain <= '0;
      weight_load <= '0;
      stall <= '0;
    end else if (busy) begin
      if (streams) stream <= stream + 1;
      else if (loads) weight_load <= weight_load + 1;
      else if (stalls) stall <= stall + 1;
      else if (draining) drain <= drain + 1;
      else fill <= fill + 1;
      if (ends_step) draining <= 1'b1;
      else if (ends_tile) tile <= tile + 1'b1;
    end
  end
endmodule
