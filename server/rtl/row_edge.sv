// SPDX-License-Identifier: Apache-2.0
// Both ends of one row: what its sums begin with, and where they go. Control comes from
// the row below and goes on to the row above, one cycle later. Manual, sections 5 and 6.
module row_edge #(
    parameter int INTERLEAVE = 4,
    parameter int PIXEL_BITS = 10,
    parameter int TILE_BITS = 8
) (
    input  logic                  clk,
    // left: a word is read, in the cycle two before its first bit
    input  logic                  read_in,
    input  logic [1:0]            read_phase_in,
    input  logic                  read_continues_in,
    input  logic [TILE_BITS-1:0]  read_tile_in,
    input  logic [PIXEL_BITS-1:0] read_pixel_in,
    output logic                  read_out,
    output logic [1:0]            read_phase_out,
    output logic                  read_continues_out,
    output logic [TILE_BITS-1:0]  read_tile_out,
    output logic [PIXEL_BITS-1:0] read_pixel_out,
    input  logic [31:0]           initial_word,  // in the cycle after read_in
    output logic [INTERLEAVE-1:0] sums,
    // right: a word's 32nd bit is here
    input  logic                  done_in,
    input  logic [1:0]            done_phase_in,
    input  logic                  done_final_in,
    input  logic [TILE_BITS-1:0]  done_tile_in,
    input  logic [PIXEL_BITS-1:0] done_pixel_in,
    output logic                  done_out,
    output logic [1:0]            done_phase_out,
    output logic                  done_final_out,
    output logic [TILE_BITS-1:0]  done_tile_out,
    output logic [PIXEL_BITS-1:0] done_pixel_out,
    input  logic [INTERLEAVE-1:0] results,
    // outputs
    input  logic [4:0]            shift,         // of the row's filter in tile done_tile_out
    input  logic signed [8:0]     low,
    input  logic signed [8:0]     high,
    output logic                  output_valid,
    output logic [TILE_BITS-1:0]  output_tile,
    output logic [PIXEL_BITS-1:0] output_pixel,
    output logic signed [8:0]     quantized,
    output logic signed [31:0]    logit
);
  always_ff @(posedge clk) begin
    read_out <= read_in;
    read_phase_out <= read_phase_in;
    read_continues_out <= read_continues_in;
    read_tile_out <= read_tile_in;
    read_pixel_out <= read_pixel_in;
    done_out <= done_in;
    done_phase_out <= done_phase_in;
    done_final_out <= done_final_in;
    done_tile_out <= done_tile_in;
    done_pixel_out <= done_pixel_in;
  end

  wire [31:0] partial_sum;
  wire [31:0] word;

  left_edge #(.INTERLEAVE(INTERLEAVE)) u_left (
      .clk, .read(read_in), .phase(read_phase_in), .continues(read_continues_in), .initial_word, .partial_sum, .sums
  );

  right_edge #(.INTERLEAVE(INTERLEAVE)) u_right (.clk, .results, .phase(done_phase_in), .word);

  accumulator_memory #(.WORDS(2**PIXEL_BITS)) u_memory (
      .clk, .write(done_in & ~done_final_in), .write_address(done_pixel_in), .write_word(word),
      .read_address(read_pixel_in), .read_word(partial_sum)
  );

  requantize u_requantize (.clk, .accumulator(word), .shift, .low, .high, .quantized, .logit);

  logic valid;  // cycle T + 2; the output is there in cycle T + 3
  logic [TILE_BITS-1:0] tile;
  logic [PIXEL_BITS-1:0] pixel;
  always_ff @(posedge clk) begin
    valid <= done_out & done_final_out;
    tile <= done_tile_out;
    pixel <= done_pixel_out;
    output_valid <= valid;
    output_tile <= tile;
    output_pixel <= pixel;
  end
endmodule
