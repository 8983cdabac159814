// SPDX-License-Identifier: Apache-2.0
// The row memory, read in order from the left edge and from the right, which are in different row
// blocks: bits that only one of them uses are stored once. Machine manual, section 2.
module row_memory #(
    parameter int WORDS = 4096,
    parameter int ADDRESS_BITS = $clog2(WORDS)
) (
    input  logic                    clk,
    input  logic                    write,
    input  logic [ADDRESS_BITS-1:0] write_address,
    input  logic [63:0]             write_word,
    input  logic                    set,
    input  logic [ADDRESS_BITS-1:0] first,
    input  logic                    left_advance,
    output logic [45:0]             left_word,   // residual byte, used, residual shift, bias
    input  logic                    right_advance,
    output logic [13:0]             right_word   // output byte, used, shift
);
  ahead_memory #(.WIDTH(46), .WORDS(WORDS), .ADDRESS_BITS(ADDRESS_BITS)) u_left (
      .clk, .write, .write_address, .write_word({write_word[58:51], write_word[42:37], write_word[31:0]}),
      .set, .first, .advance(left_advance), .word(left_word)
  );
  ahead_memory #(.WIDTH(14), .WORDS(WORDS), .ADDRESS_BITS(ADDRESS_BITS)) u_right (
      .clk, .write, .write_address, .write_word({write_word[50:42], write_word[36:32]}),
      .set, .first, .advance(right_advance), .word(right_word)
  );
endmodule
