// SPDX-License-Identifier: Apache-2.0
// Between the activation bank and the array's lanes: a word of the bank, two bits of eight lanes, comes
// in every cycle, column after column; every column's bits leave one by one, a cycle later from column
// to column. Each column has a block memory for two pixels. Compact manual, section 5.
module compact_feed (
    input  logic        clk,
    input  logic [5:0]  cycle,    // of the machine's word time; bit 5 tells even words from odd ones
    input  logic [15:0] word,     // of the bank
    input  logic        in_image, // it is in the image
    input  logic        fill,     // it is not, and its upper bits are the highest ones of a zero point of 128
    input  logic        valid,    // the word time before fetched a pixel
    output logic [63:0] lanes     // lane a of column c is bit 8 a + c
);
  logic [15:0] fed;
  always_ff @(posedge clk) begin
    fed <= (word & {16{in_image}}) | {{8{fill}}, 8'd0};
  end

  // In a cycle `fed` is pair cycle[1:0] of column cycle[4:2] - 1; columns 2 j and 2 j + 1 leave from place j on.
  // All this is known a cycle before.
  wire [5:0] next_cycle = cycle - 6'd3;  // of the pixel's own word time
  logic [7:0] writes;
  logic [3:0] write_address;
  always_ff @(posedge clk) begin
    for (int c = 0; c < 8; c++) writes[c] <= next_cycle[4:2] == 3'(c);
    write_address <= {next_cycle[5], {1'b0, next_cycle[1:0]} + {1'b0, next_cycle[4:3]}};
  end

  wire [3:0] even_address = {~cycle[5], cycle[3:1]};
  logic [3:0] odd_address;
  logic [7:0] gates;
  always_ff @(posedge clk) begin
    odd_address <= even_address;
    gates <= {gates[6:0], valid & (cycle[4:3] == 2'd0)};
  end

  generate
    for (genvar c = 0; c < 8; c++) begin : g_column
      wire [15:0] pair;
      block_memory #(.WIDTH(16), .WORDS(16)) u_memory (
          .clk, .write(writes[c]), .write_address, .write_word(fed),
          .read_address(c % 2 == 0 ? even_address : odd_address), .read_word(pair)
      );
      wire upper = c % 2 == 0 ? ~cycle[0] : cycle[0];
      for (genvar a = 0; a < 8; a++) begin : g_lane
        always_ff @(posedge clk) lanes[8*a+c] <= gates[c] & (upper ? pair[8+a] : pair[a]);
      end
    end
  endgenerate
endmodule
