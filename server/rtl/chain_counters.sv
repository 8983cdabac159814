// SPDX-License-Identifier: Apache-2.0
// When an image's first word entered each array, and when its last output could be read.
// Machine manual, section 7.
module chain_counters #(
    parameter int ARRAYS = 2
) (
    input  logic                 clk,
    input  logic                 start,
    input  logic [ARRAYS-1:0]    issue,
    input  logic [ARRAYS-1:0]    image_done,
    output logic [ARRAYS*32-1:0] first_word,
    output logic [ARRAYS*32-1:0] last_output
);
  logic [31:0] cycle;  // 0 in the one after start
  logic [ARRAYS-1:0] issued;

  always_ff @(posedge clk) begin
    cycle <= start ? '0 : cycle + 1;
    issued <= start ? '0 : issued | issue;
    for (int k = 0; k < ARRAYS; k++) begin
      if (issue[k] & ~issued[k]) first_word[k*32+:32] <= cycle;
      if (image_done[k]) last_output[k*32+:32] <= cycle + 1;
    end
  end
endmodule
