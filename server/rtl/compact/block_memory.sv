// SPDX-License-Identifier: Apache-2.0
// A block memory with one write and one read port. What is read from a word while it is written means
// nothing: nobody does that, and synthesis need not care.
module block_memory #(
    parameter int WIDTH = 16,
    parameter int WORDS = 256,
    parameter int ADDRESS_BITS = $clog2(WORDS)
) (
    input  logic                    clk,
    input  logic                    write,
    input  logic [ADDRESS_BITS-1:0] write_address,
    input  logic [WIDTH-1:0]        write_word,
    input  logic [ADDRESS_BITS-1:0] read_address,
    output logic [WIDTH-1:0]        read_word  // one cycle after its address
);
  (* no_rw_check, ram_style = "block" *) logic [WIDTH-1:0] words[WORDS];

  always_ff @(posedge clk) begin
    if (write) words[write_address] <= write_word;
    read_word <= words[read_address];
  end
endmodule
