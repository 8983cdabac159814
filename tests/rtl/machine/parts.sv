// SPDX-License-Identifier: Apache-2.0
// Small modules of the machine side by side, one model for the tests of all.
module parts (
    input  logic           clk,
    // position_generator
    input  logic           walk_restart,
    input  logic           walk_advance,
    input  logic [15:0]    walk_base,
    input  logic [15:0]    walk_output_width,
    input  logic [7:0]     walk_stride_down,
    input  logic [7:0]     walk_stride_right,
    input  logic [7:0]     walk_pad_top,
    input  logic [7:0]     walk_pad_left,
    input  logic [15:0]    walk_stride_words,
    input  logic [15:0]    walk_pad_words,
    output logic [16:0]    walk_y,
    output logic [16:0]    walk_x,
    output logic [15:0]    walk_corner,
    // serial_multiplier
    input  logic           product_start,
    input  logic [7:0]     product_multiplier,
    input  logic [15:0]    product_multiplicand,
    output logic [15:0]    product,
    // bank_divider, bank_adder
    input  logic           load,
    input  logic           step,
    input  logic [8*16-1:0] sums,
    input  logic [8:0]     count,
    output logic [8*33-1:0] quotients,
    input  logic [63:0]    first,
    input  logic [7:0]     first_zero_point,
    input  logic [4:0]     first_left,
    input  logic [63:0]    second,
    input  logic [7:0]     second_zero_point,
    input  logic [4:0]     second_left,
    input  logic [4:0]     right,
    output logic [8*34-1:0] rounded,
    // crc32
    input  logic           crc_clear,
    input  logic           crc_enable,
    input  logic [63:0]    crc_word,
    output logic [31:0]    crc,
    // ahead_memory
    input  logic           ahead_write,
    input  logic [3:0]     ahead_address,
    input  logic [31:0]    ahead_word_in,
    input  logic           ahead_set,
    input  logic           ahead_advance,
    output logic [31:0]    ahead_word,
    // lane_select
    input  logic [127:0]   select_word,
    input  logic [31:0]    select,
    output logic [31:0]    same_tap,
    output logic [31:0]    channel_block,
    // burst_length
    input  logic [8:0]     burst_word,
    input  logic [28:0]    burst_words,
    output logic [4:0]     burst_beats
);
  position_generator u_walk (
      .clk, .restart(walk_restart), .advance(walk_advance), .base(walk_base), .output_width(walk_output_width),
      .stride_down(walk_stride_down), .stride_right(walk_stride_right), .pad_top(walk_pad_top),
      .pad_left(walk_pad_left), .stride_words(walk_stride_words), .pad_words(walk_pad_words), .corner_y(walk_y),
      .corner_x(walk_x), .corner(walk_corner)
  );
  serial_multiplier u_product (
      .clk, .start(product_start), .multiplier(product_multiplier), .multiplicand(product_multiplicand), .product
  );
  bank_divider u_divider (.clk, .load, .step, .sums, .left(first_left), .count, .quotients);
  bank_adder u_adder (
      .clk, .load, .step, .first, .first_zero_point, .first_left, .second, .second_zero_point, .second_left, .right,
      .rounded
  );
  crc32 u_crc (.clk, .clear(crc_clear), .enable(crc_enable), .word(crc_word), .crc);
  ahead_memory #(.WIDTH(32), .WORDS(16)) u_ahead (
      .clk, .write(ahead_write), .write_address(ahead_address), .write_word(ahead_word_in), .set(ahead_set),
      .first(ahead_address), .advance(ahead_advance), .word(ahead_word)
  );
  lane_select #(.CHANNELS(16), .ALPHA(4), .FEED_RULE(2)) u_same_tap (.word(select_word), .select, .bytes(same_tap));
  lane_select #(.CHANNELS(16), .ALPHA(4), .FEED_RULE(3)) u_channel_block (
      .word(select_word), .select, .bytes(channel_block)
  );
  burst_length u_burst (.word(burst_word), .words(burst_words), .beats(burst_beats));
endmodule
