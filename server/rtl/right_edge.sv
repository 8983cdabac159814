// SPDX-License-Identifier: Apache-2.0
// Collects the result bits of one row. Manual, section 6.
module right_edge #(
    parameter int INTERLEAVE = 4
) (
    input  logic                  clk,
    input  logic [INTERLEAVE-1:0] results,  // right of the last column
    input  logic [1:0]            phase,    // whose 32nd bit is on its wire
    output logic [31:0]           word      // its 32 bits, in the same cycle
);
  wire [32*INTERLEAVE-1:0] words;

  generate
    for (genvar k = 0; k < INTERLEAVE; k++) begin : g_collector
      logic [30:0] bits;
      assign words[32*k+:32] = {results[k], bits};
      always_ff @(posedge clk) bits <= words[32*k+1+:31];
    end
    if (INTERLEAVE == 1) begin : g_one_word
      assign word = words;
    end else begin : g_words
      assign word = words[32*phase+:32];
    end
  endgenerate
endmodule
