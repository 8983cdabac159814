// SPDX-License-Identifier: Apache-2.0
// Where pixels are: walks over the output's pixels, strip after strip, and makes the addresses of what
// the columns read, of residuals and of outputs. Compact manual, sections 2 and 5.
module compact_fetch (
    input  logic        clk,
    input  logic [5:0]  cycle,
    input  logic [7:0]  header_writes,
    input  logic        columns_write,
    input  logic [6:0]  load_index,
    input  logic [15:0] word,
    input  logic        in_tables,
    input  logic        new_strip,
    input  logic        same_strip,
    input  logic [3:0]  column_tile,
    input  logic        next_place,       // as in compact_sequencer
    input  logic        next_corner,
    input  logic        next_residual,
    input  logic        next_position,    // the output's position is full
    output logic        feed_bank, is_logits,
    output logic        row_ends, strip_ends, image_ends,
    output logic [13:0] feed_address,
    output logic        in_image, fill,    // of what is read from feed_address, a cycle later
    output logic [11:0] residual, position
);
  logic has_zero_point, feed_stride, residual_stride;
  logic [5:0] last_x, last_strip_row, last_y, x, y, strip_y, strip_row;
  logic [11:0] origin, corner, strip_corner, row_step, residual_row_step;

  // Header words.
  always_ff @(posedge clk) begin
    if (header_writes[0]) {has_zero_point, is_logits, feed_bank} <= word[2:0];
    if (header_writes[1]) {last_strip_row, last_x} <= word[11:0];
    if (header_writes[2]) last_y <= word[5:0];
    if (header_writes[3]) {feed_stride, origin} <= word[12:0];
    if (header_writes[4]) row_step <= word[11:0];
    if (header_writes[5]) residual_stride <= word[12];
    if (header_writes[6]) residual_row_step <= word[11:0];
  end

  // The pixel that this word time fetches: what tells its edges, and its corner, are known from cycle 1 to
  // cycle 0 of the next.
  logic is_strip_row_last, is_first_x, is_first_y;
  logic [11:0] step, residual_step, next_corners, next_residuals, next_positions;
  assign strip_ends = is_strip_row_last | image_ends;

  always_ff @(posedge clk) begin
    step <= row_ends ? row_step : {10'd0, feed_stride, ~feed_stride};
    residual_step <= row_ends ? residual_row_step : {10'd0, residual_stride, ~residual_stride};
    next_corners <= corner + step;
    next_residuals <= residual + residual_step;
    next_positions <= position + 12'd1;

    row_ends <= x == last_x;
    is_strip_row_last <= strip_row == last_strip_row;
    image_ends <= y == last_y;
    is_first_x <= x == 6'd0;
    is_first_y <= y == 6'd0;

    if (header_writes[0]) x <= 6'd0;
    else if (next_place) x <= row_ends ? 6'd0 : x + 6'd1;

    if (in_tables) y <= 6'd0;
    else if (same_strip) y <= strip_y;
    else if (next_place & row_ends) y <= y + 6'd1;

    if (in_tables | new_strip | same_strip) strip_row <= 6'd0;
    else if (next_place & row_ends) strip_row <= strip_row + 6'd1;

    if (in_tables) corner <= origin;
    else if (same_strip) corner <= strip_corner;
    else if (next_corner) corner <= next_corners;

    if (new_strip) begin
      strip_y <= y;
      strip_corner <= corner;
    end

    if (header_writes[5]) residual <= word[11:0];
    else if (next_residual) residual <= next_residuals;
    if (header_writes[7]) position <= word[11:0];
    else if (next_position) position <= next_positions;
  end

  // A column's place and where it is outside, four cycles for each column: address, sum, memory.
  wire [15:0] column;
  block_memory #(.WIDTH(16), .WORDS(128)) u_columns (
      .clk, .write(columns_write), .write_address(load_index), .write_word(word),
      .read_address({column_tile, cycle[4:2]}), .read_word(column)
  );
  wire outside = |(column[15:12] & {row_ends, is_first_x, image_ends, is_first_y});
  logic [11:0] place;
  logic is_outside;
  always_ff @(posedge clk) begin
    place <= corner + column[11:0];
    is_outside <= outside;
    in_image <= ~is_outside;
    fill <= is_outside & has_zero_point & (cycle[1:0] == 2'd1);
  end
  assign feed_address = {place, ~cycle[1], cycle[0]};
endmodule
