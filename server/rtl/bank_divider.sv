// SPDX-License-Identifier: Apache-2.0
// Rounded means of 8 sums, one bit of the quotients per cycle: floor(x / count + 1/2) is
// floor((x + floor(count / 2)) / count) for whole numbers. Machine manual, section 4.
module bank_divider (
    input  logic           clk,
    input  logic           load,
    input  logic           step,       // 33 times after load
    input  logic [8*16-1:0] sums,
    input  logic [4:0]     left,
    input  logic [8:0]     count,      // 1 to 256
    output logic [8*33-1:0] quotients
);
  generate
    for (genvar i = 0; i < 8; i++) begin : g_lane
      logic [8:0] remainder;
      logic [32:0] bits;  // of the dividend still to come, then of the quotient
      wire [9:0] taken = {remainder, bits[32]};
      wire goes = taken >= {1'b0, count};
      always_ff @(posedge clk) begin
        if (load) begin
          remainder <= '0;
          bits <= (33'(sums[i*16+:16]) << left) + 33'(count[8:1]);
        end else if (step) begin
          remainder <= goes ? 9'(taken - {1'b0, count}) : taken[8:0];
          bits <= {bits[31:0], goes};
        end
      end
      assign quotients[i*33+:33] = bits;
    end
  endgenerate
endmodule
