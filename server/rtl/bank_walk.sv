// SPDX-License-Identifier: Apache-2.0
// Walks over the banks of a tensor, position after position.
module bank_walk (
    input  logic        clk,
    input  logic        start,
    input  logic [15:0] base,
    input  logic [16:0] positions,
    input  logic [7:0]  first_bank,
    input  logic [7:0]  banks,
    input  logic        advance,
    output logic [15:0] position,
    output logic [7:0]  bank,
    output logic        last
);
  logic [7:0] banks_left;
  logic [16:0] positions_left;
  wire last_bank = banks_left == 8'd1;
  assign last = last_bank & (positions_left == 17'd1);

  always_ff @(posedge clk) begin
    if (start) begin
      position <= base;
      bank <= first_bank;
      banks_left <= banks;
      positions_left <= positions;
    end else if (advance) begin
      bank <= last_bank ? first_bank : bank + 1'b1;
      banks_left <= last_bank ? banks : banks_left - 1'b1;
      if (last_bank) begin
        position <= position + 1'b1;
        positions_left <= positions_left - 1'b1;
      end
    end
  end
endmodule
