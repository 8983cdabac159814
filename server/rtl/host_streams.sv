// SPDX-License-Identifier: Apache-2.0
// What goes in before a run and comes out after it, as the program's header says: where it is, and
// how many words of 64 bits. Machine manual, sections 2 and 6.
module host_streams (
    input  logic        clk,
    // the header, while it is read
    input  logic        reads_header,
    input  logic [3:0]  header_index,
    input  logic [31:0] header_word,
    // the input
    input  logic        wants_input,
    output logic [24:0] input_words,
    input  logic        input_valid,
    output logic        input_done,
    // the results
    input  logic        gives_output,
    output logic [24:0] output_words,
    output logic        output_valid,
    output logic [63:0] output_word,
    input  logic        output_taken,
    output logic        output_done,
    // the memories
    output logic        write,
    output logic [15:0] position,
    output logic [7:0]  bank,
    output logic        bank_read,
    input  logic [63:0] bank_word,  // in the next cycle
    output logic        result_read,
    output logic [16:0] result_address,
    input  logic [31:0] result_word
);
  logic [15:0] input_base, output_base;
  logic [7:0] input_bank, input_banks, output_bank, output_banks;
  logic [16:0] input_positions, output_count;  // of the last tensor, or of results
  logic is_results;
  logic input_known, output_known;

  always_ff @(posedge clk) begin
    if (reads_header) begin
      case (header_index)
        4'd1: {input_banks, input_bank, input_base} <= header_word;
        4'd2: input_positions <= header_word[16:0];
        4'd3: {output_banks, output_bank, is_results} <= {header_word[23:8], header_word[0]};
        4'd4: output_base <= header_word[15:0];
        4'd5: output_count <= header_word[16:0];
        default: ;
      endcase
    end
    input_known <= reads_header & (header_index == 4'd2);
    output_known <= reads_header & (header_index == 4'd5);
  end

  wire [24:0] output_product;
  serial_multiplier #(.BITS(25)) u_input_words (
      .clk, .start(input_known), .multiplier(input_banks), .multiplicand(25'(input_positions)), .product(input_words)
  );
  serial_multiplier #(.BITS(25)) u_output_words (
      .clk, .start(output_known), .multiplier(output_banks), .multiplicand(25'(output_count)), .product(output_product)
  );
  assign output_words = is_results ? (25'(output_count) + 25'd1) >> 1 : output_product;

  wire bank_start, bank_advance, last;
  bank_walk u_walk (
      .clk, .start(output_known | bank_start), .base(gives_output ? output_base : input_base),
      .positions(gives_output ? output_count : input_positions), .first_bank(gives_output ? output_bank : input_bank),
      .banks(gives_output ? output_banks : input_banks), .advance(write | bank_advance), .position, .bank, .last
  );
  assign write = wants_input & input_valid;
  assign input_done = write & last;

  output_reader u_reader (
      .clk, .enable(gives_output), .is_results, .results(output_count), .bank_start, .bank_read, .bank_advance,
      .bank_last(last), .bank_word, .result_read, .result_address, .result_word,
      .valid(output_valid), .word(output_word), .taken(output_taken), .done(output_done)
  );
endmodule
