// SPDX-License-Identifier: Apache-2.0
// Carries out the host's commands: clear, load, run. Machine manual, section 6.
module command_unit (
    input  logic        clk,
    input  logic        reset,            // by the host or at power-on
    // commands
    input  logic        submit,           // while not busy
    input  logic [31:0] command,
    input  logic [31:0] source_bytes,
    input  logic [31:0] target_bytes,
    input  logic [31:0] expected_crc,
    output logic        busy,
    output logic        ended,            // with `error`
    output logic [3:0]  error,
    output logic        is_clear,
    output logic        is_loaded,
    // the core
    output logic        core_stop,        // to be reset
    input  logic        core_in_reset,
    output logic        core_clear,
    input  logic        core_clearing,
    output logic        core_start,
    input  logic        core_busy,
    input  logic        core_wants_input,
    input  logic [24:0] input_words,
    input  logic [24:0] output_words,
    // the parser
    input  logic        load_bad,
    input  logic        load_in_section,
    input  logic [31:0] source_crc,
    // the bus
    output logic        begins,           // a command that may use it: checksums begin
    output logic        read_start,
    input  logic        read_busy,
    input  logic        read_failed,
    output logic        write_start,
    input  logic        write_busy,
    input  logic        write_failed,
    output logic        bus_stop,
    output logic        loading,          // words that are read are a program
    output logic        running           // words that are read are the input
);
  localparam logic [3:0] DRAIN = 0, IDLE = 1, BEGIN = 2, CLEAR = 3, LOAD = 4, CHECK = 5, HEADER = 6, STREAM = 7, END = 8;
  localparam logic [3:0] NONE = 0, UNKNOWN = 1, NOT_CLEAR = 2, BAD_SECTION = 3, BAD_CRC = 4, NOT_LOADED = 5, BAD_SIZE = 6,
                         BUS = 7;

  logic [3:0] state;
  logic started;  // in the state since a cycle before
  wire is_clear_command = command == 32'd1;
  wire is_load_command = command == 32'd2;
  wire is_run_command = command == 32'd3;
  wire load_size_good = (source_bytes[2:0] == '0) & (source_bytes != '0);
  wire run_size_good = (source_bytes == {4'd0, input_words, 3'd0}) & (target_bytes == {4'd0, output_words, 3'd0}) &
                       (input_words != '0) & (output_words != '0);
  wire bus_failed = read_failed | write_failed;
  wire bus_busy = read_busy | write_busy;

  assign busy = state != IDLE;
  assign ended = state == END;
  assign begins = state == BEGIN;
  assign core_clear = begins & is_clear_command;
  assign core_start = begins & is_run_command & is_loaded;
  wire load_begins = begins & is_load_command & is_clear & load_size_good;
  wire run_streams = (state == HEADER) & core_wants_input & run_size_good;
  assign read_start = load_begins | run_streams;
  assign write_start = run_streams;
  assign loading = state == LOAD;
  assign running = state == STREAM;
  // An error leaves the core waiting, and the other direction of the bus.
  wire run_fails = ((state == HEADER) & core_wants_input & ~run_size_good) | ((state == STREAM) & bus_failed & started);
  assign core_stop = reset | run_fails;
  assign bus_stop = reset | (state == DRAIN) | run_fails;

  always_ff @(posedge clk) begin
    started <= ~begins & ((state == STREAM) | (state == LOAD) | (state == CLEAR) | (state == CHECK));
    if (reset) begin
      state <= DRAIN;
      is_clear <= 1'b0;
      is_loaded <= 1'b0;
      error <= NONE;
    end else begin
      case (state)
        // After a reset or an error: until nothing is under way.
        DRAIN: if (~bus_busy & ~core_in_reset) state <= error == NONE ? IDLE : END;
        IDLE: if (submit) begin
          state <= BEGIN;
          error <= NONE;
        end
        BEGIN: begin
          state <= END;
          if (is_clear_command) begin
            state <= CLEAR;
            is_clear <= 1'b0;
            is_loaded <= 1'b0;
          end else if (is_load_command) begin
            if (~is_clear) error <= NOT_CLEAR;
            else if (~load_size_good) error <= BAD_SECTION;
            else begin
              state <= LOAD;
              is_clear <= 1'b0;
            end
          end else if (is_run_command) begin
            if (~is_loaded) error <= NOT_LOADED;
            else state <= HEADER;
          end else error <= UNKNOWN;
        end
        CLEAR: if (started & ~core_clearing) begin
          state <= END;
          is_clear <= 1'b1;
        end
        LOAD: if (started & ~read_busy) state <= CHECK;
        CHECK: begin
          state <= END;
          if (read_failed) error <= BUS;
          else if (source_crc != expected_crc) error <= BAD_CRC;
          else if (load_bad | load_in_section) error <= BAD_SECTION;
          else is_loaded <= 1'b1;
        end
        HEADER: if (core_wants_input) begin
          is_clear <= 1'b0;
          state <= run_size_good ? STREAM : DRAIN;
          if (~run_size_good) error <= BAD_SIZE;
        end
        STREAM: if (started) begin
          if (bus_failed) begin
            state <= DRAIN;
            error <= BUS;
          end else if (~core_busy & ~bus_busy) state <= END;
        end
        END: state <= IDLE;
        default: state <= DRAIN;
      endcase
    end
  end

endmodule
