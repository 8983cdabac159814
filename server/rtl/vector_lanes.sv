// SPDX-License-Identifier: Apache-2.0
// What a vector step keeps of the taps of one output position, by lane of the input's words: the byte
// moved, the largest byte, the sum of bytes. Machine manual, section 4.
module vector_lanes #(
    parameter int CHANNELS = 128
) (
    input  logic                   clk,
    input  logic                   valid,       // a tap's word
    input  logic                   first,       // of the position
    input  logic                   in_image,
    input  logic [CHANNELS-1:0]    applies,     // the tap's lanes, of a move
    input  logic [CHANNELS*8-1:0]  word,
    input  logic                   is_move,
    input  logic                   is_maximum,
    input  logic                   is_average,  // none of them: an addition's first operand
    input  logic [7:0]             zero_point,
    output logic [CHANNELS*16-1:0] kept         // 16 bits each, from the next cycle on
);
  // One register over all lanes, and nothing in front of it, while no vector step runs.
  always_ff @(posedge clk) begin
    if (valid) begin
      for (int l = 0; l < CHANNELS; l++) begin
        if (is_move) begin
          if (applies[l]) kept[l*16+:16] <= {8'd0, in_image ? word[l*8+:8] : zero_point};
          else if (first) kept[l*16+:16] <= {8'd0, zero_point};
        end else if (is_maximum) begin
          if (in_image & (first | (kept[l*16+:8] < word[l*8+:8]))) kept[l*16+:16] <= {8'd0, word[l*8+:8]};
          else if (first) kept[l*16+:16] <= '0;
        end else begin
          kept[l*16+:16] <= (is_average & ~first ? kept[l*16+:16] : 16'd0) +
                            {8'd0, in_image ? word[l*8+:8] : zero_point};
        end
      end
    end
  end
endmodule
