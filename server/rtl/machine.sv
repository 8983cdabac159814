// SPDX-License-Identifier: Apache-2.0
// The machine as a device on a bus: registers by AXI4-Lite, programs, inputs and results through an
// AXI4 master of 64 bits, an interrupt. Machine manual, section 6.
module machine #(
    parameter int ROWS = 16,
    parameter int COLUMNS = 18,
    parameter int ALPHA = 8,
    parameter int INTERLEAVE = 4,
    parameter int WEIGHT_BUFFERS = 2,
    parameter int FEED_RULE = 2,  // nn::FeedRule: 2 same_tap, 3 channel_block
    parameter int CHANNELS = 128,
    parameter int POSITIONS = 1024,
    parameter int PIXEL_BITS = 10,
    parameter int TILE_BITS = 10,
    parameter int WEIGHT_WORDS = 16384,
    parameter int COLUMN_WORDS = 16384,
    parameter int ROW_WORDS = 4096,
    parameter int TILE_WORDS = 4096,
    parameter int STEP_WORDS = 2048,
    parameter int TAP_WORDS = 1024,
    parameter int RESULT_WORDS = 1024,
    parameter logic [63:0] DIGEST = 0  // Digest(ArrayConfig)
) (
    input  logic        clk,
    input  logic        reset_n,
    output logic        interrupt_request,
    // registers
    input  logic [11:0] s_axil_awaddr,
    input  logic        s_axil_awvalid,
    output logic        s_axil_awready,
    input  logic [31:0] s_axil_wdata,
    input  logic [3:0]  s_axil_wstrb,
    input  logic        s_axil_wvalid,
    output logic        s_axil_wready,
    output logic [1:0]  s_axil_bresp,
    output logic        s_axil_bvalid,
    input  logic        s_axil_bready,
    input  logic [11:0] s_axil_araddr,
    input  logic        s_axil_arvalid,
    output logic        s_axil_arready,
    output logic [31:0] s_axil_rdata,
    output logic [1:0]  s_axil_rresp,
    output logic        s_axil_rvalid,
    input  logic        s_axil_rready,
    // memory
    output logic [63:0] m_axi_awaddr,
    output logic [7:0]  m_axi_awlen,
    output logic [2:0]  m_axi_awsize,
    output logic [1:0]  m_axi_awburst,
    output logic        m_axi_awvalid,
    input  logic        m_axi_awready,
    output logic [63:0] m_axi_wdata,
    output logic [7:0]  m_axi_wstrb,
    output logic        m_axi_wlast,
    output logic        m_axi_wvalid,
    input  logic        m_axi_wready,
    input  logic [1:0]  m_axi_bresp,
    input  logic        m_axi_bvalid,
    output logic        m_axi_bready,
    output logic [63:0] m_axi_araddr,
    output logic [7:0]  m_axi_arlen,
    output logic [2:0]  m_axi_arsize,
    output logic [1:0]  m_axi_arburst,
    output logic        m_axi_arvalid,
    input  logic        m_axi_arready,
    input  logic [63:0] m_axi_rdata,
    input  logic [1:0]  m_axi_rresp,
    input  logic        m_axi_rlast,
    input  logic        m_axi_rvalid,
    output logic        m_axi_rready
);
  localparam int WEIGHT_BITS = COLUMNS * (8 + $clog2(ALPHA));
  localparam int COLUMN_BITS = 32 + 8 * ALPHA;
  localparam int TAP_BITS = 48 + CHANNELS;
  localparam int WIDER_BITS = WEIGHT_BITS > COLUMN_BITS ? WEIGHT_BITS : COLUMN_BITS;
  localparam int LOAD_BITS = WIDER_BITS > TAP_BITS ? WIDER_BITS : TAP_BITS;
  localparam logic [2:0] BYTES_8 = 3'd3;
  localparam logic [1:0] INCREMENTING = 2'd1;
  assign m_axi_awsize = BYTES_8;
  assign m_axi_arsize = BYTES_8;
  assign m_axi_awburst = INCREMENTING;
  assign m_axi_arburst = INCREMENTING;

  wire reset, submit, busy, ended, is_clear, is_loaded;
  wire [31:0] command, source_bytes, target_bytes, expected_crc, source_crc, target_crc;
  wire [63:0] source, target;
  wire [3:0] error;
  wire [9*32-1:0] cycles;
  registers #(
      .DIGEST(DIGEST), .CHANNELS(CHANNELS), .POSITIONS(POSITIONS), .PIXEL_BITS(PIXEL_BITS), .TILE_BITS(TILE_BITS),
      .WEIGHT_WORDS(WEIGHT_WORDS), .COLUMN_WORDS(COLUMN_WORDS), .ROW_WORDS(ROW_WORDS), .TILE_WORDS(TILE_WORDS),
      .STEP_WORDS(STEP_WORDS), .TAP_WORDS(TAP_WORDS), .RESULT_WORDS(RESULT_WORDS)
  ) u_registers (
      .clk, .reset_n, .reset, .s_axil_awaddr, .s_axil_awvalid, .s_axil_awready, .s_axil_wdata, .s_axil_wstrb,
      .s_axil_wvalid, .s_axil_wready, .s_axil_bresp, .s_axil_bvalid, .s_axil_bready, .s_axil_araddr, .s_axil_arvalid,
      .s_axil_arready, .s_axil_rdata, .s_axil_rresp, .s_axil_rvalid, .s_axil_rready, .interrupt(interrupt_request),
      .submit, .command, .source, .source_bytes, .target, .target_bytes, .expected_crc, .busy, .ended, .error,
      .is_clear, .is_loaded, .source_crc, .target_crc, .cycles
  );

  wire core_stop, core_reset, core_clear, core_clearing, core_start, core_busy, wants_input;
  wire [24:0] input_words, output_words;
  wire load_bad, load_in_section, begins, read_start, read_busy, read_failed, write_start, write_busy, write_failed;
  wire bus_stop, loading, running;
  command_unit u_commands (
      .clk, .reset, .submit, .command, .source_bytes, .target_bytes, .expected_crc, .busy, .ended, .error, .is_clear,
      .is_loaded, .core_stop, .core_in_reset(core_reset), .core_clear, .core_clearing, .core_start, .core_busy,
      .core_wants_input(wants_input), .input_words, .output_words, .load_bad, .load_in_section, .source_crc, .begins,
      .read_start, .read_busy, .read_failed, .write_start, .write_busy, .write_failed, .bus_stop, .loading, .running
  );
  reset_hold #(.CYCLES(ROWS + COLUMNS + 32)) u_hold (.clk, .request(core_stop), .hold(core_reset));

  // The bus.
  wire read_valid, output_valid, output_taken;
  wire [63:0] read_word, output_word;
  axi_reader u_reader (
      .clk, .reset(~reset_n), .start(read_start), .source({source[63:3], 3'd0}), .words(source_bytes[31:3]),
      .stop(bus_stop), .busy(read_busy), .failed(read_failed), .valid(read_valid), .word(read_word),
      .m_axi_araddr, .m_axi_arlen, .m_axi_arvalid, .m_axi_arready, .m_axi_rdata, .m_axi_rresp, .m_axi_rlast,
      .m_axi_rvalid, .m_axi_rready
  );
  axi_writer u_writer (
      .clk, .reset(~reset_n), .start(write_start), .target({target[63:3], 3'd0}), .words(target_bytes[31:3]),
      .stop(bus_stop), .busy(write_busy), .failed(write_failed), .valid(output_valid), .word(output_word),
      .taken(output_taken), .m_axi_awaddr, .m_axi_awlen, .m_axi_awvalid, .m_axi_awready, .m_axi_wdata, .m_axi_wstrb,
      .m_axi_wlast, .m_axi_wvalid, .m_axi_wready, .m_axi_bresp, .m_axi_bvalid, .m_axi_bready
  );
  crc32 u_source_crc (.clk, .clear(begins | reset), .enable(read_valid), .word(read_word), .crc(source_crc));
  crc32 u_target_crc (.clk, .clear(begins | reset), .enable(output_taken), .word(output_word), .crc(target_crc));

  // Programs.
  wire load;
  wire [2:0] load_memory;
  wire [15:0] load_address;
  wire [LOAD_BITS-1:0] load_word;
  load_parser #(
      .WEIGHT_WORDS(WEIGHT_WORDS), .COLUMN_WORDS(COLUMN_WORDS), .ROW_WORDS(ROW_WORDS), .TILE_WORDS(TILE_WORDS),
      .STEP_WORDS(STEP_WORDS), .TAP_WORDS(TAP_WORDS), .WEIGHT_BITS(WEIGHT_BITS), .COLUMN_BITS(COLUMN_BITS),
      .TAP_BITS(TAP_BITS), .LOAD_BITS(LOAD_BITS)
  ) u_parser (
      .clk, .start(begins), .valid(loading & read_valid), .word(read_word), .load, .load_memory, .load_address,
      .load_word, .bad(load_bad), .in_section(load_in_section)
  );

  machine_core #(
      .ROWS(ROWS), .COLUMNS(COLUMNS), .ALPHA(ALPHA), .INTERLEAVE(INTERLEAVE), .WEIGHT_BUFFERS(WEIGHT_BUFFERS),
      .FEED_RULE(FEED_RULE), .CHANNELS(CHANNELS), .POSITIONS(POSITIONS), .PIXEL_BITS(PIXEL_BITS), .TILE_BITS(TILE_BITS),
      .WEIGHT_WORDS(WEIGHT_WORDS), .COLUMN_WORDS(COLUMN_WORDS), .ROW_WORDS(ROW_WORDS), .TILE_WORDS(TILE_WORDS),
      .STEP_WORDS(STEP_WORDS), .TAP_WORDS(TAP_WORDS), .RESULT_WORDS(RESULT_WORDS)
  ) u_core (
      .clk, .reset(core_reset), .clear(core_clear), .clearing(core_clearing), .load, .load_memory, .load_address,
      .load_word, .start(core_start), .busy(core_busy), .wants_input, .input_words, .output_words,
      .input_valid(running & read_valid), .input_word(read_word), .output_valid, .output_word, .output_taken, .cycles
  );
endmodule
