# SPDX-License-Identifier: Apache-2.0
"""Which files make up the repository, and how a check reports."""

import os
import pathlib
import shutil
import subprocess
import sys

CPP = (".h", ".cc")


def files(root):
    """Paths of all files below `root`, relative to it and sorted: what git tracks or
    would add, or without git everything but build folders."""
    listed = ""
    if shutil.which("git"):
        listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                capture_output=True, check=False).stdout.decode()
    if listed:
        names = listed.rstrip("\0").split("\0")
    else:
        names = [os.path.relpath(os.path.join(folder, name), root)
                 for folder, _, found in os.walk(root) for name in found]
        names = [name for name in names if name.split("/")[0] not in (".git", "build")]
    return sorted({name for name in names if (pathlib.Path(root) / name).is_file()})


def text(root, name):
    """The file's text, or None when it is binary."""
    content = (pathlib.Path(root) / name).read_bytes()
    try:
        return None if b"\0" in content else content.decode()
    except UnicodeDecodeError:
        return None


def report(checked, findings):
    """Prints findings ("path:line: what"), and returns the exit code. Nothing checked is a failure."""
    for finding in findings:
        print(finding)
    print(f"{checked} files checked, {len(findings)} findings")
    return 1 if findings or not checked else 0


def run(check):
    """Runs check(root) -> (number of files, findings) on the folder that the command line names."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} ROOT")
    sys.exit(report(*check(sys.argv[1])))
