// SPDX-License-Identifier: Apache-2.0
// What the sums of 8 rows begin with: bias plus residual. A row's word begins one cycle after that
// of the row below, so one adder serves all. Machine manual, section 3.
module left_group #(
    parameter int ROWS = 8  // of this group, at most 8
) (
    input  logic        clk,
    input  logic        reset,
    // a word that begins a sum was issued, as many cycles ago as rows are below this group
    input  logic        enter,
    input  logic        enter_first,     // the row block's first: rows take their words of the row memory
    output logic        leave,
    output logic        leave_first,
    output logic        take,
    input  logic [45:0] row_word,        // residual byte, used, residual shift, bias
    // the step
    input  logic        has_residual,
    input  logic [15:0] residual_base,
    // the residual, in the cycle after `enter` for row 0
    output logic        read,
    output logic [7:0]  read_byte,
    output logic [15:0] read_address,
    input  logic [7:0]  residual,        // one cycle later
    output logic [31:0] initial_word     // three cycles after the row's event
);
  logic [8:0] sources[8];   // residual byte, used
  logic [36:0] biases[8];   // residual shift, bias
  wire active, first;
  wire [2:0] row;
  row_chain #(.ROWS(ROWS)) u_chain (.clk, .reset, .enter, .enter_first, .active, .first, .row, .leave, .leave_first);
  assign take = active & first;

  logic reads, added, adds;
  logic [2:0] read_row, select_row, add_row;
  wire [8:0] source = sources[read_row];
  wire [36:0] bias = biases[add_row];
  logic [7:0] addend;
  assign read = reads & has_residual & source[0];
  assign read_byte = source[8:1];

  always_ff @(posedge clk) begin
    if (take) begin
      sources[row] <= row_word[45:37];
      biases[row] <= row_word[36:0];
    end
    if (enter) read_address <= enter_first ? residual_base : read_address + 1'b1;
    reads <= active;
    if (active) read_row <= row;
    added <= read;
    adds <= reads;
    if (reads) select_row <= read_row;
    if (adds) begin
      add_row <= select_row;
      addend <= added ? residual : '0;
    end
  end

  assign initial_word = bias[31:0] + (32'(addend) << bias[36:32]);
endmodule
