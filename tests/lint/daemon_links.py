# SPDX-License-Identifier: Apache-2.0
"""Checks that the daemon links neither LibTorch nor ONNX:
tests/lint/daemon_links.py PROGRAM LINKED

PROGRAM is the built daemon: neither the libraries it loads (all of them, as the loader
finds them) nor its own code may be of the two. LINKED is a file with the names of
everything the build links into it, one a line.
"""

import pathlib
import re
import subprocess
import sys

LIBRARIES = re.compile(r"lib(torch|c10|onnx|caffe2)", re.IGNORECASE)
# Demangled names; those of the project's own folders too, which the daemon has no use for.
SYMBOLS = re.compile(r"^(?:[\w -]+ (?:for|to) )?((colonnade::(onnx|training|pipeline))|onnx|torch|at|c10)::")
TARGETS = re.compile(r"torch|onnx|c10|colonnade_(training|pipeline)", re.IGNORECASE)
# What is surely there: without it the lists are not what they should be.
KNOWN_SYMBOL = "colonnade::rpc::"
KNOWN_TARGET = "colonnade_rpc"


def output(*command):
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def library_findings(listing):
    """`listing` as ldd prints it."""
    names = re.findall(r"^\s*(\S+) (?:=>|\()", listing, re.MULTILINE)
    if not any(name.startswith("libstdc++") for name in names):
        return ["the list of loaded libraries is not complete"]
    return [f"loads {name}" for name in names if LIBRARIES.match(name)]


def symbol_findings(listing):
    """`listing` as nm --demangle --format=just-symbols prints it."""
    if KNOWN_SYMBOL not in listing:
        return [f"no {KNOWN_SYMBOL} among its symbols; is it stripped?"]
    found = sorted(line for line in listing.splitlines() if SYMBOLS.match(line))
    return [f"contains {len(found)} symbols such as {found[0]}"] if found else []


def target_findings(listing):
    names = listing.split()
    if KNOWN_TARGET not in names:
        return [f"no {KNOWN_TARGET} in the list of what is linked"]
    return [f"is linked with {name}" for name in names if TARGETS.search(name)]


def check(program, linked):
    if not pathlib.Path(program).is_file():
        return ["is not built"]
    return [*library_findings(output("ldd", program)),
            *symbol_findings(output("nm", "--demangle", "--format=just-symbols", program)),
            *target_findings(pathlib.Path(linked).read_text())]


def main(program, linked):
    findings = check(program, linked)
    for finding in findings:
        print(f"{program}: {finding}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
