// SPDX-License-Identifier: Apache-2.0
// CRC-32 as in zlib, 64 bits per cycle, the lowest first.
module crc32 (
    input  logic        clk,
    input  logic        clear,
    input  logic        enable,
    input  logic [63:0] word,
    output logic [31:0] crc    // of the words before this cycle
);
  logic [31:0] state;
  assign crc = ~state;

  function automatic logic [31:0] next(input logic [31:0] previous, input logic [63:0] data);
    next = previous;
    for (int i = 0; i < 64; i++) next = {1'b0, next[31:1]} ^ (next[0] ^ data[i] ? 32'hedb88320 : 32'd0);
  endfunction

  always_ff @(posedge clk) begin
    if (clear) state <= '1;
    else if (enable) state <= next(state, word);
  end
endmodule
