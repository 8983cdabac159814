// SPDX-License-Identifier: Apache-2.0
// Reads what a run leaves: the last tensor bank by bank, or the results two by two, as words of 64
// bits. Machine manual, section 6.
module output_reader (
    input  logic        clk,
    input  logic        enable,
    input  logic        is_results,
    input  logic [16:0] results,
    // the last tensor
    output logic        bank_start,
    output logic        bank_read,
    output logic        bank_advance,
    input  logic        bank_last,
    input  logic [63:0] bank_word,
    // the results memory
    output logic        result_read,
    output logic [16:0] result_address,
    input  logic [31:0] result_word,
    // to the host
    output logic        valid,
    output logic [63:0] word,
    input  logic        taken,
    output logic        done  // the last word is taken, in this cycle
);
  logic [1:0] phase;  // 0: reads; 1, 2: takes what it read; 3: valid
  logic [16:0] index;
  logic running;
  wire has_second = index + 1'b1 < results;
  wire last = is_results ? index + 17'd2 >= results : bank_last;

  assign bank_start = enable & ~running;
  assign bank_read = running & (phase == 2'd0) & ~is_results;
  assign bank_advance = valid & taken;
  assign result_read = running & is_results & (phase <= 2'd1);
  assign result_address = index + 17'(phase);
  assign valid = running & (phase == 2'd3);
  assign done = valid & taken & last;

  always_ff @(posedge clk) begin
    running <= enable & ~done;
    if (~running) begin
      phase <= 2'd0;
      index <= '0;
    end else begin
      case (phase)
        2'd0: phase <= 2'd1;
        2'd1: phase <= is_results ? 2'd2 : 2'd3;
        2'd2: phase <= 2'd3;
        default: if (taken) phase <= 2'd0;
      endcase
      if (valid & taken) index <= index + 17'd2;
      if (phase == 2'd1) word <= is_results ? {32'd0, result_word} : bank_word;
      if (phase == 2'd2) word[63:32] <= has_second ? result_word : '0;
    end
  end
endmodule
