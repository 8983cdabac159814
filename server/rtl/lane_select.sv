// SPDX-License-Identifier: Apache-2.0
// The bytes of one column, out of a memory word. With the feed rule same_tap every lane takes any
// byte: a crossbar. With channel_block the lanes take a block of bytes side by side: a multiplexer
// of the blocks. Array manual, section 4.
module lane_select #(
    parameter int CHANNELS = 128,
    parameter int ALPHA = 8,
    parameter int FEED_RULE = 2  // nn::FeedRule: 2 same_tap, 3 channel_block
) (
    input  logic [CHANNELS*8-1:0] word,
    input  logic [ALPHA*8-1:0]    select,
    output logic [ALPHA*8-1:0]    bytes
);
  localparam int BYTE_BITS = $clog2(CHANNELS);

  generate
    if (FEED_RULE == 3) begin : g_channel_block
      localparam int BLOCKS = CHANNELS / ALPHA;
      localparam int BLOCK_BITS = BLOCKS == 1 ? 1 : $clog2(BLOCKS);
      wire [BLOCK_BITS-1:0] block = select[BLOCK_BITS-1:0];
      assign bytes = word[block*(ALPHA*8)+:ALPHA*8];
    end else begin : g_same_tap
      for (genvar l = 0; l < ALPHA; l++) begin : g_lane
        wire [BYTE_BITS-1:0] lane = select[l*8+:BYTE_BITS];
        assign bytes[l*8+:8] = word[{lane, 3'b000}+:8];
      end
    end
  endgenerate
endmodule
