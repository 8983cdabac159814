// SPDX-License-Identifier: Apache-2.0
// Says whether the last pixel of a window has come. Pixels come in raster order, so then all of it
// are there. Machine manual, section 7.
module window_gate (
    input  logic        clk,
    input  logic        restart,      // no pixel has come
    input  logic        complete,     // all have: the input is in memory
    input  logic        arrival,      // the next one can be read from the next cycle on
    input  logic [15:0] height,       // of the input
    input  logic [15:0] width,
    input  logic [16:0] corner_y,     // of the window, in two's complement
    input  logic [16:0] corner_x,
    input  logic [7:0]  reach_down,   // from there to its last pixel
    input  logic [7:0]  reach_right,
    output logic        ready
);
  logic [15:0] next_y, next_x;  // the pixel that comes next
  wire line_ends = next_x + 1'b1 == width;

  always_ff @(posedge clk) begin
    if (restart) begin
      next_y <= '0;
      next_x <= '0;
    end else if (arrival) begin
      next_x <= line_ends ? '0 : next_x + 1'b1;
      if (line_ends) next_y <= next_y + 1'b1;
    end
  end

  // The last pixel of the window that is in the image. One right of it has come when the line has ended.
  wire [16:0] y = corner_y + 17'(reach_down);
  wire [16:0] x = corner_x + 17'(reach_right);
  wire [15:0] last_y = y[16] ? '0 : y[15:0] < height ? y[15:0] : height - 1'b1;
  wire [15:0] last_x = x[16] ? '0 : x[15:0];

  assign ready = complete | (last_y < next_y) | ((last_y == next_y) & (last_x < next_x));
endmodule
