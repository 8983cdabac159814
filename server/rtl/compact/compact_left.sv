// SPDX-License-Identifier: Apache-2.0
// What the rows' sums begin with, bit by bit: in the first column tile the bias and the residual, shifted
// by as much as the row's table says, in the others what the tile before left in the accumulators.
// Compact manual, section 6.
module compact_left (
    input  logic        clk,
    input  logic [5:0]  cycle,
    input  logic        reset_counts,
    input  logic        first_tile,
    input  logic [7:0]  accumulators,    // bit `cycle - 1` of the eight rows
    input  logic        write_table,
    input  logic [4:0]  table_address,
    input  logic [15:0] table_word,      // bits of the biases; rows that add a residual's bit to the next bit
    input  logic        write_residual,
    input  logic [15:0] residual,        // bits 2 b and 2 b + 1 of eight channels, b = cycle[1:0]
    output logic [7:0]  sums             // row r's bit b in cycle 3 + r + b
);
  wire [7:0] bias, adds;
  block_memory #(.WIDTH(16), .WORDS(32)) u_table (
      .clk, .write(write_table), .write_address(table_address), .write_word(table_word),
      .read_address(cycle[4:0]), .read_word({adds, bias})
  );

  logic continues, ends, stores;
  logic [2:0] store_address;
  logic [15:0] store_word;
  always_ff @(posedge clk) begin
    continues <= ~first_tile;
    ends <= cycle[4:0] == 5'd31;
    stores <= write_residual;
    store_address <= {cycle[5], cycle[1:0]};
    store_word <= residual;
  end

  generate
    for (genvar r = 0; r < 8; r++) begin : g_row
      wire [1:0] pair;
      logic [2:0] count;
      logic added, upper, carry;
      block_memory #(.WIDTH(2), .WORDS(8)) u_residual (
          .clk, .write(stores), .write_address(store_address), .write_word({store_word[8+r], store_word[r]}),
          .read_address({~cycle[5], count[2:1]}), .read_word(pair)
      );
      wire bit_added = added & (upper ? pair[1] : pair[0]);
      wire bit_in = continues ? accumulators[r] : bias[r] ^ bit_added ^ carry;
      logic [r+1:0] line;
      always_ff @(posedge clk) begin
        if (reset_counts) count <= 3'd0;
        else if (adds[r]) count <= count + 3'd1;
        added <= adds[r];
        upper <= count[0];
        carry <= ~ends & ((bias[r] & bit_added) | (bias[r] & carry) | (bit_added & carry));
        line <= (r + 2)'({line, bit_in});
      end
      assign sums[r] = line[r+1];
    end
  endgenerate
endmodule
