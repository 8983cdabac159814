# SPDX-License-Identifier: Apache-2.0
"""Runs the core's tests on what synthesis made of the array: its rows and their control as LUTs and
registers of an iCE40, between the edges as they are written.

    netlist.py array TEST --compiler CXX [--include DIR...]        arguments as for mutate.py
"""

import shutil
import sys
import tempfile
from pathlib import Path

import mutate

SOURCES = ("mac.sv", "lane_mux.sv", "mx_row.sv", "systolic_array.sv")

CELLS = """
module SB_LUT4 #(parameter [15:0] LUT_INIT = 0) (input I0, input I1, input I2, input I3, output O);
  assign O = LUT_INIT[{I3, I2, I1, I0}];
endmodule
module SB_DFF (input C, input D, output reg Q);
  always @(posedge C) Q <= D;
endmodule
module SB_DFFE (input C, input E, input D, output reg Q);
  always @(posedge C) if (E) Q <= D;
endmodule
"""


def synthesize(sources, model):
    """Replaces the array in `sources` by its netlist."""
    text = (sources / "systolic_array.sv").read_text()
    values = mutate.parameters(mutate.CORES["array"], model)
    chosen = " ".join(f"-chparam {name} {value}" for name, value in values.items())
    netlist = sources / "systolic_netlist.sv"
    mutate.run([
        "yosys", "-q", "-p",
        f"read_verilog -sv {' '.join(str(sources / name) for name in SOURCES)}; "
        f"hierarchy -top systolic_array {chosen}; synth_ice40 -flatten -top systolic_array; "
        f"rename -top systolic_netlist; write_verilog -noattr -siminit {netlist}",
    ])  # fmt: skip
    netlist.write_text(netlist.read_text() + CELLS)
    header = text[: text.index(");", text.index("phase_at_last_column")) + 2]
    (sources / "systolic_array.sv").write_text(f"{header}\n  systolic_netlist u_netlist (.*);\nendmodule\n")
    for name in SOURCES[:3]:
        (sources / name).unlink()


def main():
    if not shutil.which("yosys"):
        print("skipped: yosys not installed")
        return 77
    arguments = mutate.arguments(__doc__)
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        core = mutate.CORES["array"]
        builder = mutate.Builder(core, arguments, Path(folder))
        for model in core.models:
            sources = mutate.copy(Path(folder) / model)
            synthesize(sources, model)
            code, result = builder.outcome(sources, model, Path(folder) / model)
            failures += code != 0 or result.startswith("0 ")
            print(f"{model}: {result}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
