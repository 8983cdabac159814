// SPDX-License-Identifier: Apache-2.0
// Two arrays, each with a layer of its own in place: the pixels of the first stream through line
// buffers into the second as soon as its windows are there. Machine manual, section 7.
module chained_arrays #(
    parameter int FIRST_ROWS = 16,
    parameter int FIRST_COLUMNS = 18,
    parameter int SECOND_ROWS = 16,
    parameter int SECOND_COLUMNS = 18,
    parameter int ALPHA = 8,
    parameter int INTERLEAVE = 4,
    parameter int IMAGE_CHANNELS = 16,      // a multiple of 8
    parameter int IMAGE_BITS = 10,          // 2^IMAGE_BITS positions of the image
    parameter int BUFFER_BITS = 7,          // of the line buffers
    parameter int PIXEL_BITS = 10,          // of the output, and the most output pixels of a layer
    parameter int BUFFER_CHANNELS = (FIRST_ROWS + 7) / 8 * 8,
    parameter int OUTPUT_CHANNELS = (SECOND_ROWS + 7) / 8 * 8,
    parameter int COLUMNS = FIRST_COLUMNS > SECOND_COLUMNS ? FIRST_COLUMNS : SECOND_COLUMNS,
    parameter int WEIGHT_BITS = COLUMNS * (8 + $clog2(ALPHA)),
    parameter int LAYER_BITS = WEIGHT_BITS > 32 + 8 * ALPHA ? WEIGHT_BITS : 32 + 8 * ALPHA,
    parameter int WIDER_BITS = LAYER_BITS > 64 ? LAYER_BITS : 64,
    parameter int LOAD_BITS = WIDER_BITS > 8 * IMAGE_CHANNELS ? WIDER_BITS : 8 * IMAGE_CHANNELS  // the widest word
) (
    input  logic                           clk,
    input  logic                           reset,        // for as many cycles as an array has rows and columns, and 32
    // layers and image, while not busy
    input  logic                           load,
    input  logic                           load_array,
    input  logic [2:0]                     load_memory,  // 0 image, 1 weights, 2 columns, 3 rows, 5 step
    input  logic [15:0]                    load_address,
    input  logic [LOAD_BITS-1:0]           load_word,
    // an image
    input  logic                           start,        // while not busy
    output logic                           busy,         // until both arrays have ended
    output logic [2*32-1:0]                first_word,   // cycle in which it entered an array
    output logic [2*32-1:0]                last_output,  // cycle from which on it could be read
    // outputs of the second layer, two cycles later
    input  logic                           read,
    input  logic [PIXEL_BITS-1:0]          read_position,
    output logic [OUTPUT_CHANNELS*8-1:0]   read_word
);
  localparam int IMAGE_BANKS = IMAGE_CHANNELS / 8;
  localparam int BUFFER_BANKS = BUFFER_CHANNELS / 8;
  localparam int OUTPUT_BANKS = OUTPUT_CHANNELS / 8;

  wire [1:0] arrays_busy, issue, pixel_done, image_done;
  assign busy = |arrays_busy;  // the second may end before the first

  wire [BUFFER_CHANNELS-1:0] buffer_write;
  wire [BUFFER_BANKS*BUFFER_BITS-1:0] buffer_address;
  wire [BUFFER_CHANNELS*8-1:0] buffer_word;
  layer_array #(
      .ROWS(FIRST_ROWS), .COLUMNS(FIRST_COLUMNS), .ALPHA(ALPHA), .INTERLEAVE(INTERLEAVE),
      .CHANNELS(IMAGE_CHANNELS), .ADDRESS_BITS(IMAGE_BITS), .OUTPUT_CHANNELS(BUFFER_CHANNELS),
      .OUTPUT_ADDRESS_BITS(BUFFER_BITS), .PIXEL_BITS(PIXEL_BITS), .LOAD_BITS(LOAD_BITS)
  ) u_first (
      .clk, .reset, .load(load & ~load_array), .load_memory, .load_address, .load_word,
      .write({IMAGE_CHANNELS{load & ~load_array & (load_memory == 3'd0)}}),
      .write_address({IMAGE_BANKS{load_address[IMAGE_BITS-1:0]}}),
      .write_word(load_word[IMAGE_CHANNELS*8-1:0]), .complete(1'b1), .arrival(1'b0), .start, .busy(arrays_busy[0]),
      .issue(issue[0]), .output_write(buffer_write), .output_address(buffer_address), .output_word(buffer_word),
      .pixel_done(pixel_done[0]), .image_done(image_done[0])
  );

  wire [OUTPUT_CHANNELS-1:0] output_write;
  wire [OUTPUT_BANKS*PIXEL_BITS-1:0] output_address;
  wire [OUTPUT_CHANNELS*8-1:0] output_word;
  layer_array #(
      .ROWS(SECOND_ROWS), .COLUMNS(SECOND_COLUMNS), .ALPHA(ALPHA), .INTERLEAVE(INTERLEAVE),
      .CHANNELS(BUFFER_CHANNELS), .ADDRESS_BITS(BUFFER_BITS), .OUTPUT_CHANNELS(OUTPUT_CHANNELS),
      .OUTPUT_ADDRESS_BITS(PIXEL_BITS), .PIXEL_BITS(PIXEL_BITS), .LOAD_BITS(LOAD_BITS)
  ) u_second (
      .clk, .reset, .load(load & load_array), .load_memory, .load_address, .load_word, .write(buffer_write),
      .write_address(buffer_address), .write_word(buffer_word), .complete(1'b0), .arrival(pixel_done[0]), .start,
      .busy(arrays_busy[1]), .issue(issue[1]), .output_write, .output_address, .output_word,
      .pixel_done(pixel_done[1]), .image_done(image_done[1])
  );

  // The outputs, read as a feed port reads: the address is registered first.
  logic reads;
  logic [PIXEL_BITS-1:0] read_address;
  wire [OUTPUT_CHANNELS*8-1:0] edge_word;
  always_ff @(posedge clk) begin
    reads <= read;
    if (read) read_address <= read_position;
  end
  activation_memory #(.CHANNELS(OUTPUT_CHANNELS), .POSITIONS(2**PIXEL_BITS), .PORTS(1)) u_outputs (
      .clk, .write(output_write), .write_address(output_address), .write_word(output_word), .feed_read(reads),
      .feed_address(read_address), .feed_word(read_word), .edge_read('0), .edge_address('0), .edge_word
  );

  chain_counters u_counters (.clk, .start, .issue, .image_done, .first_word, .last_output);
endmodule
