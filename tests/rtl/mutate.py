# SPDX-License-Identifier: Apache-2.0
"""Plants bugs in copies of a core, one each, and runs the core's tests on them: every bug must make
them fail, and the unchanged copy must pass.

    mutate.py CORE TEST --compiler CXX [--jobs N] [--include DIR...]

CORE is `array` (mutations.py), `machine` (machine_mutations.py), `chain` (chain_mutations.py) or `compact`
(compact_mutations.py). TEST is the core's tests linked to a shared library of Verilated cores, which is built
here for each copy and put before the one that it was
linked to.
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

import chain_mutations
import compact_mutations
import machine_mutations
import mutations
from planting import HERE

CORES = {
    "array": mutations.CORE,
    "machine": machine_mutations.CORE,
    "chain": chain_mutations.CORE,
    "compact": compact_mutations.CORE,
}
ROOT = HERE.parent.parent
RTL = ROOT / "server" / "rtl"


class Builder:
    def __init__(self, core, arguments, folder):
        self.core = core
        self.test = Path(arguments.test).resolve()
        self.folder = folder
        includes = [ROOT, *arguments.include]
        self.compiler = [arguments.compiler, "-std=c++20", "-O0", "-w", "-fPIC", *(f"-I{path}" for path in includes)]
        runtime = Path(next(path for path in arguments.include if (Path(path) / "verilated.cpp").exists()))
        self.runtime = []
        for name in ("verilated", "verilated_threads"):
            self.runtime.append(folder / f"{name}.o")
            run([*self.compiler, "-c", runtime / f"{name}.cpp", "-o", self.runtime[-1]])

    def library(self, sources, model, folder):
        """The core's library in `folder`, over one Verilated model of `sources`."""
        core = self.core
        values = parameters(core, model)
        run([
            "verilator", "--cc", "--assert", "--top", core.top, "--prefix", "Model", "--Mdir", folder / "model",
            "-Wno-fatal", "-Wno-lint", "-Wno-style", "--x-assign", "fast", "--x-initial", "unique", "-y", sources,
            *(f"-G{name}={value}" for name, value in (values | core.constants).items()),
            sources / "waivers.vlt", sources / f"{core.top}.sv", *([core.checks] if core.checks else []),
        ])  # fmt: skip
        listed = [*values.values(), *(str(core.constants[name]) for name in core.macro_constants)]
        (folder / core.header).write_text(
            f'#include "Model.h"\n#define {core.macro}(MODEL) MODEL(Model, {", ".join(listed)})\n'
        )
        whole = folder / "devices.cc"
        parts = [core.devices, *sorted((folder / "model").glob("*.cpp"))]
        whole.write_text("".join(f'#include "{part}"\n' for part in parts))
        run([*self.compiler, f"-I{folder}", f"-I{folder / 'model'}", "-shared", "-pthread", whole, *self.runtime,
             "-o", folder / core.library])  # fmt: skip

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


def parameters(core, model):
    return dict(zip(core.parameters, re.findall(r"\d+", model)))


def run(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")


def copy(folder, mutation=None):
    sources = folder / "rtl"
    sources.mkdir(parents=True)
    for file in (*RTL.iterdir(), *(RTL / "compact").iterdir()):
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
    model = mutation.model or builder.core.models[0]
    label = f"{mutation.name} ({mutation.file}, {model})"
    try:
        code, result = builder.outcome(copy(folder, mutation), model, folder)
    except RuntimeError as error:
        return False, f"{label}: {error}"
    finally:
        shutil.rmtree(folder)
    return code != 0, f"{label}: {'found by' if code else 'NOT FOUND,'} {result}"


def arguments(text):
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("core", choices=CORES)
    parser.add_argument("test")
    parser.add_argument("--compiler", default="c++")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--include", nargs="*", default=[])
    return parser.parse_args()


def main():
    chosen = arguments(__doc__)
    core = CORES[chosen.core]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(chosen.jobs) as pool:
        builder = Builder(core, chosen, Path(folder))
        checks = [pool.submit(check_unchanged, builder, *item) for item in enumerate(core.models)]
        checks += [pool.submit(check_mutation, builder, *item) for item in enumerate(core.mutations)]
        failures = 0
        for check in checks:
            good, text = check.result()
            failures += not good
            print("ok    " if good else "FAILED", text, flush=True)
    print(f"{len(core.mutations)} bugs planted; {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
