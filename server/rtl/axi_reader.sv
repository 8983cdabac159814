// SPDX-License-Identifier: Apache-2.0
// Reads a buffer through AXI, one burst at a time, and hands on its words as they come.
module axi_reader (
    input  logic        clk,
    input  logic        reset,
    input  logic        start,      // while not busy
    input  logic [63:0] source,     // a multiple of 8
    input  logic [28:0] words,
    input  logic        stop,       // begin no further burst
    output logic        busy,
    output logic        failed,     // an answer was an error; nothing was read after its burst
    output logic        valid,
    output logic [63:0] word,
    // AXI
    output logic [63:0] m_axi_araddr,
    output logic [7:0]  m_axi_arlen,
    output logic        m_axi_arvalid,
    input  logic        m_axi_arready,
    input  logic [63:0] m_axi_rdata,
    input  logic [1:0]  m_axi_rresp,
    input  logic        m_axi_rlast,
    input  logic        m_axi_rvalid,
    output logic        m_axi_rready
);
  logic [63:0] address;
  logic [28:0] words_left;
  logic receiving;
  wire [4:0] beats;
  burst_length u_burst (.word(address[11:3]), .words(words_left), .beats);

  wire accepted = m_axi_arvalid & m_axi_arready;
  wire received = m_axi_rvalid & m_axi_rready;
  wire bad = received & m_axi_rresp[1];
  wire requests = busy & ~receiving & ~m_axi_arvalid;
  wire ends = (words_left == '0) | stop | failed;

  assign m_axi_rready = receiving;
  assign valid = received & ~m_axi_rresp[1];
  assign word = m_axi_rdata;

  always_ff @(posedge clk) begin
    if (reset) busy <= 1'b0;
    else if (start) busy <= 1'b1;
    else if (requests & ends) busy <= 1'b0;

    if (start) failed <= 1'b0;
    else if (bad) failed <= 1'b1;

    if (start) begin
      address <= source;
      words_left <= words;
    end else if (accepted) begin
      address <= address + {56'd0, 8'(beats)} * 64'd8;
      words_left <= words_left - 29'(beats);
    end

    if (reset) m_axi_arvalid <= 1'b0;
    else if (requests & ~ends) begin
      m_axi_arvalid <= 1'b1;
      m_axi_araddr <= address;
      m_axi_arlen <= 8'(beats) - 8'd1;
    end else if (accepted) m_axi_arvalid <= 1'b0;

    if (reset) receiving <= 1'b0;
    else if (accepted) receiving <= 1'b1;
    else if (received & m_axi_rlast) receiving <= 1'b0;
  end
endmodule
