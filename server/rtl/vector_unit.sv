// SPDX-License-Identifier: Apache-2.0
// Runs a vector step: reads a word per tap, one per cycle, and writes a word per output position.
// Moves and maxima go on without a pause; averages and additions finish a position before the next
// begins. Machine manual, sections 4 and 5.
module vector_unit #(
    parameter int CHANNELS = 128,
    parameter int ADDRESS_BITS = 10,
    parameter int TAP_ADDRESS_BITS = 10
) (
    input  logic                        clk,
    input  logic                        reset,
    input  logic                        start,
    output logic                        busy,
    input  logic [16*32-1:0]            step,
    // the taps memory
    output logic                        tap_read,
    output logic [TAP_ADDRESS_BITS-1:0] tap_address,
    input  logic [47+CHANNELS:0]        tap_word,
    // the window
    input  logic [16:0]                 corner_y,
    input  logic [16:0]                 corner_x,
    input  logic [15:0]                 corner,
    output logic                        advance,
    // the activation memory: a feed port, and all edge ports for the second operand
    output logic                        read,
    output logic [ADDRESS_BITS-1:0]     address,
    input  logic [CHANNELS*8-1:0]       word,
    output logic                        second_read,
    output logic [ADDRESS_BITS-1:0]     second_address,
    input  logic [CHANNELS*8-1:0]       second_word,
    output logic                        write,
    output logic [CHANNELS-1:0]         write_bytes,
    output logic [ADDRESS_BITS-1:0]     write_address,
    output logic [CHANNELS*8-1:0]       write_word
);
  wire [3:0] kind = step[3:0];
  wire is_maximum = kind == 4'd2;
  wire is_average = kind == 4'd3;
  wire is_add = kind == 4'd4;
  wire pauses = is_average | is_add;
  wire [7:0] zero_point = step[1*32+16+:8];
  wire [15:0] height = step[2*32+:16];
  wire [15:0] width = step[2*32+16+:16];
  wire [15:0] last_pixel = step[5*32+:16];
  wire [15:0] last_tap = step[6*32+:16];
  wire [15:0] first_tap = step[6*32+16+:16];

  // Which tap is asked for. Pauses end when the position is written.
  logic asking, pausing;
  logic [15:0] tap, pixels_left, pixel;
  wire asks = asking & ~pausing;
  wire ends_position = tap == last_tap;
  assign tap_read = asks;
  assign tap_address = TAP_ADDRESS_BITS'(first_tap + tap);

  always_ff @(posedge clk) begin
    if (reset) asking <= 1'b0;
    else if (start) asking <= 1'b1;
    else if (asks & ends_position & (pixels_left == '0)) asking <= 1'b0;

    if (start | reset | write) pausing <= 1'b0;
    else if (asks & ends_position) pausing <= pauses;

    if (start) begin
      tap <= '0;
      pixels_left <= last_pixel;
    end else if (asks) begin
      tap <= ends_position ? '0 : tap + 1'b1;
      if (ends_position) pixels_left <= pixels_left - 1'b1;
    end

    if (reset) busy <= 1'b0;
    else if (start) busy <= 1'b1;
    else if (write & (pixel == last_pixel)) busy <= 1'b0;

    if (start) pixel <= '0;
    else if (write) pixel <= pixel + 1'b1;
  end

  // Address, memory, lanes.
  logic addressing, address_first, address_last;
  logic reading, read_first, read_last, read_in_image;
  logic keeping, keep_first, keep_last, keep_in_image;
  logic done;
  logic [CHANNELS-1:0] read_lanes, keep_lanes;
  wire [16:0] y = corner_y + {tap_word[15], tap_word[15:0]};
  wire [16:0] x = corner_x + {tap_word[31], tap_word[31:16]};
  assign advance = addressing & address_last;
  assign read = reading;
  assign second_read = reading & is_add;
  assign second_address = ADDRESS_BITS'(step[12*32+:16] + pixel);

  always_ff @(posedge clk) begin
    addressing <= asks & ~reset;
    reading <= addressing & ~reset;
    keeping <= reading & ~reset;
    done <= keeping & keep_last & ~reset;
    if (asks) begin
      address_first <= tap == '0;
      address_last <= ends_position;
    end
    if (addressing) begin
      address <= ADDRESS_BITS'(corner + tap_word[47:32]);
      read_in_image <= (y < 17'(height)) & (x < 17'(width));
      read_lanes <= tap_word[48+:CHANNELS];
      read_first <= address_first;
      read_last <= address_last;
    end
    if (reading) begin
      keep_in_image <= read_in_image;
      keep_lanes <= read_lanes;
      keep_first <= read_first;
      keep_last <= read_last;
    end
  end

  wire [CHANNELS*16-1:0] kept;
  vector_lanes #(.CHANNELS(CHANNELS)) u_lanes (
      .clk, .valid(keeping), .first(keep_first), .in_image(keep_in_image), .applies(keep_lanes), .word,
      .is_move(~is_maximum & ~pauses), .is_maximum, .is_average, .zero_point, .kept
  );

  assign write_address = ADDRESS_BITS'(step[10*32+:16] + pixel);
  vector_finish #(.CHANNELS(CHANNELS)) u_finish (
      .clk, .reset, .start, .done, .ready(write), .kept, .second(second_word), .is_average, .is_add, .zero_point,
      .rotation(step[7*32+:8]), .first_bank(step[7*32+8+:8]), .data_first(step[8*32+:8]), .data_last(step[8*32+8+:8]),
      .write_first(step[9*32+:8]), .write_last(step[9*32+8+:8]), .output_zero_point(step[10*32+16+:8]),
      .low(step[11*32+:9]), .high(step[11*32+16+:9]), .second_zero_point(step[12*32+16+:8]),
      .second_bank(step[12*32+24+:8]), .first_left(step[13*32+:5]), .second_left(step[13*32+8+:5]),
      .right(step[13*32+16+:5]), .count(step[14*32+:9]), .write(write_bytes), .word(write_word)
  );
endmodule
