// SPDX-License-Identifier: Apache-2.0
// One read port of the activation memory and the columns it serves, one per cycle: address, memory,
// lane selection, and the columns' shift registers. Control comes from the port on the left and goes
// on to the port on the right, a word time later. Machine manual, section 3.
module feed_port #(
    parameter int COLUMNS = 8,  // served by this port, at most WORD_TIME
    parameter int WORD_TIME = 8,
    parameter int ALPHA = 8,
    parameter int CHANNELS = 128,
    parameter int FEED_RULE = 2,
    parameter int ADDRESS_BITS = 10,
    parameter int SLOT_BITS = $clog2(WORD_TIME)
) (
    input  logic                       clk,
    input  logic                       reset,
    // the word that column `slot` begins, in this cycle
    input  logic                       active_in,
    input  logic                       first_in,  // the tile's first
    input  logic [SLOT_BITS-1:0]       slot_in,
    input  logic [16:0]                corner_y_in,
    input  logic [16:0]                corner_x_in,
    input  logic [15:0]                corner_in,
    output logic                       active_out,
    output logic                       first_out,
    output logic [SLOT_BITS-1:0]       slot_out,
    output logic [16:0]                corner_y_out,
    output logic [16:0]                corner_x_out,
    output logic [15:0]                corner_out,
    // the tile's column word, while it is being used
    output logic                       take,
    input  logic [31+8*ALPHA:0]        column_word,
    // the step
    input  logic [15:0]                height,
    input  logic [15:0]                width,
    input  logic [7:0]                 zero_point,
    // the activation memory
    output logic                       read,
    output logic [ADDRESS_BITS-1:0]    address,
    input  logic [CHANNELS*8-1:0]      word,
    // bits, 3 cycles after the word's beginning
    output logic [COLUMNS*ALPHA-1:0]   lanes
);
  localparam int SLOTS = 2 ** SLOT_BITS;

  // Address.
  logic [31:0] windows[SLOTS];
  logic [ALPHA*8-1:0] selects[SLOTS];
  wire serves = active_in & (32'(slot_in) < COLUMNS);
  assign take = serves & first_in;
  wire [31:0] window = first_in ? column_word[31:0] : windows[slot_in];
  wire [16:0] y = corner_y_in + 17'(window[7:0]);
  wire [16:0] x = corner_x_in + 17'(window[15:8]);
  logic in_image;
  logic [SLOT_BITS-1:0] read_slot;

  always_ff @(posedge clk) begin
    read <= serves & ~reset;
    if (serves) begin
      address <= ADDRESS_BITS'(corner_in + window[31:16]);
      in_image <= (y < 17'(height)) & (x < 17'(width));
      read_slot <= slot_in;
    end
    if (take) begin
      windows[slot_in] <= column_word[31:0];
      selects[slot_in] <= column_word[32+:ALPHA*8];
    end
  end

  // Memory.
  logic select_valid, select_in_image;
  logic [SLOT_BITS-1:0] select_slot;
  always_ff @(posedge clk) begin
    select_valid <= read & ~reset;
    if (read) begin
      select_in_image <= in_image;
      select_slot <= read_slot;
    end
  end

  // Lane selection; bit planes, as they leave.
  wire [ALPHA*8-1:0] bytes;
  lane_select #(.CHANNELS(CHANNELS), .ALPHA(ALPHA), .FEED_RULE(FEED_RULE)) u_select (
      .word, .select(selects[select_slot]), .bytes
  );
  wire [ALPHA*8-1:0] chosen = select_in_image ? bytes : {ALPHA{zero_point}};
  logic [COLUMNS-1:0] begins;  // the column whose word it is
  logic [ALPHA*8-1:0] planes;
  always_ff @(posedge clk) begin
    for (int c = 0; c < COLUMNS; c++) begins[c] <= select_valid & (32'(select_slot) == c) & ~reset;
    if (select_valid) begin
      for (int b = 0; b < 8; b++) begin
        for (int l = 0; l < ALPHA; l++) planes[b*ALPHA+l] <= chosen[l*8+b];
      end
    end
  end

  // The first bits leave at once, the others from shift registers.
  generate
    for (genvar c = 0; c < COLUMNS; c++) begin : g_column
      logic [ALPHA*7-1:0] bits;
      assign lanes[c*ALPHA+:ALPHA] = begins[c] ? planes[ALPHA-1:0] : bits[ALPHA-1:0];
      always_ff @(posedge clk) bits <= begins[c] ? planes[ALPHA*8-1:ALPHA] : bits >> ALPHA;
    end
  endgenerate

  // The port on the right.
  wire passes = active_in & (&slot_in);
  logic passed_first;
  always_ff @(posedge clk) begin
    if (reset) active_out <= 1'b0;
    else if (passes) active_out <= 1'b1;
    else if (&slot_out) active_out <= 1'b0;
    slot_out <= passes ? '0 : slot_out + 1'b1;
    if (passes) begin
      passed_first <= first_in;
      corner_y_out <= corner_y_in;
      corner_x_out <= corner_x_in;
      corner_out <= corner_in;
    end
  end
  assign first_out = passed_first;
endmodule
