// SPDX-License-Identifier: Apache-2.0
// 8 bytes of every word of the activation memory: a write port, and clocked read ports for the
// feeder and for residuals. A block RAM per read port. Machine manual, section 2.
module activation_bank #(
    parameter int POSITIONS = 1024,
    parameter int PORTS = 3,
    parameter int ADDRESS_BITS = $clog2(POSITIONS)
) (
    input  logic                          clk,
    input  logic [7:0]                    write,  // by byte
    input  logic [ADDRESS_BITS-1:0]       write_address,
    input  logic [63:0]                   write_word,
    input  logic [PORTS-1:0]              feed_read,
    input  logic [PORTS*ADDRESS_BITS-1:0] feed_address,
    output logic [PORTS*64-1:0]           feed_word,  // one cycle later, until the port's next read
    input  logic                          edge_read,
    input  logic [ADDRESS_BITS-1:0]       edge_address,
    output logic [63:0]                   edge_word
);
  logic [63:0] words[POSITIONS];

  always_ff @(posedge clk) begin
    if (write != '0) begin
      for (int i = 0; i < 8; i++) begin
        if (write[i]) words[write_address][8*i+:8] <= write_word[8*i+:8];
      end
    end
    if (edge_read) edge_word <= words[edge_address];
  end

  generate
    for (genvar p = 0; p < PORTS; p++) begin : g_port
      logic [63:0] word;
      always_ff @(posedge clk) if (feed_read[p]) word <= words[feed_address[p*ADDRESS_BITS+:ADDRESS_BITS]];
      assign feed_word[p*64+:64] = word;
    end
  endgenerate
endmodule
