# SPDX-License-Identifier: Apache-2.0
"""Plants bugs in copies of the machine core, one each (machine_mutations.py), and runs the core's tests
on them: every bug must make them fail, and the unchanged copy must pass.

    mutate_machine.py TEST --compiler CXX [--jobs N] [--include DIR...]

TEST is core_test.cc linked to a shared library of Verilated cores, librtl_core_devices.so, which is built
here for each copy and put before the one that it was linked to.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import machine_mutations

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
RTL = ROOT / "server" / "rtl"
NAMES = ("ROWS", "COLUMNS", "ALPHA", "INTERLEAVE", "WEIGHT_BUFFERS", "FEED_RULE", "CHANNELS")
# As in CMakeLists.txt and machine_shape.h.
POSITIONS = 64
DEPTHS = {"PIXEL_BITS": 6, "TILE_BITS": 5, "WEIGHT_WORDS": 512, "COLUMN_WORDS": 512, "ROW_WORDS": 128,
          "TILE_WORDS": 128, "STEP_WORDS": 256, "TAP_WORDS": 128, "RESULT_WORDS": 64}  # fmt: skip


def run(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")


class Builder:
    def __init__(self, chosen, folder):
        self.test = Path(chosen.test).resolve()
        self.folder = folder
        includes = [ROOT, *chosen.include]
        self.compiler = [chosen.compiler, "-std=c++20", "-O0", "-w", "-fPIC", *(f"-I{path}" for path in includes)]
        runtime = Path(next(path for path in chosen.include if (Path(path) / "verilated.cpp").exists()))
        self.runtime = []
        for name in ("verilated", "verilated_threads"):
            self.runtime.append(folder / f"{name}.o")
            run([*self.compiler, "-c", runtime / f"{name}.cpp", "-o", self.runtime[-1]])

    def library(self, sources, model, folder):
        """librtl_core_devices.so in `folder`: core_device.cc over one Verilated model of `sources`."""
        values = re.findall(r"\d+", model)
        parameters = dict(zip(NAMES, values)) | {"POSITIONS": POSITIONS} | DEPTHS
        run([
            "verilator", "--cc", "--assert", "--top", "machine_core", "--prefix", "Model", "--Mdir", folder / "model",
            "-Wno-fatal", "-Wno-lint", "-Wno-style", "--x-assign", "fast", "--x-initial", "unique",
            *(f"-G{name}={value}" for name, value in parameters.items()),
            sources / "waivers.vlt", *sorted(sources.glob("*.sv")), HERE / "checks.sv",
        ])  # fmt: skip
        (folder / "core_models.h").write_text(
            f'#include "Model.h"\n#define CORE_MODELS(MODEL) MODEL(Model, {", ".join(values)}, {POSITIONS})\n'
        )
        whole = folder / "devices.cc"
        parts = [HERE / "core_device.cc", *sorted((folder / "model").glob("*.cpp"))]
        whole.write_text("".join(f'#include "{part}"\n' for part in parts))
        run([*self.compiler, f"-I{folder}", f"-I{folder / 'model'}", "-shared", "-pthread", whole, *self.runtime,
             "-o", folder / "librtl_core_devices.so"])  # fmt: skip

    def outcome(self, sources, model, folder):
        """Exit code, and the first test that failed or the number of those that passed."""
        self.library(sources, model, folder)
        environment = os.environ | {"LD_LIBRARY_PATH": str(folder), "GTEST_FAIL_FAST": "1", "GTEST_OUTPUT": ""}
        try:
            done = subprocess.run(
                [self.test], env=environment, capture_output=True, text=True, check=False, timeout=300
            )
        except subprocess.TimeoutExpired:
            return 1, "300 seconds"
        failed = re.search(r"^\[  FAILED  \] (\S+?),? ", done.stdout, re.MULTILINE)
        passed = re.search(r"^\[  PASSED  \] (\d+) test", done.stdout, re.MULTILINE)
        checked = re.search(r"checks\.sv:\d+: (.*)", done.stdout)
        if failed:
            return done.returncode, failed.group(1)
        if done.returncode < 0:
            return done.returncode, checked.group(1) if checked else f"signal {-done.returncode}"
        return done.returncode, f"{passed.group(1) if passed else 0} tests passed"


def copy(folder, mutation=None):
    sources = folder / "rtl"
    sources.mkdir(parents=True)
    for file in RTL.iterdir():
        if file.is_file():
            shutil.copy(file, sources)
    if mutation:
        text = (sources / mutation.file).read_text()
        if text.count(mutation.old) != 1:
            raise RuntimeError(f"applies {text.count(mutation.old)} times to {mutation.file}")
        (sources / mutation.file).write_text(text.replace(mutation.old, mutation.new))
    return sources


def check_unchanged(builder, index, model):
    folder = builder.folder / f"unchanged{index}"
    code, result = builder.outcome(copy(folder), model, folder)
    return code == 0 and not result.startswith("0 "), f"unchanged, {model}: {result}"


def check_mutation(builder, index, mutation):
    folder = builder.folder / f"mutation{index}"
    label = f"{mutation.name} ({mutation.file}, {mutation.model})"
    try:
        code, result = builder.outcome(copy(folder, mutation), mutation.model, folder)
    except RuntimeError as error:
        return False, f"{label}: {error}"
    finally:
        shutil.rmtree(folder)
    return code != 0, f"{label}: {'found by' if code else 'NOT FOUND,'} {result}"


def arguments(text):
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("test")
    parser.add_argument("--compiler", default="c++")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--include", nargs="*", default=[])
    return parser.parse_args()


def main():
    chosen = arguments(__doc__)
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(chosen.jobs) as pool:
        builder = Builder(chosen, Path(folder))
        checks = [pool.submit(check_unchanged, builder, *item) for item in enumerate(machine_mutations.MODELS)]
        checks += [pool.submit(check_mutation, builder, *item) for item in enumerate(machine_mutations.MUTATIONS)]
        failures = 0
        for check in checks:
            good, text = check.result()
            failures += not good
            print("ok    " if good else "FAILED", text, flush=True)
    print(f"{len(machine_mutations.MUTATIONS)} bugs planted; {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
