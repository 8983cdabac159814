// SPDX-License-Identifier: Apache-2.0
// Says when a word's 32nd bit is right of the last column of row 0, and which word it is.
// Words end in the order in which they began. Manual, section 6.
module word_timer #(
    parameter int INTERLEAVE = 4,
    parameter int PIXEL_BITS = 10,
    parameter int TILE_BITS = 8
) (
    input  logic                  clk,
    input  logic                  reset,
    input  logic                  start,  // of a step
    input  logic [PIXEL_BITS-1:0] last_pixel,
    input  logic                  first,  // bit 0 is in the last column
    input  logic [1:0]            phase,
    output logic                  done,
    output logic [1:0]            done_phase,
    output logic [TILE_BITS-1:0]  done_tile,
    output logic [PIXEL_BITS-1:0] done_pixel
);
  wire [INTERLEAVE-1:0] ends;
  wire pixel_is_last = done_pixel == last_pixel;

  generate
    for (genvar k = 0; k < INTERLEAVE; k++) begin : g_timer
      logic running;
      logic [4:0] cycles_left;
      wire begins = first & (phase == k);
      assign ends[k] = running & (cycles_left == '0);
      always_ff @(posedge clk) begin
        if (reset) running <= 1'b0;
        else if (begins) running <= 1'b1;
        else if (ends[k]) running <= 1'b0;
        cycles_left <= begins ? 5'd31 : cycles_left - 1'b1;
      end
    end
    if (INTERLEAVE == 1) begin : g_one_phase
      assign done_phase = 2'd0;
    end else begin : g_phase
      assign done_phase = {ends[3] | ends[2], ends[3] | ends[1]};
    end
  endgenerate

  assign done = |ends;

  always_ff @(posedge clk) begin
    if (start) begin
      done_tile <= '0;
      done_pixel <= '0;
    end else if (done) begin
      done_pixel <= pixel_is_last ? '0 : done_pixel + 1'b1;
      if (pixel_is_last) done_tile <= done_tile + 1'b1;
    end
  end
endmodule
