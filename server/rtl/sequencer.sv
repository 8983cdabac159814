// SPDX-License-Identifier: Apache-2.0
// Issues the bits of a step, tile after tile, a tile as soon as its weights and the sums it
// continues are there. Manual, section 7.
module sequencer #(
    parameter int COLUMNS = 18,
    parameter int INTERLEAVE = 4,
    parameter int PIXEL_BITS = 10,
    parameter int TILE_BITS = 8,
    parameter int BIT_BITS = INTERLEAVE == 1 ? 5 : 3
) (
    input  logic                  clk,
    input  logic                  reset,
    input  logic                  start,
    input  logic                  finished,   // the step's last output is being written
    input  logic [TILE_BITS-1:0]  last_tile,
    input  logic [PIXEL_BITS-1:0] last_pixel,
    input  logic                  continues,  // tile `tile` does
    input  logic                  weights_ready,
    input  logic                  window_ready,  // the data of pixel `pixel` are there
    output logic                  busy,
    output logic                  issue,      // bit `bit_index` of `pixel` of `tile`
    output logic                  first_of_tile,
    output logic                  first_of_word,
    output logic                  last_of_tile,
    output logic                  last_of_step,
    output logic                  waits_for_weights,
    output logic                  waits_for_sums,
    output logic [TILE_BITS-1:0]  tile,
    output logic [PIXEL_BITS-1:0] pixel,
    output logic [BIT_BITS-1:0]   bit_index,
    output logic [1:0]            phase       // the multiply-accumulate whose word it is
);
  localparam int SUMS_DELAY = COLUMNS + 34;
  localparam int DELAY_BITS = $clog2(SUMS_DELAY);

  logic pending;  // bits are left to issue
  logic [DELAY_BITS-1:0] sums_delay;

  wire at_word = bit_index == '0;
  wire at_tile = at_word & (pixel == '0);
  wire sums_ready = ~continues | (sums_delay == '0);
  wire ends_word = issue & (&bit_index);

  assign issue = pending & (~at_tile | (weights_ready & sums_ready)) & (~at_word | window_ready);
  assign first_of_word = issue & at_word;
  assign first_of_tile = issue & at_tile;
  assign last_of_tile = ends_word & (pixel == last_pixel);
  assign last_of_step = last_of_tile & (tile == last_tile);
  assign waits_for_weights = pending & at_tile & ~weights_ready;
  assign waits_for_sums = pending & at_tile & weights_ready & ~sums_ready;

  always_ff @(posedge clk) begin
    if (reset) busy <= 1'b0;
    else if (start) busy <= 1'b1;
    else if (finished) busy <= 1'b0;

    if (reset) pending <= 1'b0;
    else if (start) pending <= 1'b1;
    else if (last_of_step) pending <= 1'b0;

    if (start) begin
      tile <= '0;
      pixel <= '0;
      bit_index <= '0;
      phase <= '0;
    end else if (issue) begin
      bit_index <= bit_index + 1'b1;
      if (ends_word) begin
        if (INTERLEAVE != 1) phase <= phase + 1'b1;
        pixel <= last_of_tile ? '0 : pixel + 1'b1;
      end
      if (last_of_tile) tile <= tile + 1'b1;
    end

    if (first_of_tile) sums_delay <= DELAY_BITS'(SUMS_DELAY - 1);
    else if (sums_delay != '0) sums_delay <= sums_delay - 1'b1;
  end
endmodule
