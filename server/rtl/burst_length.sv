// SPDX-License-Identifier: Apache-2.0
// How many words of 64 bits the next burst has: at most 16, none beyond a 4 KB boundary.
module burst_length (
    input  logic [8:0]  word,   // of its 4 KB page
    input  logic [28:0] words,  // left, at least 1
    output logic [4:0]  beats
);
  wire [9:0] to_boundary = 10'd512 - 10'(word);
  wire [4:0] wanted = words < 29'd16 ? words[4:0] : 5'd16;
  assign beats = to_boundary < 10'(wanted) ? to_boundary[4:0] : wanted;
endmodule
