# SPDX-License-Identifier: Apache-2.0
"""deploy/fpga/implement on small arrays: no register is lost, and the report adds up."""

import json
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

FLOW = Path(__file__).resolve().parent.parent.parent / "deploy" / "fpga" / "implement"


def implement(*arguments):
    return subprocess.run([FLOW, *arguments], capture_output=True, text=True, check=False)


def report(*arguments):
    done = implement(*arguments)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def registers(rows, columns, alpha, interleave, buffers):
    """Array manual, section 2, without what nothing reads: the highest row's lanes, phases at
    interleave 1 and the swap line with one buffer."""
    word = 8 + (alpha - 1).bit_length()
    cell = alpha + buffers * word + interleave * 15 + (interleave if interleave == 4 else 0)
    stage = 1 + (2 if interleave == 4 else 0) + (1 if buffers == 2 else 0)
    return rows * columns * cell - columns * alpha + (rows + columns - 1) * stage


class Flow(unittest.TestCase):
    def test_a_routed_array_has_every_register_of_the_manual(self):
        for name, shape in (("2x3a8-i1-w1", (2, 3, 8, 1, 1)), ("3x2a4", (3, 2, 4, 4, 2))):
            with self.subTest(name):
                result = report(name, "hx8k", "--seeds", "1")
                wrapper = result["wrapper"]["logic_cells"]
                self.assertEqual(result["synthesized"]["flip_flops"], registers(*shape) + wrapper)
                routed = result["routed"]
                self.assertEqual(routed["logic_cells_of_the_array"] + wrapper, routed["logic_cells"])
                self.assertGreater(result["frequency_mhz"], 0)

    def test_cells_stay_as_small_as_they_are(self):
        for name, limit in (("1x1a8-i1-w1", 45), ("1x1a8", 125)):
            with self.subTest(name):
                self.assertLessEqual(report(name, "up5k", "--seeds", "1")["cell"]["logic_cells"], limit)

    def test_the_compact_machine_fits_with_all_its_memories(self):
        result = report("compact", "up5k", "--seeds", "1")
        routed = result["routed"]
        self.assertLessEqual(routed["logic_cells"], 3_900)
        self.assertEqual(routed["utilization"]["ICESTORM_SPRAM"], 4)
        self.assertEqual(routed["utilization"]["ICESTORM_RAM"], 23)
        self.assertGreaterEqual(result["frequency_mhz"], 35)

    def test_the_compact_machine_is_refused_for_other_parts(self):
        done = implement("compact", "hx8k")
        self.assertEqual(done.returncode, 1)
        self.assertIn("only up5k has its memories", done.stderr)

    def test_parts_without_place_and_route_say_so(self):
        result = report("1x2a2-i1-w1", "xilinx")
        self.assertNotIn("frequency_mhz", result)
        self.assertIn("needs the vendor's tools", result["left_out"][0])

    def test_names_that_are_no_array_are_refused(self):
        done = implement("8by8", "hx8k")
        self.assertEqual(done.returncode, 1)
        self.assertIn("array '8by8': written ROWSxCOLUMNSaALPHA", done.stderr)


if __name__ == "__main__":
    missing = [name for name in ("yosys", "nextpnr-ice40") if not shutil.which(name)]
    if missing:
        print(f"skipped: {' and '.join(missing)} not installed")
        sys.exit(77)
    unittest.main(verbosity=2)
