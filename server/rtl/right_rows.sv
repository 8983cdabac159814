// SPDX-License-Identifier: Apache-2.0
// Where the outputs of all rows go: a chain of groups of 8 rows, the way of their bytes to the banks
// of the activation memory, and that of logits to the results. Machine manual, section 3.
module right_rows #(
    parameter int ROWS = 16,
    parameter int COLUMNS = 18,
    parameter int CHANNELS = 128,
    parameter int PIXEL_BITS = 10,
    parameter int ADDRESS_BITS = 10,
    parameter int RESULT_BITS = 10,
    parameter int GROUPS = (ROWS + 7) / 8,
    parameter int BANKS = CHANNELS / 8
) (
    input  logic                          clk,
    input  logic                          reset,
    input  logic                          start,         // of a step
    input  logic                          final_begins,  // the first bit of a row block's last tile is issued
    output logic                          take,
    input  logic [13:0]                   row_word,
    // the array
    output logic [ROWS*5-1:0]             shifts,
    input  logic [ROWS-1:0]               output_valid,
    input  logic [ROWS*PIXEL_BITS-1:0]    output_pixel,
    input  logic [ROWS*9-1:0]             quantized,
    input  logic [ROWS*32-1:0]            logits,
    // the step
    input  logic [15:0]                   base,
    input  logic [7:0]                    zero_point,
    input  logic                          is_logits,
    // one cycle after output_valid
    output logic [CHANNELS-1:0]           write,  // by byte
    output logic [BANKS*ADDRESS_BITS-1:0] address,
    output logic [CHANNELS*8-1:0]         word,
    output logic                          result_write,
    output logic [RESULT_BITS-1:0]        result_address,
    output logic [31:0]                   result
);
  // From issuing a bit to row 0's sum of it in the last column, whose 32nd bit is on its wire.
  localparam int DELAY = COLUMNS + 35;
  logic [DELAY-1:0] line;
  always_ff @(posedge clk) line <= reset ? '0 : {line[DELAY-2:0], final_begins};

  wire [GROUPS:0] enter;
  wire [GROUPS-1:0] takes, writes;
  wire [GROUPS*8-1:0] bytes, data;
  wire [GROUPS*16-1:0] addresses;
  assign enter[0] = line[DELAY-1];
  assign take = |takes;

  generate
    for (genvar g = 0; g < GROUPS; g++) begin : g_group
      localparam int FIRST = g * 8;
      localparam int SERVED = ROWS - FIRST < 8 ? ROWS - FIRST : 8;
      right_group #(.ROWS(SERVED), .PIXEL_BITS(PIXEL_BITS)) u_group (
          .clk, .reset, .enter(enter[g]), .leave(enter[g+1]), .take(takes[g]), .row_word,
          .shifts(shifts[FIRST*5+:SERVED*5]), .output_valid(output_valid[FIRST+:SERVED]),
          .output_pixel(output_pixel[FIRST*PIXEL_BITS+:PIXEL_BITS]), .quantized(quantized[FIRST*9+:SERVED*9]),
          .base, .zero_point, .write(writes[g]), .write_byte(bytes[g*8+:8]), .write_address(addresses[g*16+:16]),
          .write_data(data[g*8+:8])
      );
    end
  endgenerate

  always_comb begin
    write = '0;
    address = '0;
    word = '0;
    if (writes != '0 & ~is_logits) begin
      for (int b = 0; b < BANKS; b++) begin
        for (int g = 0; g < GROUPS; g++) begin
          if (writes[g] & (bytes[g*8+3+:5] == 5'(b))) begin
            write[b*8+:8] = write[b*8+:8] | (8'd1 << bytes[g*8+:3]);
            address[b*ADDRESS_BITS+:ADDRESS_BITS] =
                address[b*ADDRESS_BITS+:ADDRESS_BITS] | addresses[g*16+:ADDRESS_BITS];
            word[b*64+:64] = word[b*64+:64] | {8{data[g*8+:8]}};
          end
        end
      end
    end
  end

  // Logits: rows follow one another, so results do.
  logic [RESULT_BITS-1:0] next_result;
  logic logit_done;
  assign result_write = logit_done & (|writes);
  always_ff @(posedge clk) begin
    logit_done <= is_logits & (|output_valid);
    if (start) next_result <= '0;
    else if (is_logits & (|output_valid)) next_result <= next_result + 1'b1;
    if (is_logits & (|output_valid)) begin
      result_address <= next_result;
      for (int r = 0; r < ROWS; r++) if (output_valid[r]) result <= logits[r*32+:32];
    end
  end
endmodule
