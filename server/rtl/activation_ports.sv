// SPDX-License-Identifier: Apache-2.0
// The activation memory, and who uses its ports when: never two at a time.
module activation_ports #(
    parameter int CHANNELS = 128,
    parameter int POSITIONS = 1024,
    parameter int PORTS = 3,
    parameter int ADDRESS_BITS = $clog2(POSITIONS),
    parameter int BANKS = CHANNELS / 8
) (
    input  logic                          clk,
    input  logic                          clear,
    input  logic [ADDRESS_BITS-1:0]       clear_address,
    // the host, one bank
    input  logic                          host_write,
    input  logic                          bank_read,
    input  logic [15:0]                   host_position,
    input  logic [7:0]                    host_bank,
    input  logic [63:0]                   host_word,
    output logic [63:0]                   bank_word,
    // matrix steps
    input  logic [PORTS-1:0]              feed_read,
    input  logic [PORTS*ADDRESS_BITS-1:0] feed_address,
    output logic [PORTS*CHANNELS*8-1:0]   feed_word,
    input  logic [BANKS-1:0]              residual_read,
    input  logic [BANKS*ADDRESS_BITS-1:0] residual_address,
    output logic [CHANNELS*8-1:0]         edge_word,
    input  logic [CHANNELS-1:0]           row_write,
    input  logic [BANKS*ADDRESS_BITS-1:0] row_address,
    input  logic [CHANNELS*8-1:0]         row_word,
    // vector steps: feed port 0, and all banks at one address
    input  logic                          vector_read,
    input  logic [ADDRESS_BITS-1:0]       vector_address,
    input  logic                          second_read,
    input  logic [ADDRESS_BITS-1:0]       second_address,
    input  logic                          vector_write,
    input  logic [CHANNELS-1:0]           vector_bytes,
    input  logic [ADDRESS_BITS-1:0]       vector_write_address,
    input  logic [CHANNELS*8-1:0]         vector_word
);
  wire [ADDRESS_BITS-1:0] position = host_position[ADDRESS_BITS-1:0];
  wire [BANKS-1:0] host_banks = BANKS'(1) << host_bank;

  logic [CHANNELS-1:0] write;
  logic [BANKS*ADDRESS_BITS-1:0] write_address;
  logic [CHANNELS*8-1:0] write_word;
  always_comb begin
    write = row_write;
    write_address = row_address;
    write_word = row_word;
    if (clear) begin
      write = '1;
      write_address = {BANKS{clear_address}};
      write_word = '0;
    end else if (host_write) begin
      for (int b = 0; b < BANKS; b++) write[b*8+:8] = {8{host_banks[b]}};
      write_address = {BANKS{position}};
      write_word = {BANKS{host_word}};
    end else if (vector_write) begin
      write = vector_bytes;
      write_address = {BANKS{vector_write_address}};
      write_word = vector_word;
    end
  end

  wire [BANKS-1:0] edge_read = bank_read ? host_banks : residual_read | {BANKS{second_read}};
  wire [BANKS*ADDRESS_BITS-1:0] edge_address =
      bank_read ? {BANKS{position}} : second_read ? {BANKS{second_address}} : residual_address;
  localparam int BANK_BITS = BANKS == 1 ? 1 : $clog2(BANKS);
  assign bank_word = edge_word[64*host_bank[BANK_BITS-1:0]+:64];

  wire [PORTS-1:0] reads = feed_read | PORTS'(vector_read);
  wire [PORTS*ADDRESS_BITS-1:0] read_addresses =
      vector_read ? (PORTS * ADDRESS_BITS)'(vector_address) : feed_address;
  activation_memory #(.CHANNELS(CHANNELS), .POSITIONS(POSITIONS), .PORTS(PORTS)) u_memory (
      .clk, .write, .write_address, .write_word, .feed_read(reads), .feed_address(read_addresses), .feed_word,
      .edge_read, .edge_address, .edge_word
  );
endmodule
