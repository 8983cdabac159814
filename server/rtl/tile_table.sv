// SPDX-License-Identifier: Apache-2.0
// What the sequencer knows of each tile of a step.
module tile_table #(
    parameter int ROW_BITS = 4,
    parameter int TILE_BITS = 8
) (
    input  logic                 clk,
    input  logic                 write,
    input  logic [TILE_BITS-1:0] write_tile,
    input  logic [ROW_BITS-1:0]  write_last_row,   // the highest row it uses
    input  logic                 write_continues,  // adds to the sums of the tile before
    input  logic                 write_final,      // its sums are complete
    input  logic [TILE_BITS-1:0] load_tile,
    output logic [ROW_BITS-1:0]  load_last_row,
    input  logic [TILE_BITS-1:0] issue_tile,
    output logic                 issue_continues,
    input  logic [TILE_BITS-1:0] done_tile,
    output logic                 done_final
);
  logic [ROW_BITS-1:0] last_rows[2**TILE_BITS];
  logic continues[2**TILE_BITS];
  logic finals[2**TILE_BITS];

  always_ff @(posedge clk) begin
    if (write) begin
      last_rows[write_tile] <= write_last_row;
      continues[write_tile] <= write_continues;
      finals[write_tile] <= write_final;
    end
  end

  assign load_last_row = last_rows[load_tile];
  assign issue_continues = continues[issue_tile];
  assign done_final = finals[done_tile];
endmodule
