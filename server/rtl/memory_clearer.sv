// SPDX-License-Identifier: Apache-2.0
// Counts over the words of the largest memory, to overwrite all.
module memory_clearer #(
    parameter int WORDS_0 = 1,
    parameter int WORDS_1 = 1,
    parameter int WORDS_2 = 1,
    parameter int WORDS_3 = 1,
    parameter int WORDS_4 = 1,
    parameter int WORDS_5 = 1,
    parameter int WORDS_6 = 1,
    parameter int WORDS_7 = 1
) (
    input  logic        clk,
    input  logic        reset,
    input  logic        clear,
    output logic        clearing,  // from the next cycle on
    output logic [15:0] address
);
  localparam int MOST_01 = WORDS_0 > WORDS_1 ? WORDS_0 : WORDS_1;
  localparam int MOST_23 = WORDS_2 > WORDS_3 ? WORDS_2 : WORDS_3;
  localparam int MOST_45 = WORDS_4 > WORDS_5 ? WORDS_4 : WORDS_5;
  localparam int MOST_67 = WORDS_6 > WORDS_7 ? WORDS_6 : WORDS_7;
  localparam int MOST_03 = MOST_01 > MOST_23 ? MOST_01 : MOST_23;
  localparam int MOST_47 = MOST_45 > MOST_67 ? MOST_45 : MOST_67;
  localparam int MOST = MOST_03 > MOST_47 ? MOST_03 : MOST_47;

  always_ff @(posedge clk) begin
    if (reset) clearing <= 1'b0;
    else if (clear) clearing <= 1'b1;
    else if (address == 16'(MOST - 1)) clearing <= 1'b0;
    address <= clearing ? address + 1'b1 : '0;
  end
endmodule
