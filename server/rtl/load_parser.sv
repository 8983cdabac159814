// SPDX-License-Identifier: Apache-2.0
// Takes a program apart into memory words: sections of a header and words, each padded to a multiple
// of 64 bits. Machine manual, section 6. After a bad header it ignores what follows.
module load_parser #(
    parameter int WEIGHT_WORDS = 16384,
    parameter int COLUMN_WORDS = 16384,
    parameter int ROW_WORDS = 4096,
    parameter int TILE_WORDS = 4096,
    parameter int STEP_WORDS = 2048,
    parameter int TAP_WORDS = 1024,
    parameter int WEIGHT_BITS = 198,
    parameter int COLUMN_BITS = 96,
    parameter int TAP_BITS = 176,
    parameter int LOAD_BITS = 198
) (
    input  logic                 clk,
    input  logic                 start,
    input  logic                 valid,
    input  logic [63:0]          word,
    output logic                 load,          // in the cycle after a word's last beat
    output logic [2:0]           load_memory,
    output logic [15:0]          load_address,
    output logic [LOAD_BITS-1:0] load_word,
    output logic                 bad,           // a header names what does not exist
    output logic                 in_section     // words are missing
);
  localparam int BEATS = (LOAD_BITS + 63) / 64;

  logic [2:0] memory;
  logic [16:0] address;
  logic [16:0] words_left;
  logic [5:0] beat;
  assign in_section = words_left != '0;

  // The header's memory.
  wire [23:0] first = word[31:8];
  wire [31:0] words = word[63:32];
  wire exists = (word[7:0] >= 8'd1) & (word[7:0] <= 8'd6);
  logic [32:0] depth;
  always_comb begin
    case (word[2:0])
      3'd1: depth = 33'(WEIGHT_WORDS);
      3'd2: depth = 33'(COLUMN_WORDS);
      3'd3: depth = 33'(ROW_WORDS);
      3'd4: depth = 33'(TILE_WORDS);
      3'd5: depth = 33'(STEP_WORDS);
      default: depth = 33'(TAP_WORDS);
    endcase
  end
  wire good = exists & (words != '0) & (33'(first) + 33'(words) <= depth);

  logic [5:0] last_beat;
  always_comb begin
    case (memory)
      3'd1: last_beat = 6'((WEIGHT_BITS + 63) / 64 - 1);
      3'd2: last_beat = 6'((COLUMN_BITS + 63) / 64 - 1);
      3'd6: last_beat = 6'((TAP_BITS + 63) / 64 - 1);
      default: last_beat = '0;
    endcase
  end
  wire header = valid & ~in_section & ~bad;
  wire data = valid & in_section & ~bad;
  wire word_ends = data & (beat == last_beat);

  always_ff @(posedge clk) begin
    load <= word_ends;
    load_memory <= memory;
    load_address <= address[15:0];
    if (start) begin
      bad <= 1'b0;
      words_left <= '0;
    end else if (header) begin
      bad <= ~good;
      memory <= word[2:0];
      address <= first[16:0];
      words_left <= good ? words[16:0] : '0;
      beat <= '0;
    end else if (data) begin
      beat <= word_ends ? '0 : beat + 1'b1;
      if (word_ends) begin
        address <= address + 1'b1;
        words_left <= words_left - 1'b1;
      end
    end
  end

  wire [BEATS*64-1:0] beats;
  generate
    for (genvar b = 0; b < BEATS; b++) begin : g_beat
      logic [63:0] bits;
      always_ff @(posedge clk) if (data & (beat == b)) bits <= word;
      assign beats[b*64+:64] = bits;
    end
  endgenerate
  assign load_word = beats[LOAD_BITS-1:0];
endmodule
