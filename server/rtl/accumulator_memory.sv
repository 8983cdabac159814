// SPDX-License-Identifier: Apache-2.0
// Partial sums of one row, a word per pixel: one read and one write port, both clocked.
module accumulator_memory #(
    parameter int WORDS = 1024,
    parameter int ADDRESS_BITS = $clog2(WORDS)
) (
    input  logic                    clk,
    input  logic                    write,
    input  logic [ADDRESS_BITS-1:0] write_address,
    input  logic [31:0]             write_word,
    input  logic [ADDRESS_BITS-1:0] read_address,
    output logic [31:0]             read_word  // one cycle after its address
);
  logic [31:0] words[WORDS];

  always_ff @(posedge clk) begin
    if (write) words[write_address] <= write_word;
    read_word <= words[read_address];
  end
endmodule
