// SPDX-License-Identifier: Apache-2.0
// Follows an event from row to row, one row per cycle, through the 8 rows of a group, and hands it
// to the next group. A row has at most one event in 8 cycles, so the group has one at a time.
module row_chain #(
    parameter int ROWS = 8  // of this group, at most 8
) (
    input  logic       clk,
    input  logic       reset,
    input  logic       enter,        // at row 0, in this cycle
    input  logic       enter_first,  // a property of the event
    output logic       active,       // an event is at row `row`
    output logic       first,
    output logic [2:0] row,
    output logic       leave,        // an event enters the next group
    output logic       leave_first
);
  logic passing, passing_first;
  logic [2:0] passing_row;

  assign active = enter | passing;
  assign first = enter ? enter_first : passing_first;
  assign row = enter ? 3'd0 : passing_row;

  always_ff @(posedge clk) begin
    passing <= active & (row != 3'(ROWS - 1)) & ~reset;
    passing_first <= first;
    passing_row <= row + 1'b1;
    leave <= active & (row == 3'd7) & ~reset;
    leave_first <= first;
  end
endmodule
