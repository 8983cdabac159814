// SPDX-License-Identifier: Apache-2.0
// Which word time is which: reads the program word by word and counts pixels, column tiles, strips, row
// tiles and steps. Everything changes between two word times of 32 cycles. Compact manual, section 3.
module compact_sequencer (
    input  logic        clk,
    input  logic        reset,
    input  logic        start,
    input  logic        set_address,     // for the host, while halted
    input  logic        next_address,
    input  logic [14:0] host_address,
    input  logic [15:0] word,            // of the program, read from the address in the cycle before
    output logic [5:0]  cycle,
    output logic        halted,
    output logic [14:0] address,
    output logic [7:0]  header_writes,   // `word` is this header word
    output logic        columns_write,   // `word` is for place `load_index`
    output logic        left_write,
    output logic        right_write,
    output logic [6:0]  load_index,
    output logic        load,            // `word` is for the weight chains
    output logic        in_tables,
    output logic        new_tile,        // between tiles
    output logic        in_first_strip_tile,
    output logic [3:0]  column_tile,
    output logic        running,         // this word time fetches a pixel
    input  logic        row_ends,        // it is the last one of its row
    input  logic        strip_ends,      // and of its strip
    input  logic        image_ends,      // and of the image
    output logic        first_tile,      // of the pixel that the word time before fetched, if `valid`
    output logic        last_tile,
    output logic        valid,
    output logic [5:0]  pixel
);
  localparam int HALT = 0, HEADER = 1, COLUMNS = 2, TABLES = 3, WEIGHTS = 4, RUN = 5, DRAIN = 6;

  logic [6:0] state;
  logic [1:0] part;  // word time of the state
  logic [3:0] row_tile, last_row_tile, last_column_tile;
  logic is_last_step, starting, ends, loading, was_in_tables;
  logic is_last_row_tile, is_last_column_tile, columns_end;
  logic [14:0] strip_address;

  wire next_state = ends & (state[HEADER] | (state[COLUMNS] & columns_end) |
                            ((state[TABLES] | state[WEIGHTS] | state[DRAIN]) & part[0]) |
                            (state[RUN] & row_ends & strip_ends) | (state[HALT] & starting));
  wire tile_ends = state[RUN] & next_state;
  wire strip_done = tile_ends & is_last_column_tile;

  always_ff @(posedge clk) begin
    cycle <= reset ? 6'd0 : cycle + 6'd1;
    ends <= cycle[4:0] == 5'd30;
    if (reset) starting <= 1'b0;
    else if (start) starting <= 1'b1;
    else if (~state[HALT]) starting <= 1'b0;

    if (reset) begin
      state <= 7'd1 << HALT;
    end else if (next_state) begin
      state[HALT] <= state[DRAIN] & is_last_row_tile & is_last_step;
      state[HEADER] <= state[HALT] | (state[DRAIN] & is_last_row_tile & ~is_last_step);
      state[COLUMNS] <= state[HEADER];
      state[TABLES] <= state[COLUMNS] | (state[DRAIN] & ~is_last_row_tile);
      state[WEIGHTS] <= state[TABLES] | (state[RUN] & ~(is_last_column_tile & image_ends));
      state[RUN] <= state[WEIGHTS];
      state[DRAIN] <= state[RUN] & is_last_column_tile & image_ends;
    end
    if (next_state | state[HALT]) part <= 2'd0;
    else if (ends) part <= part + 2'd1;

    if (state[HEADER]) column_tile <= 4'd0;
    else if (tile_ends) column_tile <= is_last_column_tile ? 4'd0 : column_tile + 4'd1;
    if (state[HEADER]) row_tile <= 4'd0;
    else if (state[DRAIN] & next_state) row_tile <= row_tile + 4'd1;

    is_last_column_tile <= column_tile == last_column_tile;
    is_last_row_tile <= row_tile == last_row_tile;
    columns_end <= part == last_column_tile[3:2];
    if (header_writes[0]) {last_column_tile, last_row_tile, is_last_step} <= word[11:3];
  end

  // The program's words follow one another; every strip begins with the row tile's first weights.
  wire reads = (state[HEADER] & cycle[4:3] == 2'd0) | (state[COLUMNS] & {part, cycle[4:3]} <= last_column_tile) |
               state[TABLES] | loading;
  always_ff @(posedge clk) begin
    if (state[HALT] & start) address <= 15'd0;
    else if (state[HALT] & set_address) address <= host_address;
    else if (strip_done & ~image_ends) address <= strip_address;
    else if (reads | (state[HALT] & next_address)) address <= address + 15'd1;
    was_in_tables <= state[TABLES];
    if (was_in_tables) strip_address <= address;

    // From the cycle in which the tile before has left the last cell.
    if (state[WEIGHTS] & part[0] & cycle[4:0] == 5'd15) loading <= 1'b1;
    else if (state[RUN] & cycle[4:0] == 5'd27) loading <= 1'b0;
    load <= loading;

    columns_write <= state[COLUMNS];
    left_write <= state[TABLES] & ~part[0];
    right_write <= state[TABLES] & part[0];
    load_index <= {part, cycle[4:0]};
  end

  generate
    for (genvar i = 0; i < 8; i++) begin : g_header
      assign header_writes[i] = state[HEADER] & cycle[4:0] == 5'(i + 1);
    end
  endgenerate

  assign halted = state[HALT];
  assign in_tables = state[TABLES];
  assign new_tile = state[WEIGHTS] & ~part[0] & cycle[4:0] == 5'd8;
  assign in_first_strip_tile = column_tile == 4'd0;
  assign running = state[RUN];

  always_ff @(posedge clk) begin
    if (ends) begin
      valid <= state[RUN];
      first_tile <= in_first_strip_tile;
      last_tile <= is_last_column_tile;
      pixel <= state[RUN] ? pixel + 6'd1 : 6'd63;
    end
  end
endmodule
