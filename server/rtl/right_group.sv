// SPDX-License-Identifier: Apache-2.0
// Where the outputs of 8 rows go. A row's output follows one cycle after that of the row below, so
// the group writes one byte per cycle. Machine manual, section 3.
module right_group #(
    parameter int ROWS = 8,  // of this group, at most 8
    parameter int PIXEL_BITS = 10
) (
    input  logic                       clk,
    input  logic                       reset,
    // the first sum of a row block is complete in row 0: rows take their words of the row memory
    input  logic                       enter,
    output logic                       leave,
    output logic                       take,
    input  logic [13:0]                row_word,      // output byte, used, shift
    // the array
    output logic [ROWS*5-1:0]          shifts,
    input  logic [ROWS-1:0]            output_valid,
    input  logic [PIXEL_BITS-1:0]      output_pixel,  // of row 0
    input  logic [ROWS*9-1:0]          quantized,
    // the step
    input  logic [15:0]                base,
    input  logic [7:0]                 zero_point,
    // in the cycle after output_valid; address and byte of a logit mean nothing
    output logic                       write,
    output logic [7:0]                 write_byte,
    output logic [15:0]                write_address,
    output logic [7:0]                 write_data
);
  wire active, first, leave_first;
  wire [2:0] row;
  row_chain #(.ROWS(ROWS)) u_chain (
      .clk, .reset, .enter, .enter_first(1'b1), .active, .first, .row, .leave, .leave_first
  );
  assign take = active;

  logic [8:0] places[8];  // output byte, used
  generate
    for (genvar r = 0; r < ROWS; r++) begin : g_row
      logic [4:0] shift;
      always_ff @(posedge clk) if (active & (row == r)) shift <= row_word[4:0];
      assign shifts[r*5+:5] = shift;
    end
  endgenerate

  logic [2:0] done_row;
  logic [8:0] done_quantized;
  always_comb begin
    done_row = '0;
    done_quantized = '0;
    for (int r = 0; r < ROWS; r++) begin
      if (output_valid[r]) begin
        done_row = done_row | 3'(r);
        done_quantized = done_quantized | quantized[r*9+:9];
      end
    end
  end
  wire [8:0] place = places[done_row];

  always_ff @(posedge clk) begin
    if (active) places[row] <= row_word[13:5];
    write <= (|output_valid) & place[0];
    if (output_valid[0]) write_address <= base + 16'(output_pixel);
    if (|output_valid) begin
      write_byte <= place[8:1];
      write_data <= done_quantized[7:0] + zero_point;
    end
  end
endmodule
