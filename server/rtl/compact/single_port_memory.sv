// SPDX-License-Identifier: Apache-2.0
// 16,384 words of 16 bits with one port, as an iCE40UP has four of.
module single_port_memory (
    input  logic        clk,
    input  logic [1:0]  write,       // each of the word's bytes
    input  logic [13:0] address,
    input  logic [15:0] write_word,
    output logic [15:0] read_word    // one cycle after its address; kept while writing
);
  logic [15:0] words[16384];

  always_ff @(posedge clk) begin
    if (write[0]) words[address][7:0] <= write_word[7:0];
    if (write[1]) words[address][15:8] <= write_word[15:8];
    if (write == 2'b00) read_word <= words[address];
  end
endmodule
