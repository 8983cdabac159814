// SPDX-License-Identifier: Apache-2.0
// The host's serial port, SPI mode 0, words of 16 bits, highest bit first: a command, an address, then data
// words from or to this and the following addresses. Compact manual, section 8, which says how
// fast the serial clock may be: it is sampled.
module compact_port (
    input  logic        clk,
    input  logic        reset,
    input  logic        serial_clock,
    input  logic        serial_select_n,
    input  logic        serial_in,
    output logic        serial_out,
    input  logic        halted,
    output logic        start,
    output logic        set_address,   // to `word`
    output logic        next_address,
    output logic        write,         // `word`, to the address
    output logic        to_program,
    output logic        bank,          // else
    output logic [15:0] word,
    input  logic [15:0] read_word      // what the address had five cycles before
);
  logic [2:0] clocks;
  logic [1:0] selects, inputs;
  logic [3:0] count;
  logic has_command, has_address, is_start, is_write, done, fetched;
  logic [5:0] fetches;

  wire selected = ~selects[1];
  wire rises = clocks[1] & ~clocks[2];

  always_ff @(posedge clk) begin
    clocks <= {clocks[1:0], serial_clock};
    selects <= {selects[0], serial_select_n};
    inputs <= {inputs[0], serial_in};

    if (~selected) count <= 4'd0;
    else if (rises) count <= count + 4'd1;
    done <= selected & rises & (&count);

    if (fetched) word <= read_word;
    else if (rises) word <= {word[14:0], inputs[1]};

    if (~selected) {has_address, has_command} <= 2'b00;
    else if (done) {has_address, has_command} <= {has_command, 1'b1};
    if (done & ~has_command) {is_start, bank, to_program, is_write} <= word[3:0];

    // Reading goes one word ahead.
    fetches <= {fetches[4:0], done & has_command & ~is_write & ~is_start};
    fetched <= fetches[5] & ~reset;

    // A busy machine does not listen.
    start <= done & halted & has_command & ~has_address & is_start;
    set_address <= done & halted & has_command & ~has_address;
    write <= done & halted & has_address & is_write;
    next_address <= halted & ((done & has_address & is_write) | fetches[5]);
  end

  assign serial_out = word[15];
endmodule
