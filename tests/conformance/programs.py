# SPDX-License-Identifier: Apache-2.0
"""The programs under test: a daemon with a state folder of its own, and the command line."""

import array
import gzip
import json
import pathlib
import re
import signal
import subprocess
import tempfile

FOLDER = pathlib.Path()  # of the programs
DIGITS = pathlib.Path()  # digits.csv.gz
MODEL = pathlib.Path(__file__).parents[2] / "deploy/models/digits.onnx"

HELD_OUT = 1297  # the first place that the dense network has not seen; deploy/models/README.md
MEAN, DEVIATION = 0.3053, 0.3761
# Enough for a network that still reads digits, in a second or two.
RECIPE = "training: {{rounds: 1, final_epochs: 2, threads: 1, seed: {seed}}}\n"


class Daemon:
    """colonnaded on a free port, until the end of the with block."""

    def __enter__(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="colonnade_conformance_")
        self.folder = pathlib.Path(self.scratch.name)
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                [FOLDER / "colonnaded", "--state", self.folder / "state", "--listen", "127.0.0.1:0"],
                stdout=subprocess.PIPE, stderr=log, text=True)
        announced = re.match(r"listening on (127\.0\.0\.1:\d+)$", self.process.stdout.readline())
        if not announced:
            log = (self.folder / "log").read_text()
            self.__exit__()
            raise RuntimeError(f"colonnaded does not serve:\n{log}")
        self.address = announced.group(1)
        return self

    def __exit__(self, *_):
        self.stop()
        self.process.stdout.close()
        self.scratch.cleanup()

    def stop(self):
        """As an operator would; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def run(self, *words):
        """What the command line prints, parsed."""
        words = [FOLDER / "colonnade", "--server", self.address, "--json", *words]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"colonnade {' '.join(map(str, words[4:]))}: {done.stderr}")
        return json.loads(done.stdout)

    def publish_digits(self, versions):
        """Packs the digits network; the artifact is called digits."""
        self.run("model", "push", MODEL, "--name", "digits")
        for seed in range(1, versions + 1):
            # The records are gone after each job.
            self.run("dataset", "push", DIGITS, "--format", "digits", "--limit", "179", "--source", "digits",
                     "--source-size", "1797", "--normalize", f"{MEAN}/{DEVIATION}", "--name", f"train{seed}")
            recipe = self.folder / "recipe.yaml"
            recipe.write_text(RECIPE.format(seed=seed))
            self.run("job", "submit", "--model", "digits", "--dataset", f"train{seed}", "--alpha", "4",
                     "--recipe", recipe, "--name", "digits", "--watch")


def held_out_digits(count):
    """(FP32 pixels as the network takes them, labels)."""
    with gzip.open(DIGITS, "rt") as file:
        lines = file.read().split()
    pixels, labels = array.array("f"), []
    for place in range(HELD_OUT, HELD_OUT + count):
        *values, label = (int(float(value)) for value in lines[place * 1009 % len(lines)].split(","))
        pixels.extend(((value * 255 + 8) // 16 / 255 - MEAN) / DEVIATION for value in values)
        labels.append(label)
    return pixels.tobytes(), labels
