// SPDX-License-Identifier: Apache-2.0
// Loads the tiles of a step one after the other, each as soon as the words it replaces are
// no longer needed; the highest row's words first. Manual, sections 3 and 7.
module weight_loader #(
    parameter int ROW_BITS = 4,
    parameter int TILE_BITS = 8
) (
    input  logic                 clk,
    input  logic                 reset,
    input  logic                 start,       // of a step
    input  logic [TILE_BITS-1:0] last_tile,
    input  logic                 freed,       // the words of the tile loaded last may be replaced
    input  logic                 used,        // the loaded tile begins
    output logic [TILE_BITS-1:0] next_tile,
    input  logic [ROW_BITS-1:0]  next_last_row,
    output logic                 load,
    output logic [TILE_BITS-1:0] load_tile,
    output logic [ROW_BITS-1:0]  load_row,    // whose word is on the buses
    output logic                 ready        // all words of load_tile are in place
);
  assign next_tile = start ? '0 : load_tile + 1'b1;
  wire begins = start | (freed & (load_tile != last_tile));
  wire ends = load & (load_row == '0);

  always_ff @(posedge clk) begin
    if (reset) load <= 1'b0;
    else if (begins) load <= 1'b1;
    else if (ends) load <= 1'b0;

    if (begins) begin
      load_tile <= next_tile;
      load_row <= next_last_row;
    end else if (load) begin
      load_row <= load_row - 1'b1;
    end

    if (reset | start | used) ready <= 1'b0;
    else if (ends) ready <= 1'b1;
  end
endmodule
