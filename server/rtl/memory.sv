// SPDX-License-Identifier: Apache-2.0
// A block memory: one write and one read port, both clocked.
module memory #(
    parameter int WIDTH = 32,
    parameter int WORDS = 1024,
    parameter int ADDRESS_BITS = WORDS == 1 ? 1 : $clog2(WORDS)
) (
    input  logic                    clk,
    input  logic                    write,
    input  logic [ADDRESS_BITS-1:0] write_address,
    input  logic [WIDTH-1:0]        write_word,
    input  logic                    read,
    input  logic [ADDRESS_BITS-1:0] read_address,
    output logic [WIDTH-1:0]        read_word  // one cycle after its address, until the next read
);
  logic [WIDTH-1:0] words[WORDS];

  always_ff @(posedge clk) begin
    if (write) words[write_address] <= write_word;
    if (read) read_word <= words[read_address];
  end
endmodule
