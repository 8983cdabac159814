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
  generate
    for (genvar l = 0; l < CHANNELS; l++) begin : g_lane
      logic [15:0] lane;
      wire [7:0] data = in_image ? word[l*8+:8] : zero_point;
      wire [7:0] larger = first | (lane[7:0] < word[l*8+:8]) ? word[l*8+:8] : lane[7:0];
      always_ff @(posedge clk) begin
        if (valid) begin
          if (is_move) begin
            if (first | applies[l]) lane <= {8'd0, applies[l] ? data : zero_point};
          end else if (is_maximum) begin
            if (in_image) lane <= {8'd0, larger};
            else if (first) lane <= '0;
          end else if (is_average & ~first) begin
            lane <= lane + {8'd0, data};
          end else begin
            lane <= {8'd0, data};
          end
        end
      end
      assign kept[l*16+:16] = lane;
    end
  endgenerate
endmodule
