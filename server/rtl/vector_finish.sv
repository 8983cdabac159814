// SPDX-License-Identifier: Apache-2.0
// Makes an output word of what the taps of a position left. A move's or maximum's bytes go through
// all at once; averages and additions go through bank by bank, with 8 dividers and adders. Machine
// manual, section 4.
module vector_finish #(
    parameter int CHANNELS = 128,
    parameter int BANKS = CHANNELS / 8
) (
    input  logic                   clk,
    input  logic                   reset,
    input  logic                   start,       // of the step: lanes are noted
    input  logic                   done,        // a position's taps: `kept` and `second` stay
    output logic                   ready,       // `word` is there, in this cycle
    input  logic [CHANNELS*16-1:0] kept,
    input  logic [CHANNELS*8-1:0]  second,
    // the step
    input  logic                   is_average,
    input  logic                   is_add,
    input  logic [7:0]             zero_point,
    input  logic [7:0]             rotation,
    input  logic [7:0]             first_bank,
    input  logic [7:0]             data_first,
    input  logic [7:0]             data_last,
    input  logic [7:0]             write_first,
    input  logic [7:0]             write_last,
    input  logic [7:0]             output_zero_point,
    input  logic signed [8:0]      low,
    input  logic signed [8:0]      high,
    input  logic [7:0]             second_zero_point,
    input  logic [7:0]             second_bank,
    input  logic [4:0]             first_left,
    input  logic [4:0]             second_left,
    input  logic [4:0]             right,
    input  logic [8:0]             count,
    output logic [CHANNELS-1:0]    write,
    output logic [CHANNELS*8-1:0]  word
);
  localparam int BANK_BITS = BANKS == 1 ? 1 : $clog2(BANKS);
  localparam logic [5:0] DIVIDES = 33;
  localparam logic [1:0] IDLE = 0, LOAD = 1, WORK = 2, STORE = 3;

  logic [CHANNELS-1:0] has_data;
  logic [1:0] state;
  logic [5:0] steps_left;
  logic [BANK_BITS-1:0] bank;  // of the output
  wire by_bank = is_average | is_add;
  wire last_bank = bank == data_last[3+:BANK_BITS];

  always_ff @(posedge clk) begin
    if (start) begin
      for (int l = 0; l < CHANNELS; l++) begin
        has_data[l] <= (8'(l) >= data_first) & (8'(l) <= data_last);
        write[l] <= (8'(l) >= write_first) & (8'(l) <= write_last);
      end
    end
    ready <= ~reset & (by_bank ? (state == STORE) & last_bank : done);

    if (reset) state <= IDLE;
    else begin
      case (state)
        IDLE: if (done & by_bank) state <= LOAD;
        LOAD: state <= WORK;
        WORK: if (steps_left == 6'd1) state <= STORE;
        STORE: state <= last_bank ? IDLE : LOAD;
        default: state <= IDLE;
      endcase
    end
    if (done) bank <= data_first[3+:BANK_BITS];
    else if (state == STORE) bank <= bank + 1'b1;
    if (state == LOAD) steps_left <= is_average ? DIVIDES : 6'd1;
    else if (state == WORK) steps_left <= steps_left - 1'b1;
  end

  // The bank that is being finished.
  wire [BANK_BITS-1:0] from = bank - rotation[BANK_BITS-1:0];
  wire [BANK_BITS-1:0] second_from = from - first_bank[BANK_BITS-1:0] + second_bank[BANK_BITS-1:0];
  wire [8*16-1:0] sums = kept[128*from+:128];
  wire [63:0] first_bytes;
  wire [8*33-1:0] quotients;
  wire [8*34-1:0] rounded;
  generate
    for (genvar i = 0; i < 8; i++) begin : g_byte
      assign first_bytes[i*8+:8] = sums[i*16+:8];
    end
  endgenerate
  bank_divider u_divider (
      .clk, .load((state == LOAD) & is_average), .step((state == WORK) & is_average), .sums, .left(first_left), .count,
      .quotients
  );
  bank_adder u_adder (
      .clk, .load((state == LOAD) & is_add), .step((state == WORK) & is_add), .first(first_bytes),
      .first_zero_point(zero_point), .first_left, .second(second[64*second_from+:64]), .second_zero_point, .second_left,
      .right, .rounded
  );

  function automatic logic [7:0] limited(input logic signed [34:0] value);
    limited = (value < 35'(low) ? low[7:0] : value > 35'(high) ? high[7:0] : value[7:0]) + output_zero_point;
  endfunction

  wire signed [34:0] zero = $signed(35'(zero_point) << first_left);
  generate
    for (genvar l = 0; l < CHANNELS; l++) begin : g_lane
      logic [7:0] lane;
      wire [BANK_BITS-1:0] source = BANK_BITS'(l / 8) - rotation[BANK_BITS-1:0];
      wire signed [34:0] quotient = $signed({2'b00, quotients[(l%8)*33+:33]}) - zero;
      wire signed [34:0] sum = 35'($signed(rounded[(l%8)*34+:34]));
      always_ff @(posedge clk) begin
        if (done) begin
          lane <= has_data[l] & ~by_bank ?
                  limited($signed(35'(kept[128*source+(l%8)*16+:8]) - 35'(zero_point))) : output_zero_point;
        end else if ((state == STORE) & (bank == BANK_BITS'(l / 8)) & has_data[l]) begin
          lane <= limited(is_average ? quotient : sum);
        end
      end
      assign word[l*8+:8] = lane;
    end
  endgenerate
endmodule
