// SPDX-License-Identifier: Apache-2.0
// Picks one of LANES lanes in each column: by the highest select bit between a lower part of
// 2^n lanes and the rest, each of which picks by the bits below. Vectors as in mx_row.
module lane_mux #(
    parameter int COLUMNS = 18,
    parameter int LANES = 8,
    parameter int SELECT_BITS = LANES == 1 ? 1 : $clog2(LANES)
) (
    input  logic [LANES*COLUMNS-1:0]       lanes,
    input  logic [SELECT_BITS*COLUMNS-1:0] select,  // of one lane: not used
    output logic [COLUMNS-1:0]             data
);
  generate
    if (LANES == 1) begin : g_one
      assign data = lanes;
    end else begin : g_two
      localparam int LOW = 2 ** (SELECT_BITS - 1);
      localparam int HIGH = LANES - LOW;
      localparam int LOW_BITS = LOW == 1 ? 1 : $clog2(LOW);
      localparam int HIGH_BITS = HIGH == 1 ? 1 : $clog2(HIGH);
      wire [COLUMNS-1:0] upper = select[(SELECT_BITS-1)*COLUMNS+:COLUMNS];
      wire [COLUMNS-1:0] low, high;
      lane_mux #(.COLUMNS(COLUMNS), .LANES(LOW)) u_low (
          .lanes(lanes[0+:LOW*COLUMNS]), .select(select[0+:LOW_BITS*COLUMNS]), .data(low)
      );
      lane_mux #(.COLUMNS(COLUMNS), .LANES(HIGH)) u_high (
          .lanes(lanes[LOW*COLUMNS+:HIGH*COLUMNS]), .select(select[0+:HIGH_BITS*COLUMNS]), .data(high)
      );
      assign data = (upper & high) | (~upper & low);
    end
  endgenerate
endmodule
