# SPDX-License-Identifier: Apache-2.0
"""Checks the direction of every #include: tests/lint/include_chains.py ROOT

The rules are read from docs/architecture.md, "Folders and direction". A line
"NAME: a -> { b, c } -> d" (continued by lines that begin with an arrow) is a chain;
"a, b -> proto" says who may include generated message classes. A folder in several
chains may include only what all of them allow. On top of that, each outside library is
seen only where LIBRARIES says.
"""

import pathlib
import re

import repository

PAGE = "docs/architecture.md"
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)

# Sources beside the folders of server/, by the start of their names; the others are the daemon's.
PROGRAMS = {"main.": "main", "worker_main.": "worker_main", "inspect_main.": "inspect_main",
            "model_report.": "inspect_main", "convert_artifact.": "inspect_main"}

# Library, its headers, and the files that may include them.
LIBRARIES = [
    ("LibTorch", r"(torch|ATen|c10)/", r"server/training/[^/]*\.cc"),
    ("ONNX", r"onnx/", r"server/onnx/[^/]*"),
    ("gRPC", r"(grpcpp|grpc)/|.*\.grpc\.pb\.h", r"server/rpc/.*|client/src/[^/]*"),
    ("prometheus-cpp", r"prometheus/", r"server/daemon_metrics\.cc"),
]

GENERATED = re.compile(r"(colonnade/(artifact/|worker/)?v1|inference)/[^/]*\.pb\.h")
# Quoted includes name files of the tree, generated headers or these.
QUOTED_LIBRARIES = ("absl/", "gmock/", "google/", "gtest/")


def parse_rules(page):
    """The chains of the page, each a list of groups from left to right, and who may include proto."""
    section = page.split("## Folders and direction", 1)[1].split("\n## ", 1)[0]
    chains, proto = [], set()
    for line in section.splitlines():
        if not line.startswith("    "):
            continue
        named = re.match(r"\s+\w+:\s*(.*)", line)
        if named:
            chains.append(named.group(1))
        elif line.strip().startswith("->"):
            chains[-1] += " " + line.strip()
        else:
            for statement in re.findall(r"([\w, ]+?)\s*->\s*proto", line):
                proto |= set(re.findall(r"\w+", statement))
    groups = [[re.findall(r"\w+", group) for group in chain.split("->")] for chain in chains]
    return groups, proto


def allowed_by(chains, unit):
    """What `unit` may include besides itself; None when it stands in no chain."""
    allowed = None
    for chain in chains:
        for place, group in enumerate(chain):
            if unit in group:
                right = {folder for later in chain[place + 1:] for folder in later}
                allowed = right if allowed is None else allowed & right
    return allowed


def unit_of(path):
    """The folder of the chains that a file belongs to."""
    parts = path.split("/")
    if parts[0] != "server":
        return parts[0]
    if len(parts) > 2:
        return parts[1]
    return next((unit for start, unit in PROGRAMS.items() if parts[1].startswith(start)), "daemon")


class Checker:
    def __init__(self, page, files):
        self.chains, self.proto = parse_rules(page)
        self.files = set(files)

    def resolve(self, target):
        """The unit that an include leads to, or None when that is not in the tree."""
        if GENERATED.fullmatch(target):
            return "proto"
        if target in self.files:
            return unit_of(target)
        if "client/include/" + target in self.files:
            return "client"
        return None

    def may_include(self, path, unit, other):
        """Whether a file of `unit` may include one of `other`, both in the tree."""
        if unit == "tests" or unit == other:
            return True
        if other == "proto":
            # The library's public headers are free of generated classes.
            return unit in self.proto and not path.startswith(("client/include/", "client/cli/"))
        if unit == "deploy":  # trainers of the networks that are shipped
            unit = "worker_main"
        return other in (allowed_by(self.chains, unit) or set())

    def library_finding(self, path, target):
        for library, headers, users in LIBRARIES:
            if re.match(headers, target) and not path.startswith("tests/") and not re.fullmatch(users, path):
                return f"{library} ({target}) may be included only by {users}"
        return None

    def finding(self, path, quote, target):
        """What is wrong with one include, or None."""
        other = self.resolve(target)
        unit = unit_of(path)
        if target.startswith("client/src/") and not path.startswith(("client/src/", "tests/")):
            return f"{target} may be included only from client/src"
        if other is not None and not self.may_include(path, unit, other):
            return f"{unit} may not include {other} ({target})"
        if other is None and quote == '"' and not target.startswith(QUOTED_LIBRARIES):
            return f"\"{target}\" is no path from the repository root"
        return self.library_finding(path, target)

    def check(self, path, text):
        unit = unit_of(path)
        if path.startswith("server/") and allowed_by(self.chains, unit) is None:
            return [f"{path}:1: {unit} stands in no chain of {PAGE}"]
        findings = []
        for match in INCLUDE.finditer(text):
            finding = self.finding(path, *match.groups())
            if finding:
                findings.append(f"{path}:{text.count(chr(10), 0, match.start(2)) + 1}: {finding}")
        return findings


def check(root):
    names = repository.files(root)
    checker = Checker((pathlib.Path(root) / PAGE).read_text(), names)
    sources = [name for name in names if name.endswith(repository.CPP)]
    return len(sources), [finding for name in sources for finding in checker.check(name, repository.text(root, name))]


if __name__ == "__main__":
    repository.run(check)
