// SPDX-License-Identifier: Apache-2.0
// The activation memory: banks of 8 bytes, each written and read for residuals at an address of its
// own; feed ports read whole words. Machine manual, section 2.
module activation_memory #(
    parameter int CHANNELS = 128,
    parameter int POSITIONS = 1024,
    parameter int PORTS = 3,
    parameter int ADDRESS_BITS = $clog2(POSITIONS),
    parameter int BANKS = CHANNELS / 8
) (
    input  logic                          clk,
    input  logic [CHANNELS-1:0]           write,  // by byte
    input  logic [BANKS*ADDRESS_BITS-1:0] write_address,
    input  logic [CHANNELS*8-1:0]         write_word,
    input  logic [PORTS-1:0]              feed_read,
    input  logic [PORTS*ADDRESS_BITS-1:0] feed_address,
    output logic [PORTS*CHANNELS*8-1:0]   feed_word,
    input  logic [BANKS-1:0]              edge_read,
    input  logic [BANKS*ADDRESS_BITS-1:0] edge_address,
    output logic [CHANNELS*8-1:0]         edge_word
);
  generate
    for (genvar b = 0; b < BANKS; b++) begin : g_bank
      wire [PORTS*64-1:0] words;
      activation_bank #(.POSITIONS(POSITIONS), .PORTS(PORTS), .ADDRESS_BITS(ADDRESS_BITS)) u_bank (
          .clk, .write(write[b*8+:8]), .write_address(write_address[b*ADDRESS_BITS+:ADDRESS_BITS]),
          .write_word(write_word[b*64+:64]), .feed_read, .feed_address, .feed_word(words),
          .edge_read(edge_read[b]), .edge_address(edge_address[b*ADDRESS_BITS+:ADDRESS_BITS]),
          .edge_word(edge_word[b*64+:64])
      );
      for (genvar p = 0; p < PORTS; p++) begin : g_port
        assign feed_word[p*CHANNELS*8+b*64+:64] = words[p*64+:64];
      end
    end
  endgenerate
endmodule
