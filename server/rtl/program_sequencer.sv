// SPDX-License-Identifier: Apache-2.0
// Runs a program: reads the header, waits for the input, reads and runs step after step, waits for
// the results to be taken. Machine manual, sections 2 and 5.
module program_sequencer #(
    parameter int STEP_WORDS = 2048,
    parameter int TILE_BITS = 10,
    parameter int STEP_BITS = $clog2(STEP_WORDS)
) (
    input  logic                 clk,
    input  logic                 reset,
    input  logic                 start,         // of a run
    output logic                 busy,
    // the steps memory
    output logic                 read,
    output logic [STEP_BITS-1:0] read_address,
    input  logic [31:0]          read_word,
    // the run
    output logic                 reads_header,  // word `word_index` of the header is on read_word
    output logic [3:0]           word_index,
    output logic                 wants_input,
    input  logic                 input_done,
    output logic                 gives_output,
    input  logic                 output_done,
    output logic                 runs_matrix,   // the array runs the step, in this cycle
    output logic                 matrix_done,   // the cycle after
    output logic                 runs_vector,
    // the step; its words stay until the next one's are read
    output logic [16*32-1:0]     step,
    output logic                 geometry,      // words 0 to 3 are there, since the cycle before
    output logic                 prepare,       // all words are there: memories begin the step
    output logic                 table_write,
    output logic [TILE_BITS-1:0] table_tile,
    output logic                 matrix_start,
    input  logic                 matrix_busy,
    output logic                 vector_start,
    input  logic                 vector_busy
);
  localparam logic [3:0] IDLE = 0, HEADER = 1, INPUT = 2, READ = 3, TABLE = 4, BEGIN = 5, MATRIX = 6, VECTOR = 7,
                         OUTPUT = 8;

  logic [3:0] state;
  logic [4:0] index;        // of the word that is being read
  logic [15:0] block;       // of 16 words: the header is block 0
  logic [15:0] steps;
  wire fetching = (state == HEADER) | (state == READ);
  wire fetched = fetching & index[4];
  wire is_matrix = step[3:0] == 4'd0;
  wire last_entry = table_tile == step[6*32+:TILE_BITS];
  wire step_done = matrix_done | ((state == VECTOR) & ~vector_busy);

  assign busy = state != IDLE;
  assign read = fetching & ~index[4];
  assign read_address = STEP_BITS'({block, index[3:0]});
  assign word_index = index[3:0] - 1'b1;
  assign reads_header = (state == HEADER) & (index != '0);
  assign wants_input = state == INPUT;
  assign gives_output = state == OUTPUT;
  assign runs_matrix = (state == MATRIX) & matrix_busy;
  assign matrix_done = (state == MATRIX) & ~matrix_busy;
  assign runs_vector = (state == VECTOR) & vector_busy;
  assign geometry = (state == READ) & (index == 5'd5);
  assign table_write = state == TABLE;
  assign matrix_start = (state == BEGIN) & is_matrix;
  assign vector_start = (state == BEGIN) & ~is_matrix;

  // A cycle after the last word was read.
  assign prepare = (state == READ) & fetched;

  generate
    for (genvar w = 0; w < 16; w++) begin : g_word
      logic [31:0] bits;
      always_ff @(posedge clk) if ((state == READ) & (index == 5'(w + 1))) bits <= read_word;
      assign step[w*32+:32] = bits;
    end
  endgenerate

  always_ff @(posedge clk) begin
    if (reads_header & (word_index == '0)) steps <= read_word[15:0];
    index <= fetching & ~index[4] ? index + 1'b1 : '0;
    table_tile <= table_write ? table_tile + 1'b1 : '0;
    if (state == IDLE) block <= '0;
    else if (fetched) block <= block + 1'b1;

    if (reset) state <= IDLE;
    else begin
      case (state)
        IDLE: if (start) state <= HEADER;
        HEADER: if (fetched) state <= INPUT;
        INPUT: if (input_done) state <= READ;
        READ: if (fetched) state <= is_matrix ? TABLE : BEGIN;
        TABLE: if (last_entry) state <= BEGIN;
        BEGIN: state <= is_matrix ? MATRIX : VECTOR;
        MATRIX, VECTOR: if (step_done) state <= block > steps ? OUTPUT : READ;
        OUTPUT: if (output_done) state <= IDLE;
        default: state <= IDLE;
      endcase
    end
  end
endmodule
