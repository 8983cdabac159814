// SPDX-License-Identifier: Apache-2.0
// A machine for whole networks in the smallest FPGA with enough memory: an array of 8 x 8 cells, whose
// feature maps are stored as bit planes, so that nothing between memory and array has to turn bytes into
// bits or back. docs/compact_machine.md is its manual.
module compact_machine (
    input  logic clk,
    input  logic reset_n,
    input  logic serial_clock,
    input  logic serial_select_n,
    input  logic serial_in,
    output logic serial_out,
    output logic busy
);
  logic [1:0] resets;
  always_ff @(posedge clk) resets <= {resets[0], ~reset_n};
  wire reset = resets[1];

  logic [15:0] read_word;
  wire start, set_address, next_address, host_write, to_program, host_bank, halted;
  wire [15:0] host_word, program_word, feed_word, other_word;
  wire [14:0] address;
  compact_port u_port (
      .clk, .reset, .serial_clock, .serial_select_n, .serial_in, .serial_out, .halted,
      .start, .set_address, .next_address, .write(host_write), .to_program, .bank(host_bank), .word(host_word),
      .read_word
  );
  assign busy = ~halted;

  wire [5:0] cycle, pixel;
  wire [7:0] header_writes;
  wire [6:0] load_index;
  wire [3:0] column_tile;
  wire columns_write, left_write, right_write, load, in_tables;
  wire new_strip, same_strip, next_place, next_corner, next_residual;
  wire row_ends, strip_ends, image_ends, first_tile, last_tile, valid;
  compact_sequencer u_sequencer (
      .clk, .reset, .start, .set_address, .next_address, .host_address(host_word[14:0]), .word(program_word),
      .cycle, .halted, .address, .header_writes, .columns_write, .left_write, .right_write, .load_index, .load,
      .in_tables, .new_strip, .same_strip, .column_tile, .next_place, .next_corner, .next_residual, .row_ends,
      .strip_ends, .image_ends, .first_tile, .last_tile, .valid, .pixel
  );

  wire feed_bank, is_logits, in_image, fill;
  wire [13:0] feed_address;
  wire [11:0] residual, position;
  compact_fetch u_fetch (
      .clk, .cycle, .header_writes, .columns_write, .load_index, .word(program_word), .in_tables, .new_strip,
      .same_strip, .column_tile, .next_place, .next_corner, .next_residual, .next_position, .feed_bank,
      .is_logits, .row_ends, .strip_ends, .image_ends, .feed_address, .in_image, .fill, .residual,
      .position
  );

  wire [63:0] lanes;
  compact_feed u_feed (.clk, .cycle, .word(feed_word), .in_image, .fill, .valid, .lanes);

  // Outputs leave a plane per cycle, eight for a byte and 32 for logits.
  logic is_byte, ended_last, leaving, next_position;
  wire writes = is_logits ? ended_last : leaving & is_byte;

  // The sums' bits of the array's right side are 18 cycles behind those that enter it.
  logic [4:0] bit_index;
  logic [5:0] ended_pixel;
  logic ended;
  always_ff @(posedge clk) begin
    bit_index <= reset ? 5'd14 : bit_index + 5'd1;
    is_byte <= bit_index == 5'd31 || bit_index < 5'd7;
    next_position <= writes & bit_index[2:0] == 3'd6;
    if (&bit_index) begin
      ended <= valid;
      ended_last <= valid & last_tile;
      ended_pixel <= pixel;
      leaving <= ended_last;
    end
  end

  wire [7:0] accumulators, left_sums, right_sums, aligned, outputs;
  block_memory #(.WIDTH(8), .WORDS(2048)) u_accumulators (
      .clk, .write(ended), .write_address({ended_pixel, bit_index}), .write_word(aligned),
      .read_address({pixel, cycle[4:0]}), .read_word(accumulators)
  );
  compact_left u_left (
      .clk, .cycle, .reset_counts(in_tables), .first_tile, .accumulators, .write_table(left_write),
      .table_address(load_index[4:0]), .table_word(program_word), .write_residual(cycle[4:2] == 3'd1),
      .residual(other_word), .sums(left_sums)
  );
  logic first;
  always_ff @(posedge clk) first <= cycle[4:0] == 5'd2;
  compact_array u_array (
      .clk, .load, .weights(program_word), .first, .lanes, .sums_in(left_sums), .sums_out(right_sums)
  );
  compact_right u_right (
      .clk, .bit_index, .leaves(is_byte), .is_logits, .write_table(right_write), .table_address(load_index[4:0]),
      .table_word(program_word), .sums(right_sums), .aligned, .outputs
  );

  wire host_writes = host_write & ~to_program;
  wire [1:0] bytes = {host_writes | (writes & bit_index[0]), host_writes | (writes & ~bit_index[0])};
  logic other_bank;
  logic [1:0] write_0, write_1;
  logic [13:0] other_address;
  always_ff @(posedge clk) begin
    read_word <= to_program ? program_word : other_word;
    other_bank <= halted ? ~host_bank : feed_bank;
    write_0 <= bytes & {2{other_bank}};
    write_1 <= bytes & {2{~other_bank}};
    other_address <= halted ? address[13:0] : writes ? {position, bit_index[2:1]} : {residual, ~cycle[1], cycle[0]};
  end
  compact_memories u_memories (
      .clk, .feed_bank(other_bank), .feed_address, .feed_word, .write_0, .write_1, .other_address,
      .other_write_word(halted ? host_word : {outputs, outputs}), .other_word,
      .program_write(host_write & to_program), .program_address(address), .program_write_word(host_word),
      .program_word
  );
endmodule
