// SPDX-License-Identifier: Apache-2.0
// What must hold in every cycle of every test. Bound into the modules: what is synthesized has none
// of it, what is simulated is what is synthesized.

// Two requests of one cycle never go to the same bank.
module bank_checks #(
    parameter int GROUPS = 1
) (
    input logic                clk,
    input logic                reset,
    input logic [GROUPS-1:0]   valid,
    input logic [GROUPS*8-1:0] bytes
);
  always_ff @(posedge clk) begin
    if (!reset) begin
      for (int a = 0; a < GROUPS; a++) begin
        for (int b = 0; b < a; b++) begin
          assert (!(valid[a] && valid[b] && bytes[a*8+3+:5] == bytes[b*8+3+:5])) else $error("a bank is wanted twice");
        end
      end
    end
  end
endmodule

// Sweeps do not overlap: no row takes a word when another does, none enters a group that has one.
module sweep_checks #(
    parameter int GROUPS = 1
) (
    input logic              clk,
    input logic              reset,
    input logic [GROUPS-1:0] takes
);
  always_ff @(posedge clk) if (!reset) assert ($onehot0(takes)) else $error("two sweeps of a memory overlap");
endmodule

module chain_checks (
    input logic clk,
    input logic reset,
    input logic enter,
    input logic passing
);
  always_ff @(posedge clk) if (!reset) assert (!(enter && passing)) else $error("two events are in a group of rows");
endmodule

module group_checks #(
    parameter int ROWS = 8
) (
    input logic            clk,
    input logic            reset,
    input logic [ROWS-1:0] output_valid
);
  always_ff @(posedge clk) if (!reset) assert ($onehot0(output_valid)) else $error("two rows of a group write");
endmodule

module logit_checks #(
    parameter int ROWS = 16
) (
    input logic            clk,
    input logic            reset,
    input logic            is_logits,
    input logic [ROWS-1:0] output_valid
);
  always_ff @(posedge clk) begin
    if (!reset) assert (!is_logits || $onehot0(output_valid)) else $error("two rows write a logit");
  end
endmodule

// A word goes on to the next feed port when that has finished the word before.
module port_checks #(
    parameter int SLOT_BITS = 3
) (
    input logic                 clk,
    input logic                 reset,
    input logic                 passes,
    input logic                 active_out,
    input logic [SLOT_BITS-1:0] slot_out
);
  always_ff @(posedge clk) begin
    if (!reset) assert (!(passes && active_out && slot_out != '1)) else $error("a feed port's words overlap");
  end
endmodule

// One user of the activation memory's ports at a time.
module user_checks #(
    parameter int CHANNELS = 16,
    parameter int PORTS = 1,
    parameter int BANKS = CHANNELS / 8
) (
    input logic                clk,
    input logic                clear,
    input logic                host_write,
    input logic                vector_write,
    input logic [CHANNELS-1:0] row_write,
    input logic                bank_read,
    input logic                second_read,
    input logic [BANKS-1:0]    residual_read,
    input logic                vector_read,
    input logic [PORTS-1:0]    feed_read
);
  logic begun = 1'b0;  // a clear: before it registers hold anything
  always_ff @(posedge clk) begin
    begun <= begun || clear;
    if (begun) begin
      assert ($onehot0({clear, host_write, vector_write, |row_write})) else $error("two users write");
      assert ($onehot0({bank_read, second_read, |residual_read})) else $error("two users read at the edge");
      assert ($onehot0({vector_read, |feed_read})) else $error("two users read words");
    end
  end
endmodule

// The array is told about a step and started while it is idle.
module step_checks (
    input logic clk,
    input logic reset,
    input logic table_write,
    input logic matrix_start,
    input logic matrix_busy,
    input logic vector_start,
    input logic vector_busy
);
  always_ff @(posedge clk) begin
    if (!reset) begin
      assert (!(matrix_busy && (table_write || matrix_start || vector_start))) else $error("the array is busy");
      assert (!(vector_busy && (table_write || matrix_start || vector_start))) else $error("the vector unit is busy");
    end
  end
endmodule

bind left_rows bank_checks #(.GROUPS(GROUPS)) u_bank_checks (.clk, .reset, .valid(reads), .bytes);
bind left_rows sweep_checks #(.GROUPS(GROUPS)) u_sweep_checks (.clk, .reset, .takes);
bind right_rows bank_checks #(.GROUPS(GROUPS)) u_bank_checks (
    .clk, .reset(reset | is_logits), .valid(writes), .bytes
);
bind right_rows sweep_checks #(.GROUPS(GROUPS)) u_sweep_checks (.clk, .reset, .takes);
bind right_rows logit_checks #(.ROWS(ROWS)) u_logit_checks (.clk, .reset, .is_logits, .output_valid);
bind right_group group_checks #(.ROWS(ROWS)) u_group_checks (.clk, .reset, .output_valid);
bind row_chain chain_checks u_chain_checks (.clk, .reset, .enter, .passing);
bind feeder sweep_checks #(.GROUPS(PORTS)) u_sweep_checks (.clk, .reset, .takes);
bind feed_port port_checks #(.SLOT_BITS(SLOT_BITS)) u_port_checks (.clk, .reset, .passes, .active_out, .slot_out);
bind activation_ports user_checks #(.CHANNELS(CHANNELS), .PORTS(PORTS)) u_user_checks (
    .clk, .clear, .host_write, .vector_write, .row_write, .bank_read, .second_read, .residual_read, .vector_read,
    .feed_read
);
bind program_sequencer step_checks u_step_checks (
    .clk, .reset, .table_write, .matrix_start, .matrix_busy, .vector_start, .vector_busy
);
