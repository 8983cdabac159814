// SPDX-License-Identifier: Apache-2.0
// Which word time is which: reads the program word by word and counts column tiles, strips, row tiles and
// steps. Everything changes between two word times of 32 cycles. Compact manual, section 3.
module compact_sequencer (
    input  logic        clk,
    input  logic        reset,
    input  logic        start,           // from the host, only while halted, as all of its strobes
    input  logic        set_address,
    input  logic        next_address,
    input  logic [14:0] host_address,
    input  logic [15:0] word,            // of the program, from the address of two cycles before
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
    output logic        new_strip,       // between the tiles of two strips
    output logic        same_strip,      // between two tiles of a strip
    output logic [3:0]  column_tile,
    output logic        next_place,      // the word time ends, and it has fetched a pixel
    output logic        next_corner,     // a cycle later
    output logic        next_residual,   // the same, if the pixel needed its residual
    input  logic        row_ends,        // it was the last one of its row
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
  logic is_last_step, starting, ends, done;
  logic is_last_row_tile, is_last_column_tile, columns_end, row_tile_ends;

  always_ff @(posedge clk) begin
    cycle <= reset ? 6'd0 : cycle + 6'd1;
    ends <= cycle[4:0] == 5'd30;
    if (reset) starting <= 1'b0;
    else if (start) starting <= 1'b1;
    else if (~state[HALT]) starting <= 1'b0;

    is_last_column_tile <= column_tile == last_column_tile;
    is_last_row_tile <= row_tile == last_row_tile;
    columns_end <= part == last_column_tile[3:2];
    row_tile_ends <= is_last_column_tile & image_ends;
    done <= state[HEADER] | (state[COLUMNS] & columns_end) |
            ((state[TABLES] | state[WEIGHTS] | state[DRAIN]) & part[0]) |
            (state[RUN] & row_ends & strip_ends) | (state[HALT] & starting);

    if (reset) begin
      state <= 7'd1 << HALT;
    end else if (ends & done) begin
      state[HALT] <= state[DRAIN] & is_last_row_tile & is_last_step;
      state[HEADER] <= state[HALT] | (state[DRAIN] & is_last_row_tile & ~is_last_step);
      state[COLUMNS] <= state[HEADER];
      state[TABLES] <= state[COLUMNS] | (state[DRAIN] & ~is_last_row_tile);
      state[WEIGHTS] <= state[TABLES] | (state[RUN] & ~row_tile_ends);
      state[RUN] <= state[WEIGHTS];
      state[DRAIN] <= state[RUN] & row_tile_ends;
    end
    if (ends) part <= done ? 2'd0 : part + 2'd1;

    if (state[HEADER]) column_tile <= 4'd0;
    else if (ends & done & state[RUN]) column_tile <= is_last_column_tile ? 4'd0 : column_tile + 4'd1;
    if (state[HEADER]) row_tile <= 4'd0;
    else if (ends & done & state[DRAIN]) row_tile <= row_tile + 4'd1;
    if (header_writes[0]) {last_column_tile, last_row_tile, is_last_step} <= word[11:3];
  end

  // The program's words follow one another; every strip begins with the row tile's first weights. These are
  // read from when the tile before has left the last cell. What is asked for in a cycle is there four
  // cycles later.
  logic reads, loading, loading_begins, loading_ends, columns_left, is_last_tile_read;
  logic [2:0] were_loading, were_in_columns, were_in_tables;
  logic [6:0] asked, counted, reading;
  logic [14:0] counter, strip_address;
  logic [12:0] upper_following;
  logic jumps;
  wire advances = reads | next_address;
  wire between = state[WEIGHTS] & ~part[0] & cycle[4:0] == 5'd7;
  always_ff @(posedge clk) begin
    is_last_tile_read <= {part, cycle[4:3]} == last_column_tile;
    if (state[HEADER]) columns_left <= 1'b1;
    else if (is_last_tile_read & (&cycle[2:0])) columns_left <= 1'b0;
    reads <= (state[HEADER] & cycle[4:3] == 2'd0) | (state[COLUMNS] & columns_left) | state[TABLES] | loading;
    upper_following <= counter[14:2] + 13'd1;
    jumps <= set_address | (between & column_tile == 4'd0);
    if (jumps) begin
      counter <= strip_address;
    end else if (advances) begin
      counter[1:0] <= counter[1:0] + 2'd1;
      if (&counter[1:0]) counter[14:2] <= upper_following;
    end
    address <= counter;
    if (set_address | were_in_tables[1]) strip_address <= set_address ? host_address : counter;

    loading_begins <= state[WEIGHTS] & part[0] & cycle[4:0] == 5'd14;
    loading_ends <= state[RUN] & cycle[4:0] == 5'd26;
    loading <= ~state[HALT] & (loading_begins | (loading & ~loading_ends));
    {load, were_loading} <= {were_loading, loading};

    asked <= {part, cycle[4:0]};
    counted <= asked;
    reading <= counted;
    load_index <= reading;
    {columns_write, were_in_columns} <= {were_in_columns, state[COLUMNS]};
    were_in_tables <= {were_in_tables[1:0], state[TABLES]};
    left_write <= were_in_tables[2] & ~reading[5];
    right_write <= were_in_tables[2] & reading[5];
  end

  generate
    for (genvar i = 0; i < 8; i++) begin : g_header
      always_ff @(posedge clk) header_writes[i] <= state[HEADER] & cycle[4:0] == 5'(i + 3);
    end
  endgenerate

  assign halted = state[HALT];
  assign in_tables = state[TABLES];
  always_ff @(posedge clk) begin
    new_strip <= between & column_tile == 4'd0;
    same_strip <= between & column_tile != 4'd0;
    next_place <= state[RUN] & cycle[4:0] == 5'd30;
    next_corner <= next_place;
    next_residual <= next_place & column_tile == 4'd0;
    if (ends) begin
      valid <= state[RUN];
      first_tile <= column_tile == 4'd0;
      last_tile <= is_last_column_tile;
      pixel <= state[RUN] ? pixel + 6'd1 : 6'd63;
    end
  end
endmodule
