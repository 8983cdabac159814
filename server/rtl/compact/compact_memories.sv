// SPDX-License-Identifier: Apache-2.0
// Two activation banks and the program, which are all four single-port memories of an iCE40UP. The array
// reads one bank; outputs are written to the other one, where residuals are read too, and so does the
// host. Compact manual, section 2.
module compact_memories (
    input  logic        clk,
    input  logic        feed_bank,
    input  logic [13:0] feed_address,
    output logic [15:0] feed_word,
    input  logic [1:0]  write_0, write_1,  // each of the two bytes, of bank 0 or 1: the other one
    input  logic [13:0] other_address,
    input  logic [15:0] other_write_word,
    output logic [15:0] other_word,
    input  logic        program_write,
    input  logic [14:0] program_address,
    input  logic [15:0] program_write_word,
    output logic [15:0] program_word  // two cycles after its address
);
  wire [15:0] words_0, words_1, lower, upper;
  single_port_memory u_bank_0 (
      .clk, .write(write_0), .address(feed_bank ? other_address : feed_address), .write_word(other_write_word),
      .read_word(words_0)
  );
  single_port_memory u_bank_1 (
      .clk, .write(write_1), .address(feed_bank ? feed_address : other_address), .write_word(other_write_word),
      .read_word(words_1)
  );
  assign feed_word = feed_bank ? words_1 : words_0;
  assign other_word = feed_bank ? words_0 : words_1;

  single_port_memory u_lower (
      .clk, .write({2{program_write & ~program_address[14]}}), .address(program_address[13:0]),
      .write_word(program_write_word), .read_word(lower)
  );
  single_port_memory u_upper (
      .clk, .write({2{program_write & program_address[14]}}), .address(program_address[13:0]),
      .write_word(program_write_word), .read_word(upper)
  );
  logic is_upper;
  always_ff @(posedge clk) begin
    is_upper <= program_address[14];
    program_word <= is_upper ? upper : lower;
  end
endmodule
