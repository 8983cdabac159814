// SPDX-License-Identifier: Apache-2.0
// Writes a buffer through AXI, one burst at a time, with words as they come. A burst that has begun
// is completed whatever happens: after `stop` without strobes.
module axi_writer (
    input  logic        clk,
    input  logic        reset,
    input  logic        start,      // while not busy
    input  logic [63:0] target,     // a multiple of 8
    input  logic [28:0] words,
    input  logic        stop,       // begin no further burst, take no further word
    output logic        busy,
    output logic        failed,     // an answer was an error; nothing was written after its burst
    input  logic        valid,
    input  logic [63:0] word,
    output logic        taken,
    // AXI
    output logic [63:0] m_axi_awaddr,
    output logic [7:0]  m_axi_awlen,
    output logic        m_axi_awvalid,
    input  logic        m_axi_awready,
    output logic [63:0] m_axi_wdata,
    output logic [7:0]  m_axi_wstrb,
    output logic        m_axi_wlast,
    output logic        m_axi_wvalid,
    input  logic        m_axi_wready,
    input  logic [1:0]  m_axi_bresp,
    input  logic        m_axi_bvalid,
    output logic        m_axi_bready
);
  logic [63:0] address;
  logic [28:0] words_left;
  logic [4:0] beats_left;  // of the burst, to be put on the bus
  logic sending, stopped;
  wire [4:0] beats;
  burst_length u_burst (.word(address[11:3]), .words(words_left), .beats);

  wire accepted = m_axi_awvalid & m_axi_awready;
  wire answered = m_axi_bvalid & m_axi_bready;
  wire requests = busy & ~sending & ~m_axi_awvalid;
  wire stopping = stopped | stop;
  wire ends = (words_left == '0) | stopping | failed;
  wire moves = sending & (beats_left != '0) & (~m_axi_wvalid | m_axi_wready) & (valid | stopping);

  assign taken = moves & ~stopping;
  assign m_axi_bready = sending & (beats_left == '0) & ~m_axi_wvalid;

  always_ff @(posedge clk) begin
    if (reset) busy <= 1'b0;
    else if (start) busy <= 1'b1;
    else if (requests & ends) busy <= 1'b0;

    stopped <= busy & stopping & ~reset;
    if (start) failed <= 1'b0;
    else if (answered & m_axi_bresp[1]) failed <= 1'b1;

    if (start) begin
      address <= target;
      words_left <= words;
    end else if (accepted) begin
      address <= address + {56'd0, 8'(beats)} * 64'd8;
      words_left <= words_left - 29'(beats);
    end

    if (reset) m_axi_awvalid <= 1'b0;
    else if (requests & ~ends) begin
      m_axi_awvalid <= 1'b1;
      m_axi_awaddr <= address;
      m_axi_awlen <= 8'(beats) - 8'd1;
    end else if (accepted) m_axi_awvalid <= 1'b0;

    if (reset) sending <= 1'b0;
    else if (accepted) sending <= 1'b1;
    else if (answered) sending <= 1'b0;

    if (accepted) beats_left <= beats;
    else if (moves) beats_left <= beats_left - 1'b1;

    if (reset) m_axi_wvalid <= 1'b0;
    else if (moves) begin
      m_axi_wvalid <= 1'b1;
      m_axi_wdata <= word;
      m_axi_wstrb <= stopping ? 8'h00 : 8'hff;
      m_axi_wlast <= beats_left == 5'd1;
    end else if (m_axi_wready) m_axi_wvalid <= 1'b0;
  end
endmodule
