// SPDX-License-Identifier: Apache-2.0
// What the sums of all rows begin with: a chain of groups of 8 rows, and the way of their requests
// to the banks of the activation memory. Machine manual, section 3.
module left_rows #(
    parameter int ROWS = 16,
    parameter int CHANNELS = 128,
    parameter int ADDRESS_BITS = 10,
    parameter int GROUPS = (ROWS + 7) / 8,
    parameter int BANKS = CHANNELS / 8
) (
    input  logic                          clk,
    input  logic                          reset,
    input  logic                          begins,        // a word that begins sums is issued
    input  logic                          begins_first,  // the row block's first
    output logic                          take,
    input  logic [45:0]                   row_word,
    input  logic                          has_residual,
    input  logic [15:0]                   residual_base,
    output logic [BANKS-1:0]              read,
    output logic [BANKS*ADDRESS_BITS-1:0] address,
    input  logic [CHANNELS*8-1:0]         word,
    output logic [ROWS*32-1:0]            initial_words
);
  localparam int BYTE_BITS = $clog2(CHANNELS);

  wire [GROUPS:0] enter, enter_first;
  wire [GROUPS-1:0] takes, reads;
  wire [GROUPS*8-1:0] bytes;
  wire [GROUPS*16-1:0] addresses;
  assign enter[0] = begins;
  assign enter_first[0] = begins_first;
  assign take = |takes;

  generate
    for (genvar g = 0; g < GROUPS; g++) begin : g_group
      localparam int FIRST = g * 8;
      localparam int SERVED = ROWS - FIRST < 8 ? ROWS - FIRST : 8;
      wire [31:0] initial_word;
      logic [BYTE_BITS-1:0] from;
      left_group #(.ROWS(SERVED)) u_group (
          .clk, .reset, .enter(enter[g]), .enter_first(enter_first[g]), .leave(enter[g+1]),
          .leave_first(enter_first[g+1]), .take(takes[g]), .row_word, .has_residual, .residual_base,
          .read(reads[g]), .read_byte(bytes[g*8+:8]), .read_address(addresses[g*16+:16]),
          .residual(word[{from, 3'b000}+:8]), .initial_word
      );
      always_ff @(posedge clk) if (reads[g]) from <= bytes[g*8+:BYTE_BITS];
      assign initial_words[FIRST*32+:SERVED*32] = {SERVED{initial_word}};
    end
  endgenerate

  always_comb begin
    read = '0;
    address = '0;
    if (reads != '0) begin
      for (int b = 0; b < BANKS; b++) begin
        for (int g = 0; g < GROUPS; g++) begin
          if (reads[g] & (bytes[g*8+3+:5] == 5'(b))) begin
            read[b] = 1'b1;
            address[b*ADDRESS_BITS+:ADDRESS_BITS] =
                address[b*ADDRESS_BITS+:ADDRESS_BITS] | addresses[g*16+:ADDRESS_BITS];
          end
        end
      end
    end
  end
endmodule
