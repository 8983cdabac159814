// SPDX-License-Identifier: Apache-2.0
// Brings every column its bytes, bit by bit, at the time at which the array wants them: a chain of
// feed ports, and the column memory, of which each column takes its word with the first pixel of a
// tile. Machine manual, section 3.
module feeder #(
    parameter int COLUMNS = 18,
    parameter int ALPHA = 8,
    parameter int INTERLEAVE = 4,
    parameter int CHANNELS = 128,
    parameter int FEED_RULE = 2,
    parameter int ADDRESS_BITS = 10,
    parameter int WORD_TIME = INTERLEAVE == 1 ? 32 : 8,
    parameter int BIT_BITS = $clog2(WORD_TIME),
    parameter int PORTS = (COLUMNS + WORD_TIME - 1) / WORD_TIME
) (
    input  logic                          clk,
    input  logic                          reset,
    // what the array issues
    input  logic                          issue,
    input  logic                          issue_first,  // a bit of a tile's first pixel
    input  logic [BIT_BITS-1:0]           issue_bit,
    input  logic [16:0]                   corner_y,
    input  logic [16:0]                   corner_x,
    input  logic [15:0]                   corner,
    // the step
    input  logic [15:0]                   height,
    input  logic [15:0]                   width,
    input  logic [7:0]                    zero_point,
    // the next word of the column memory
    output logic                          take,
    input  logic [31+8*ALPHA:0]           column_word,
    // the activation memory
    output logic [PORTS-1:0]              read,
    output logic [PORTS*ADDRESS_BITS-1:0] address,
    input  logic [PORTS*CHANNELS*8-1:0]   word,
    output logic [COLUMNS*ALPHA-1:0]      lanes
);
  wire [PORTS:0] active, first;
  wire [(PORTS+1)*BIT_BITS-1:0] slot;
  wire [(PORTS+1)*17-1:0] y, x;
  wire [(PORTS+1)*16-1:0] corners;
  wire [PORTS-1:0] takes;
  assign active[0] = issue;
  assign first[0] = issue_first;
  assign slot[0+:BIT_BITS] = issue_bit;
  assign y[0+:17] = corner_y;
  assign x[0+:17] = corner_x;
  assign corners[0+:16] = corner;
  assign take = |takes;

  generate
    for (genvar p = 0; p < PORTS; p++) begin : g_port
      localparam int FIRST = p * WORD_TIME;
      localparam int SERVED = COLUMNS - FIRST < WORD_TIME ? COLUMNS - FIRST : WORD_TIME;
      feed_port #(
          .COLUMNS(SERVED), .WORD_TIME(WORD_TIME), .ALPHA(ALPHA), .CHANNELS(CHANNELS), .FEED_RULE(FEED_RULE),
          .ADDRESS_BITS(ADDRESS_BITS)
      ) u_port (
          .clk, .reset,
          .active_in(active[p]), .first_in(first[p]), .slot_in(slot[p*BIT_BITS+:BIT_BITS]),
          .corner_y_in(y[p*17+:17]), .corner_x_in(x[p*17+:17]), .corner_in(corners[p*16+:16]),
          .active_out(active[p+1]), .first_out(first[p+1]), .slot_out(slot[(p+1)*BIT_BITS+:BIT_BITS]),
          .corner_y_out(y[(p+1)*17+:17]), .corner_x_out(x[(p+1)*17+:17]), .corner_out(corners[(p+1)*16+:16]),
          .take(takes[p]), .column_word, .height, .width, .zero_point,
          .read(read[p]), .address(address[p*ADDRESS_BITS+:ADDRESS_BITS]), .word(word[p*CHANNELS*8+:CHANNELS*8]),
          .lanes(lanes[FIRST*ALPHA+:SERVED*ALPHA])
      );
    end
  endgenerate
endmodule
