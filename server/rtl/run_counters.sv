// SPDX-License-Identifier: Apache-2.0
// Cycles of a run by what they were spent on. Machine manual, section 5.
module run_counters (
    input  logic          clk,
    input  logic          start,          // of a run
    input  logic          busy,
    input  logic          runs_matrix,
    input  logic          matrix_done,    // in the cycle after a matrix step's last
    input  logic [5*32-1:0] matrix,       // its cycles: fill, stream, drain, weight_load, stall
    input  logic          runs_vector,
    input  logic          wants_input,
    input  logic          gives_output,
    output logic [9*32-1:0] cycles        // those, then vector, control, input, output
);
  wire controls = busy & ~(runs_matrix | runs_vector | wants_input | gives_output);
  wire [3:0] others = {gives_output, wants_input, controls, runs_vector};

  generate
    for (genvar i = 0; i < 9; i++) begin : g_counter
      logic [31:0] count;
      assign cycles[i*32+:32] = count;
      if (i < 5) begin : g_matrix
        always_ff @(posedge clk) begin
          if (start) count <= '0;
          else if (matrix_done) count <= count + matrix[i*32+:32];
        end
      end else begin : g_other
        always_ff @(posedge clk) begin
          if (start) count <= '0;
          else if (others[i-5]) count <= count + 1'b1;
        end
      end
    end
  endgenerate
endmodule
