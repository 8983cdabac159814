// SPDX-License-Identifier: Apache-2.0
// The host's registers, by AXI4-Lite. Writes are of all 32 bits; others do nothing. Machine manual,
// section 6.
module registers #(
    parameter logic [63:0] DIGEST = 0,
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
    parameter int RESULT_WORDS = 1024
) (
    input  logic            clk,
    input  logic            reset_n,
    output logic            reset,          // by the host, or reset_n
    // AXI4-Lite
    input  logic [11:0]     s_axil_awaddr,
    input  logic            s_axil_awvalid,
    output logic            s_axil_awready,
    input  logic [31:0]     s_axil_wdata,
    input  logic [3:0]      s_axil_wstrb,
    input  logic            s_axil_wvalid,
    output logic            s_axil_wready,
    output logic [1:0]      s_axil_bresp,
    output logic            s_axil_bvalid,
    input  logic            s_axil_bready,
    input  logic [11:0]     s_axil_araddr,
    input  logic            s_axil_arvalid,
    output logic            s_axil_arready,
    output logic [31:0]     s_axil_rdata,
    output logic [1:0]      s_axil_rresp,
    output logic            s_axil_rvalid,
    input  logic            s_axil_rready,
    output logic            interrupt,
    // commands
    output logic            submit,
    output logic [31:0]     command,
    output logic [63:0]     source,
    output logic [31:0]     source_bytes,
    output logic [63:0]     target,
    output logic [31:0]     target_bytes,
    output logic [31:0]     expected_crc,
    input  logic            busy,
    input  logic            ended,
    input  logic [3:0]      error,
    input  logic            is_clear,
    input  logic            is_loaded,
    input  logic [31:0]     source_crc,
    input  logic [31:0]     target_crc,
    input  logic [9*32-1:0] cycles
);
  logic [31:0] completion, ended_error;
  logic interrupt_enable, interrupt_pending;
  logic [41:0] clock;
  assign interrupt = interrupt_enable & interrupt_pending;

  // Writes take address and data together.
  wire writes = s_axil_awvalid & s_axil_wvalid & ~s_axil_bvalid;
  wire write = writes & (s_axil_wstrb == 4'hf);
  wire [9:0] write_index = s_axil_awaddr[11:2];
  assign s_axil_awready = writes;
  assign s_axil_wready = writes;
  assign s_axil_bresp = 2'd0;
  assign s_axil_rresp = 2'd0;
  assign s_axil_arready = ~s_axil_rvalid;
  wire reset_wanted = write & (write_index == 10'h000) & s_axil_wdata[0];
  assign reset = ~reset_n | reset_wanted;
  assign submit = write & (write_index == 10'h01c) & (s_axil_wdata == completion + 1) & ~busy;

  always_ff @(posedge clk) begin
    s_axil_bvalid <= reset_n & (writes | (s_axil_bvalid & ~s_axil_bready));
    clock <= reset_n ? clock + 1'b1 : '0;
    if (reset) begin
      command <= '0;
      source <= '0;
      source_bytes <= '0;
      target <= '0;
      target_bytes <= '0;
      expected_crc <= '0;
      completion <= '0;
      ended_error <= '0;
      interrupt_enable <= 1'b0;
      interrupt_pending <= 1'b0;
    end else begin
      if (write) begin
        case (write_index)
          10'h014: command <= s_axil_wdata;
          10'h015: source[31:0] <= s_axil_wdata;
          10'h016: source[63:32] <= s_axil_wdata;
          10'h017: source_bytes <= s_axil_wdata;
          10'h018: target[31:0] <= s_axil_wdata;
          10'h019: target[63:32] <= s_axil_wdata;
          10'h01a: target_bytes <= s_axil_wdata;
          10'h01b: expected_crc <= s_axil_wdata;
          10'h020: interrupt_enable <= s_axil_wdata[0];
          10'h021: if (s_axil_wdata[0]) interrupt_pending <= 1'b0;
          default: ;
        endcase
      end
      if (ended) begin
        completion <= completion + 1;
        ended_error <= {28'd0, error};
        interrupt_pending <= 1'b1;
      end
    end
  end

  wire [9:0] read_index = s_axil_araddr[11:2];
  always_ff @(posedge clk) begin
    s_axil_rvalid <= reset_n & ((s_axil_arvalid & s_axil_arready) | (s_axil_rvalid & ~s_axil_rready));
    if (s_axil_arvalid & s_axil_arready) begin
      s_axil_rdata <= '0;
      case (read_index)
        10'h004: s_axil_rdata <= 32'h4e4c4f43;
        10'h005: s_axil_rdata <= 32'h00010000;
        10'h006: s_axil_rdata <= DIGEST[31:0];
        10'h007: s_axil_rdata <= DIGEST[63:32];
        10'h008: s_axil_rdata <= CHANNELS;
        10'h009: s_axil_rdata <= POSITIONS;
        10'h00a: s_axil_rdata <= WEIGHT_WORDS;
        10'h00b: s_axil_rdata <= COLUMN_WORDS;
        10'h00c: s_axil_rdata <= ROW_WORDS;
        10'h00d: s_axil_rdata <= TILE_WORDS;
        10'h00e: s_axil_rdata <= STEP_WORDS;
        10'h00f: s_axil_rdata <= TAP_WORDS;
        10'h010: s_axil_rdata <= RESULT_WORDS;
        10'h011: s_axil_rdata <= 2 ** PIXEL_BITS;
        10'h012: s_axil_rdata <= 2 ** TILE_BITS;
        10'h014: s_axil_rdata <= command;
        10'h015: s_axil_rdata <= source[31:0];
        10'h016: s_axil_rdata <= source[63:32];
        10'h017: s_axil_rdata <= source_bytes;
        10'h018: s_axil_rdata <= target[31:0];
        10'h019: s_axil_rdata <= target[63:32];
        10'h01a: s_axil_rdata <= target_bytes;
        10'h01b: s_axil_rdata <= expected_crc;
        10'h01d: s_axil_rdata <= completion;
        10'h01e: s_axil_rdata <= ended_error;
        10'h01f: s_axil_rdata <= {29'd0, is_loaded, is_clear, busy};
        10'h020: s_axil_rdata <= {31'd0, interrupt_enable};
        10'h021: s_axil_rdata <= {31'd0, interrupt_pending};
        10'h022: s_axil_rdata <= source_crc;
        10'h023: s_axil_rdata <= target_crc;
        10'h024: s_axil_rdata <= cycles[0*32+:32];
        10'h025: s_axil_rdata <= cycles[1*32+:32];
        10'h026: s_axil_rdata <= cycles[2*32+:32];
        10'h027: s_axil_rdata <= cycles[3*32+:32];
        10'h028: s_axil_rdata <= cycles[4*32+:32];
        10'h029: s_axil_rdata <= cycles[5*32+:32];
        10'h02a: s_axil_rdata <= cycles[6*32+:32];
        10'h02b: s_axil_rdata <= cycles[7*32+:32];
        10'h02c: s_axil_rdata <= cycles[8*32+:32];
        10'h02d: s_axil_rdata <= clock[41:10];
        default: ;
      endcase
    end
  end
endmodule
