// SPDX-License-Identifier: Apache-2.0
// Where the rows' sums go: aligned, bit by bit, to the accumulators; rounded, shifted and saturated as the
// rows' tables say, bit by bit, to the activation bank, which is what its words are. Compact manual,
// section 7.
module compact_right (
    input  logic        clk,
    input  logic [4:0]  bit_index,      // of the aligned sums
    input  logic        leaves,         // bit_index is 0 to 7
    input  logic        is_logits,
    input  logic        write_table,
    input  logic [4:0]  table_address,
    input  logic [15:0] table_word,     // of the next bit: 0 below, 2 rounding bit, 3 the byte's, 1 above
    input  logic [7:0]  sums,           // from the array
    output logic [7:0]  aligned,
    output logic [7:0]  outputs         // a cycle later; bytes leave behind the word, in bits 0 to 7 of the next
);
  wire [7:0] low, high;
  block_memory #(.WIDTH(16), .WORDS(32)) u_table (
      .clk, .write(write_table), .write_address(table_address), .write_word(table_word),
      .read_address(bit_index), .read_word({high, low})
  );

  logic ends;
  always_ff @(posedge clk) begin
    ends <= bit_index == 5'd30;
  end

  generate
    for (genvar r = 0; r < 8; r++) begin : g_row
      if (r == 7) begin : g_last
        assign aligned[r] = sums[r];
      end else begin : g_line
        logic [6-r:0] line;
        always_ff @(posedge clk) line <= (7 - r)'({line, sums[r]});
        assign aligned[r] = line[6-r];
      end

      // The carry of the rounding bit runs up; bits of 1 above the byte, or a negative sum, saturate it.
      logic carry, above, is_above, is_negative;
      logic [7:0] kept;
      wire rounded = aligned[r] ^ carry;
      wire sets = above | (low[r] & ~high[r] & rounded);
      always_ff @(posedge clk) begin
        if (ends) carry <= 1'b0;
        else carry <= aligned[r] & (low[r] ? carry : high[r]);
        above <= ~ends & sets;
        if (ends) begin
          is_above <= sets;
          is_negative <= aligned[r] & ~carry;
        end
        if (leaves | (low[r] & high[r])) kept <= {rounded, kept[7:1]};
        outputs[r] <= is_logits ? aligned[r] : ~is_negative & (is_above | kept[0]);
      end
    end
  endgenerate
endmodule
