// SPDX-License-Identifier: Apache-2.0
// Bit-serial multiply-accumulate: adds +-magnitude * data to a sum of 32 bits, a bit per
// cycle, least significant first. Manual, section 2.1.
module mac (
    input  logic       clk,
    input  logic       data,       // 0 in cycles that carry no data bit
    input  logic [6:0] magnitude,  // of the weight
    input  logic       negative,   // constant over a word's 32 cycles
    input  logic       first,      // first bit of a word
    input  logic       sum_in,
    output logic       sum_out     // one cycle after sum_in
);
  logic [6:1] partial;
  logic [5:0] carry;
  logic sum_carry;

  wire [6:0] row = magnitude & {7{data}};
  wire [5:0] total = row[5:0] ^ partial ^ carry;
  wire addend = total[0] ^ negative;
  wire carry_in = first ? negative : sum_carry;

  always_ff @(posedge clk) begin
    partial <= {row[6], total[5:1]};
    carry <= (row[5:0] & partial) | (row[5:0] & carry) | (partial & carry);
    sum_out <= sum_in ^ addend ^ carry_in;
    sum_carry <= (sum_in & addend) | (sum_in & carry_in) | (addend & carry_in);
  end
endmodule
