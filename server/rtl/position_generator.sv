// SPDX-License-Identifier: Apache-2.0
// Walks over the output pixels of a step, row by row, and says where in the input each one's window
// begins. Coordinates are in two's complement, addresses modulo 2^16. Machine manual, section 3.
module position_generator (
    input  logic        clk,
    input  logic        restart,       // the first pixel, from the next cycle on
    input  logic        advance,       // the next pixel
    input  logic [15:0] base,          // the step: what follows is constant while it runs
    input  logic [15:0] output_width,
    input  logic [7:0]  stride_down,
    input  logic [7:0]  stride_right,
    input  logic [7:0]  pad_top,
    input  logic [7:0]  pad_left,
    input  logic [15:0] stride_words,  // input positions from a row of windows to the next
    input  logic [15:0] pad_words,     // in the rows above the image
    output logic [16:0] corner_y,
    output logic [16:0] corner_x,
    output logic [15:0] corner         // its address
);
  logic [15:0] row_corner;
  logic [15:0] columns_left;
  wire [15:0] first_corner = base - pad_words - 16'(pad_left);
  wire [15:0] next_row_corner = row_corner + stride_words;

  always_ff @(posedge clk) begin
    if (restart) begin
      corner_y <= 17'd0 - 17'(pad_top);
      corner_x <= 17'd0 - 17'(pad_left);
      corner <= first_corner;
      row_corner <= first_corner;
      columns_left <= output_width - 1'b1;
    end else if (advance) begin
      if (columns_left == '0) begin
        corner_y <= corner_y + 17'(stride_down);
        corner_x <= 17'd0 - 17'(pad_left);
        corner <= next_row_corner;
        row_corner <= next_row_corner;
        columns_left <= output_width - 1'b1;
      end else begin
        corner_x <= corner_x + 17'(stride_right);
        corner <= corner + 16'(stride_right);
        columns_left <= columns_left - 1'b1;
      end
    end
  end
endmodule
