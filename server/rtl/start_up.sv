// SPDX-License-Identifier: Apache-2.0
// What a bit that was issued reaches, and when: the left edge of row 0 after 2 cycles, the
// control of cell (0, 0) after 3, its swap after 2. Manual, sections 3 to 5.
module start_up #(
    parameter int PIXEL_BITS = 10,
    parameter int TILE_BITS = 8
) (
    input  logic                  clk,
    input  logic                  reset,
    input  logic                  first_of_tile,
    input  logic                  first_of_word,
    input  logic                  continues,
    input  logic [TILE_BITS-1:0]  tile,
    input  logic [PIXEL_BITS-1:0] pixel,
    input  logic [1:0]            phase,
    output logic                  read,
    output logic [1:0]            read_phase,
    output logic                  read_continues,
    output logic [TILE_BITS-1:0]  read_tile,
    output logic [PIXEL_BITS-1:0] read_pixel,
    output logic                  swap,
    output logic                  first,
    output logic [1:0]            array_phase
);
  logic [2:1] swaps;
  logic [3:1] firsts;
  logic [5:0] phases;  // two bits per cycle
  logic continues_1;
  logic [TILE_BITS-1:0] tile_1;
  logic [PIXEL_BITS-1:0] pixel_1;

  always_ff @(posedge clk) begin
    swaps <= reset ? '0 : {swaps[1], first_of_tile};
    firsts <= reset ? '0 : {firsts[2:1], first_of_word};
    phases <= {phases[3:0], phase};
    continues_1 <= continues;
    tile_1 <= tile;
    pixel_1 <= pixel;
    read_continues <= continues_1;
    read_tile <= tile_1;
    read_pixel <= pixel_1;
  end

  assign read = firsts[2];
  assign read_phase = phases[3:2];
  assign swap = swaps[2];
  assign first = firsts[3];
  assign array_phase = phases[5:4];
endmodule
