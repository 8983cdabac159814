// SPDX-License-Identifier: Apache-2.0
// An array with the weights of one layer in place, and the memory of the layer's input in front of
// it: issues a pixel's word as soon as the pixels of its window are there. Machine manual, section 7.
module layer_array #(
    parameter int ROWS = 16,
    parameter int COLUMNS = 18,
    parameter int ALPHA = 8,
    parameter int INTERLEAVE = 4,
    parameter int CHANNELS = 16,         // of a position of its memory
    parameter int ADDRESS_BITS = 7,      // of its positions
    parameter int OUTPUT_CHANNELS = 16,  // of the memory behind
    parameter int OUTPUT_ADDRESS_BITS = 7,
    parameter int PIXEL_BITS = 10,
    parameter int LOAD_BITS = 256,
    parameter int BANKS = CHANNELS / 8,
    parameter int OUTPUT_BANKS = OUTPUT_CHANNELS / 8
) (
    input  logic                                        clk,
    input  logic                                        reset,
    // the layer, while no image runs: 1 weights, 2 columns, 3 rows, 5 step
    input  logic                                        load,
    input  logic [2:0]                                  load_memory,
    input  logic [15:0]                                 load_address,
    input  logic [LOAD_BITS-1:0]                        load_word,
    // its input: bytes, and pixels in raster order
    input  logic [CHANNELS-1:0]                         write,
    input  logic [BANKS*ADDRESS_BITS-1:0]               write_address,
    input  logic [CHANNELS*8-1:0]                       write_word,
    input  logic                                        complete,
    input  logic                                        arrival,
    // an image
    input  logic                                        start,
    output logic                                        busy,
    output logic                                        issue,
    // its output
    output logic [OUTPUT_CHANNELS-1:0]                  output_write,
    output logic [OUTPUT_BANKS*OUTPUT_ADDRESS_BITS-1:0] output_address,
    output logic [OUTPUT_CHANNELS*8-1:0]                output_word,
    output logic                                        pixel_done,  // can be read from the next cycle on
    output logic                                        image_done
);
  localparam int WORD_TIME = INTERLEAVE == 1 ? 32 : 8;
  localparam int PORTS = (COLUMNS + WORD_TIME - 1) / WORD_TIME;
  localparam int WEIGHT_BITS = COLUMNS * (8 + $clog2(ALPHA));
  localparam int COLUMN_BITS = 32 + 8 * ALPHA;
  localparam int COLUMN_ADDRESS_BITS = COLUMNS == 1 ? 1 : $clog2(COLUMNS);
  localparam int ROW_ADDRESS_BITS = ROWS == 1 ? 1 : $clog2(ROWS);

  logic [16*32-1:0] step;
  always_ff @(posedge clk) begin
    if (load & (load_memory == 3'd5)) step[32*load_address[3:0]+:32] <= load_word[31:0];
  end
  wire [15:0] height = step[2*32+:16];
  wire [15:0] width = step[2*32+16+:16];
  wire [PIXEL_BITS-1:0] last_pixel = step[5*32+:PIXEL_BITS];

  // Where windows begin, and whether their pixels are there.
  wire [16:0] corner_y, corner_x;
  wire [15:0] corner;
  wire [PIXEL_BITS-1:0] pixel;
  wire [$clog2(WORD_TIME)-1:0] bit_index;
  wire window_ready;
  position_generator u_positions (
      .clk, .restart(start), .advance(issue & (&bit_index)), .base(16'd0), .output_width(step[4*32+:16]),
      .stride_down(step[3*32+:8]), .stride_right(step[3*32+8+:8]), .pad_top(step[3*32+16+:8]),
      .pad_left(step[3*32+24+:8]), .stride_words(step[14*32+:16]), .pad_words(step[14*32+16+:16]),
      .corner_y, .corner_x, .corner
  );
  window_gate u_gate (
      .clk, .restart(start), .complete, .arrival, .height, .width, .corner_y, .corner_x,
      .reach_down(step[13*32+:8]), .reach_right(step[13*32+8+:8]), .ready(window_ready)
  );

  wire first_of_tile, first_of_word, last_of_tile, last_of_step, waits_for_weights, waits_for_sums, tile;
  wire [1:0] phase;
  wire begins = first_of_word & (pixel == '0);
  sequencer #(.COLUMNS(COLUMNS), .INTERLEAVE(INTERLEAVE), .PIXEL_BITS(PIXEL_BITS), .TILE_BITS(1)) u_sequencer (
      .clk, .reset, .start, .finished(image_done), .last_tile(1'b0), .last_pixel, .continues(1'b0),
      .weights_ready(1'b1), .window_ready, .busy, .issue, .first_of_tile, .first_of_word, .last_of_tile, .last_of_step,
      .waits_for_weights, .waits_for_sums, .tile, .pixel, .bit_index, .phase
  );

  // Data.
  wire column_take;
  wire [COLUMN_BITS-1:0] column_word;
  wire [PORTS-1:0] feed_read;
  wire [PORTS*ADDRESS_BITS-1:0] feed_address;
  wire [PORTS*CHANNELS*8-1:0] feed_word;
  wire [CHANNELS*8-1:0] edge_word;
  wire [COLUMNS*ALPHA-1:0] lanes;
  ahead_memory #(.WIDTH(COLUMN_BITS), .WORDS(COLUMNS)) u_columns (
      .clk, .write(load & (load_memory == 3'd2)), .write_address(load_address[COLUMN_ADDRESS_BITS-1:0]),
      .write_word(load_word[COLUMN_BITS-1:0]), .set(start), .first('0), .advance(column_take), .word(column_word)
  );
  feeder #(
      .COLUMNS(COLUMNS), .ALPHA(ALPHA), .INTERLEAVE(INTERLEAVE), .CHANNELS(CHANNELS), .ADDRESS_BITS(ADDRESS_BITS)
  ) u_feeder (
      .clk, .reset, .issue, .issue_first(pixel == '0), .issue_bit(bit_index), .corner_y, .corner_x, .corner,
      .height, .width, .zero_point(step[1*32+16+:8]), .take(column_take), .column_word, .read(feed_read),
      .address(feed_address), .word(feed_word), .lanes
  );
  activation_memory #(.CHANNELS(CHANNELS), .POSITIONS(2**ADDRESS_BITS), .PORTS(PORTS)) u_input (
      .clk, .write, .write_address, .write_word, .feed_read, .feed_address, .feed_word,
      .edge_read('0), .edge_address('0), .edge_word
  );

  // Both edges: no residual, no logits.
  wire left_take, right_take, residual_read, residual_address, result_write, result_address;
  wire [45:0] left_word;
  wire [13:0] right_word;
  wire [31:0] result;
  wire [ROWS*32-1:0] initial_words, logits;
  wire [ROWS*5-1:0] shifts;
  wire [ROWS-1:0] output_valid;
  wire [ROWS*PIXEL_BITS-1:0] output_pixel;
  wire [ROWS*9-1:0] quantized;
  row_memory #(.WORDS(ROWS), .ADDRESS_BITS(ROW_ADDRESS_BITS)) u_rows (
      .clk, .write(load & (load_memory == 3'd3)), .write_address(load_address[ROW_ADDRESS_BITS-1:0]),
      .write_word(load_word[63:0]), .set(start), .first('0), .left_advance(left_take), .left_word,
      .right_advance(right_take), .right_word
  );
  left_rows #(.ROWS(ROWS), .CHANNELS(8), .ADDRESS_BITS(1)) u_left (
      .clk, .reset, .begins(first_of_word), .begins_first(pixel == '0), .take(left_take), .row_word(left_word),
      .has_residual(1'b0), .residual_base('0), .read(residual_read), .address(residual_address), .word('0),
      .initial_words
  );
  right_rows #(
      .ROWS(ROWS), .COLUMNS(COLUMNS), .CHANNELS(OUTPUT_CHANNELS), .PIXEL_BITS(PIXEL_BITS),
      .ADDRESS_BITS(OUTPUT_ADDRESS_BITS), .RESULT_BITS(1)
  ) u_right (
      .clk, .reset, .start, .final_begins(begins), .take(right_take), .row_word(right_word), .shifts, .output_valid,
      .output_pixel, .quantized, .logits, .base(16'd0), .zero_point(step[10*32+16+:8]), .is_logits(1'b0),
      .write(output_write), .address(output_address), .word(output_word), .result_write, .result_address, .result
  );

  // The array: one tile, whose sums are complete when they leave it.
  wire swap_at_last_cell, done_tile, last_words_done;
  wire [ROWS-1:0] initial_read, initial_tile, shift_tile, output_tile;
  wire [ROWS*PIXEL_BITS-1:0] initial_pixel;
  edged_array #(
      .ROWS(ROWS), .COLUMNS(COLUMNS), .ALPHA(ALPHA), .INTERLEAVE(INTERLEAVE), .WEIGHT_BUFFERS(1),
      .PIXEL_BITS(PIXEL_BITS), .TILE_BITS(1)
  ) u_array (
      .clk, .reset, .start, .last_pixel, .low(step[11*32+:9]), .high(step[11*32+16+:9]), .first_of_tile, .first_of_word,
      .continues(1'b0), .tile(1'b0), .pixel, .phase, .load(load & (load_memory == 3'd1)),
      .words(load_word[WEIGHT_BITS-1:0]), .lanes, .swap_at_last_cell, .initial_read, .initial_tile, .initial_pixel,
      .initial_words, .done_tile, .done_final(1'b1), .last_words_done, .shift_tile, .shifts, .output_valid,
      .output_tile, .output_pixel, .quantized, .logits
  );

  // A pixel's last byte is that of the highest row, used or not.
  assign pixel_done = output_valid[ROWS-1];
  assign image_done = pixel_done & (output_pixel[(ROWS-1)*PIXEL_BITS+:PIXEL_BITS] == last_pixel);
endmodule
