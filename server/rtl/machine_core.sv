// SPDX-License-Identifier: Apache-2.0
// The machine without its bus: the array core, its feeder and edges, the vector unit, the memories
// of the machine manual and the sequencer that runs a program. Memories are loaded word by word;
// input and results are streams of 64-bit words in the order of the manual's section 6.
module machine_core #(
    parameter int ROWS = 16,
    parameter int COLUMNS = 18,
    parameter int ALPHA = 8,
    parameter int INTERLEAVE = 4,
    parameter int WEIGHT_BUFFERS = 2,
    parameter int FEED_RULE = 2,  // nn::FeedRule: 2 same_tap, 3 channel_block
    parameter int CHANNELS = 128,
    parameter int POSITIONS = 1024,
    parameter int PIXEL_BITS = 10,
    parameter int TILE_BITS = 10,
    parameter int WEIGHT_WORDS = 16384,
    parameter int COLUMN_WORDS = 16384,
    parameter int ROW_WORDS = 4096,
    parameter int TILE_WORDS = 4096,
    parameter int STEP_WORDS = 2048,
    parameter int TAP_WORDS = 1024,
    parameter int RESULT_WORDS = 1024,
    parameter int WEIGHT_BITS = COLUMNS * (8 + $clog2(ALPHA)),
    parameter int COLUMN_BITS = 32 + 8 * ALPHA,
    parameter int TAP_BITS = 48 + CHANNELS,
    parameter int WIDER_BITS = WEIGHT_BITS > COLUMN_BITS ? WEIGHT_BITS : COLUMN_BITS,
    parameter int LOAD_BITS = WIDER_BITS > TAP_BITS ? WIDER_BITS : TAP_BITS  // the widest memory word
) (
    input  logic                 clk,
    input  logic                 reset,        // for ROWS + COLUMNS + 32 cycles
    // the memories, while not busy
    input  logic                 clear,        // starts to overwrite all words with zeros
    output logic                 clearing,
    input  logic                 load,
    input  logic [2:0]           load_memory,  // 1 to 6
    input  logic [15:0]          load_address,
    input  logic [LOAD_BITS-1:0] load_word,
    // a run
    input  logic                 start,        // while neither busy nor clearing
    output logic                 busy,
    output logic                 wants_input,  // takes input_word whenever input_valid
    output logic [24:0]          input_words,  // of 64 bits, while wants_input
    output logic [24:0]          output_words,
    input  logic                 input_valid,
    input  logic [63:0]          input_word,
    output logic                 output_valid,
    output logic [63:0]          output_word,
    input  logic                 output_taken,
    output logic [9*32-1:0]      cycles
);
  localparam int WORD_TIME = INTERLEAVE == 1 ? 32 : 8;
  localparam int PORTS = (COLUMNS + WORD_TIME - 1) / WORD_TIME;
  localparam int BANKS = CHANNELS / 8;
  localparam int ADDRESS_BITS = $clog2(POSITIONS);
  localparam int ROW_BITS = ROWS == 1 ? 1 : $clog2(ROWS);
  localparam int BIT_BITS = $clog2(WORD_TIME);
  localparam int RESULT_BITS = $clog2(RESULT_WORDS);
  localparam int STEP_BITS = $clog2(STEP_WORDS);
  localparam int TAP_ADDRESS_BITS = $clog2(TAP_WORDS);

  // Loading and clearing: one memory's word, or the same word of all.
  wire [15:0] clear_address;
  memory_clearer #(
      .WORDS_0(POSITIONS), .WORDS_1(WEIGHT_WORDS), .WORDS_2(COLUMN_WORDS), .WORDS_3(ROW_WORDS), .WORDS_4(TILE_WORDS),
      .WORDS_5(STEP_WORDS), .WORDS_6(TAP_WORDS), .WORDS_7(RESULT_WORDS)
  ) u_clearer (.clk, .reset, .clear, .clearing, .address(clear_address));
  wire [15:0] write_address = clearing ? clear_address : load_address;
  wire [LOAD_BITS-1:0] write_word = clearing ? '0 : load_word;
  wire [7:0] writes;
  generate
    for (genvar m = 0; m < 8; m++) begin : g_write
      localparam int WORDS = m == 0 ? POSITIONS : m == 1 ? WEIGHT_WORDS : m == 2 ? COLUMN_WORDS : m == 3 ? ROW_WORDS :
                             m == 4 ? TILE_WORDS : m == 5 ? STEP_WORDS : m == 6 ? TAP_WORDS : RESULT_WORDS;
      assign writes[m] = (clearing | (load & (load_memory == m))) & (17'(write_address) < 17'(WORDS));
    end
  endgenerate

  // The program.
  wire step_read, reads_header, input_done, gives_output, output_done, runs_matrix, matrix_done, runs_vector;
  wire geometry, prepare, table_write, matrix_start, matrix_busy, vector_start, vector_busy;
  wire [3:0] header_index;
  wire [STEP_BITS-1:0] step_address;
  wire [31:0] step_word;
  wire [16*32-1:0] step;
  wire [TILE_BITS-1:0] table_tile;

  memory #(.WIDTH(32), .WORDS(STEP_WORDS)) u_steps (
      .clk, .write(writes[5]), .write_address(write_address[STEP_BITS-1:0]), .write_word(write_word[31:0]),
      .read(step_read), .read_address(step_address), .read_word(step_word)
  );

  program_sequencer #(.STEP_WORDS(STEP_WORDS), .TILE_BITS(TILE_BITS)) u_sequencer (
      .clk, .reset, .start, .busy, .read(step_read), .read_address(step_address), .read_word(step_word),
      .reads_header, .word_index(header_index), .wants_input, .input_done, .gives_output, .output_done,
      .runs_matrix, .matrix_done, .runs_vector, .step, .geometry, .prepare, .table_write, .table_tile,
      .matrix_start, .matrix_busy, .vector_start, .vector_busy
  );

  wire [15:0] base = step[1*32+:16];
  wire [7:0] zero_point = step[1*32+16+:8];
  wire [15:0] height = step[2*32+:16];
  wire [15:0] width = step[2*32+16+:16];
  wire [7:0] stride_down = step[3*32+:8];
  wire [7:0] pad_top = step[3*32+16+:8];
  wire [15:0] output_base = step[10*32+:16];
  wire [7:0] output_zero_point = step[10*32+16+:8];
  wire signed [8:0] low = step[11*32+:9];
  wire signed [8:0] high = step[11*32+16+:9];

  // Input and results.
  wire host_write, bank_read, result_read;
  wire [15:0] host_position;
  wire [7:0] host_bank;
  wire [63:0] bank_word;
  wire [16:0] result_address;
  wire [31:0] result_word;
  host_streams u_streams (
      .clk, .reads_header, .header_index, .header_word(step_word), .wants_input, .input_words, .input_valid, .input_done,
      .gives_output, .output_words, .output_valid, .output_word, .output_taken, .output_done,
      .write(host_write), .position(host_position), .bank(host_bank), .bank_read, .bank_word,
      .result_read, .result_address, .result_word
  );

  // Where windows begin.
  wire [15:0] stride_words, pad_words, corner;
  wire [16:0] corner_y, corner_x;
  wire tile_restart, pixel_advance, vector_advance;
  serial_multiplier u_stride (
      .clk, .start(geometry), .multiplier(stride_down), .multiplicand(width), .product(stride_words)
  );
  serial_multiplier u_pad (.clk, .start(geometry), .multiplier(pad_top), .multiplicand(width), .product(pad_words));
  position_generator u_positions (
      .clk, .restart(prepare | tile_restart), .advance(pixel_advance), .base, .output_width(step[4*32+:16]),
      .stride_down, .stride_right(step[3*32+8+:8]), .pad_top, .pad_left(step[3*32+24+:8]), .stride_words, .pad_words,
      .corner_y, .corner_x, .corner
  );

  // The array.
  wire issue, weight_load;
  wire [PIXEL_BITS-1:0] issue_pixel;
  wire [BIT_BITS-1:0] issue_bit;
  wire [WEIGHT_BITS-1:0] weight_word;
  wire [COLUMNS*ALPHA-1:0] lanes;
  wire [ROWS*32-1:0] initial_words, logits;
  wire [ROWS*5-1:0] shifts;
  wire [ROWS-1:0] row_done;
  wire [ROWS*PIXEL_BITS-1:0] row_pixel;
  wire [ROWS*9-1:0] quantized;
  wire [5*32-1:0] step_cycles;
  wire [31:0] tile;
  wire tile_continues = tile[8];
  wire tile_final = tile[9];
  wire [PIXEL_BITS-1:0] last_pixel = step[5*32+:PIXEL_BITS];

  wire first_pixel = issue_pixel == '0;
  wire issue_word = issue & (issue_bit == '0);
  wire word_ends = issue & (&issue_bit);
  wire tile_ends = word_ends & (issue_pixel == last_pixel);
  assign tile_restart = tile_ends;
  assign pixel_advance = word_ends | vector_advance;

  ahead_memory #(.WIDTH(32), .WORDS(TILE_WORDS)) u_tiles (
      .clk, .write(writes[4]), .write_address(write_address[$clog2(TILE_WORDS)-1:0]), .write_word(write_word[31:0]),
      .set(prepare | matrix_start), .first(step[6*32+16+:$clog2(TILE_WORDS)]), .advance(table_write | tile_ends),
      .word(tile)
  );
  ahead_memory #(.WIDTH(WEIGHT_BITS), .WORDS(WEIGHT_WORDS)) u_weights (
      .clk, .write(writes[1]), .write_address(write_address[$clog2(WEIGHT_WORDS)-1:0]),
      .write_word(write_word[WEIGHT_BITS-1:0]), .set(prepare), .first(step[7*32+:$clog2(WEIGHT_WORDS)]),
      .advance(weight_load), .word(weight_word)
  );

  wire [TILE_BITS-1:0] load_tile, issue_tile, counted_tile;
  wire [ROW_BITS-1:0] load_row;
  wire [ROWS-1:0] initial_read;
  wire [ROWS*TILE_BITS-1:0] initial_tile, shift_tile, row_tile;
  wire [ROWS*PIXEL_BITS-1:0] initial_pixel;
  array_core #(
      .ROWS(ROWS), .COLUMNS(COLUMNS), .ALPHA(ALPHA), .INTERLEAVE(INTERLEAVE), .WEIGHT_BUFFERS(WEIGHT_BUFFERS),
      .PIXEL_BITS(PIXEL_BITS), .TILE_BITS(TILE_BITS)
  ) u_array (
      .clk, .reset, .table_write, .table_tile, .table_last_row(tile[ROW_BITS-1:0]), .table_continues(tile_continues),
      .table_final(tile_final), .start(matrix_start), .last_tile(step[6*32+:TILE_BITS]), .last_pixel, .low, .high,
      .busy(matrix_busy), .load(weight_load), .load_tile, .load_row, .words(weight_word), .issue, .issue_tile,
      .issue_pixel, .issue_bit, .lanes, .initial_read, .initial_tile, .initial_pixel, .initial_words, .shift_tile,
      .shifts, .output_valid(row_done), .output_tile(row_tile), .output_pixel(row_pixel), .quantized, .logits,
      .counted_tile, .fill(step_cycles[0+:32]), .stream(step_cycles[32+:32]), .drain(step_cycles[64+:32]),
      .weight_load(step_cycles[96+:32]), .stall(step_cycles[128+:32])
  );

  // Data.
  wire column_take;
  wire [COLUMN_BITS-1:0] column_word;
  wire [PORTS-1:0] feed_read;
  wire [PORTS*ADDRESS_BITS-1:0] feed_address;
  wire [PORTS*CHANNELS*8-1:0] feed_word;
  ahead_memory #(.WIDTH(COLUMN_BITS), .WORDS(COLUMN_WORDS)) u_columns (
      .clk, .write(writes[2]), .write_address(write_address[$clog2(COLUMN_WORDS)-1:0]),
      .write_word(write_word[COLUMN_BITS-1:0]), .set(prepare), .first(step[8*32+:$clog2(COLUMN_WORDS)]),
      .advance(column_take), .word(column_word)
  );
  feeder #(
      .COLUMNS(COLUMNS), .ALPHA(ALPHA), .INTERLEAVE(INTERLEAVE), .CHANNELS(CHANNELS), .FEED_RULE(FEED_RULE),
      .ADDRESS_BITS(ADDRESS_BITS)
  ) u_feeder (
      .clk, .reset, .issue, .issue_first(first_pixel), .issue_bit, .corner_y, .corner_x, .corner, .height, .width,
      .zero_point, .take(column_take), .column_word, .read(feed_read), .address(feed_address), .word(feed_word), .lanes
  );

  // Both edges.
  wire left_take, right_take, result_write;
  wire [45:0] left_word;
  wire [13:0] right_word;
  wire [BANKS-1:0] residual_read;
  wire [BANKS*ADDRESS_BITS-1:0] residual_address, row_address;
  wire [CHANNELS*8-1:0] edge_word, row_word;
  wire [CHANNELS-1:0] row_write;
  wire [RESULT_BITS-1:0] logit_address;
  wire [31:0] logit;
  row_memory #(.WORDS(ROW_WORDS)) u_rows (
      .clk, .write(writes[3]), .write_address(write_address[$clog2(ROW_WORDS)-1:0]), .write_word(write_word[63:0]),
      .set(prepare), .first(step[9*32+:$clog2(ROW_WORDS)]), .left_advance(left_take), .left_word,
      .right_advance(right_take), .right_word
  );
  left_rows #(.ROWS(ROWS), .CHANNELS(CHANNELS), .ADDRESS_BITS(ADDRESS_BITS)) u_left (
      .clk, .reset, .begins(issue_word & ~tile_continues), .begins_first(first_pixel), .take(left_take),
      .row_word(left_word), .has_residual(step[4]), .residual_base(step[12*32+:16]), .read(residual_read),
      .address(residual_address), .word(edge_word), .initial_words
  );
  right_rows #(
      .ROWS(ROWS), .COLUMNS(COLUMNS), .CHANNELS(CHANNELS), .PIXEL_BITS(PIXEL_BITS), .ADDRESS_BITS(ADDRESS_BITS),
      .RESULT_BITS(RESULT_BITS)
  ) u_right (
      .clk, .reset, .start(matrix_start), .final_begins(issue_word & first_pixel & tile_final), .take(right_take),
      .row_word(right_word), .shifts, .output_valid(row_done), .output_pixel(row_pixel), .quantized, .logits,
      .base(output_base), .zero_point(output_zero_point), .is_logits(step[5]), .write(row_write), .address(row_address),
      .word(row_word), .result_write, .result_address(logit_address), .result(logit)
  );

  memory #(.WIDTH(32), .WORDS(RESULT_WORDS)) u_results (
      .clk, .write(writes[7] | result_write), .write_address(clearing ? write_address[RESULT_BITS-1:0] : logit_address),
      .write_word(clearing ? '0 : logit), .read(result_read), .read_address(result_address[RESULT_BITS-1:0]),
      .read_word(result_word)
  );

  // Vector steps.
  wire tap_read, vector_read, second_read, vector_write;
  wire [TAP_ADDRESS_BITS-1:0] tap_address;
  wire [TAP_BITS-1:0] tap_word;
  wire [ADDRESS_BITS-1:0] vector_address, second_address, vector_write_address;
  wire [CHANNELS-1:0] vector_bytes;
  wire [CHANNELS*8-1:0] vector_word;
  memory #(.WIDTH(TAP_BITS), .WORDS(TAP_WORDS)) u_taps (
      .clk, .write(writes[6]), .write_address(write_address[TAP_ADDRESS_BITS-1:0]),
      .write_word(write_word[TAP_BITS-1:0]), .read(tap_read), .read_address(tap_address), .read_word(tap_word)
  );
  vector_unit #(.CHANNELS(CHANNELS), .ADDRESS_BITS(ADDRESS_BITS), .TAP_ADDRESS_BITS(TAP_ADDRESS_BITS)) u_vector (
      .clk, .reset, .start(vector_start), .busy(vector_busy), .step, .tap_read, .tap_address, .tap_word,
      .corner_y, .corner_x, .corner, .advance(vector_advance), .read(vector_read), .address(vector_address),
      .word(feed_word[CHANNELS*8-1:0]), .second_read, .second_address, .second_word(edge_word), .write(vector_write),
      .write_bytes(vector_bytes), .write_address(vector_write_address), .write_word(vector_word)
  );

  // The activation memory.
  activation_ports #(
      .CHANNELS(CHANNELS), .POSITIONS(POSITIONS), .PORTS(PORTS)
  ) u_activations (
      .clk, .clear(writes[0] & clearing), .clear_address(write_address[ADDRESS_BITS-1:0]),
      .host_write, .bank_read, .host_position, .host_bank, .host_word(input_word), .bank_word,
      .feed_read, .feed_address, .feed_word, .residual_read, .residual_address, .edge_word,
      .row_write, .row_address, .row_word, .vector_read, .vector_address, .second_read, .second_address,
      .vector_write, .vector_bytes, .vector_write_address, .vector_word
  );

  run_counters u_counters (
      .clk, .start, .busy, .runs_matrix, .matrix_done, .matrix(step_cycles), .runs_vector, .wants_input, .gives_output,
      .cycles
  );
endmodule
