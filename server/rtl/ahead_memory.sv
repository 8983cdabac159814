// SPDX-License-Identifier: Apache-2.0
// A block memory that is read in order, whose next word is there before it is asked for:
// the memory's output register holds it.
module ahead_memory #(
    parameter int WIDTH = 32,
    parameter int WORDS = 1024,
    parameter int ADDRESS_BITS = WORDS == 1 ? 1 : $clog2(WORDS)
) (
    input  logic                    clk,
    input  logic                    write,
    input  logic [ADDRESS_BITS-1:0] write_address,
    input  logic [WIDTH-1:0]        write_word,
    input  logic                    set,      // word `first` is there from the next cycle on
    input  logic [ADDRESS_BITS-1:0] first,
    input  logic                    advance,  // the word is used; its successor is there in the next cycle
    output logic [WIDTH-1:0]        word
);
  logic [ADDRESS_BITS-1:0] pointer;
  wire [ADDRESS_BITS-1:0] next = set ? first : pointer + 1'b1;

  always_ff @(posedge clk) if (set | advance) pointer <= next;

  memory #(.WIDTH(WIDTH), .WORDS(WORDS), .ADDRESS_BITS(ADDRESS_BITS)) u_memory (
      .clk, .write, .write_address, .write_word, .read(set | advance), .read_address(next), .read_word(word)
  );
endmodule
