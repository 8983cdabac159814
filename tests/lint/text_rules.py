# SPDX-License-Identifier: Apache-2.0
"""Checks what every file must look like: tests/lint/text_rules.py ROOT

All files: no marks of unfinished work, no paths of the machine they were written on, at
most 600 lines. C++ and SystemVerilog: the licence line first, spaces instead of tabs, at
most 120 columns; C++: functions of at most 80 lines.
"""

import re

import repository

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 80
MAX_COLUMNS = 120
SOURCES = (*repository.CPP, ".sv")
LICENCE = "// SPDX-License-Identifier: Apache-2.0"

# Written in two pieces, so that this file passes its own check.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME)\b")
MACHINE_PATH = re.compile(r"(?<![\w./$}-])/(wo" r"rk|tmp/bui" r"ld)\b")

# The last line of a function's head: ") {", ") const override {", ") : a_(1) {", a test.
FUNCTION_HEAD = re.compile(r"^(\s*)\S.*\)[^;=(]*\{$|^(\s*)\S.*\)\s*:\s.*\{$")
NO_FUNCTION = re.compile(r"\s*(namespace|class|struct|enum|union|extern)\b")


def line_findings(line):
    if UNFINISHED.search(line):
        yield "unfinished work is no text for the repository; do it or file it"
    if MACHINE_PATH.search(line):
        yield "a path of one machine"


def source_line_findings(line):
    if "\t" in line:
        yield "a tab; use spaces"
    if len(line) > MAX_COLUMNS:
        yield f"{len(line)} columns; at most {MAX_COLUMNS}"


def long_functions(lines):
    """(line, length) of functions that are too long. Relies on the closing brace being
    indented like the line that opens the body, as the formatter does."""
    for start, line in enumerate(lines):
        if not FUNCTION_HEAD.match(line) or NO_FUNCTION.match(line):
            continue
        indent = line[:len(line) - len(line.lstrip())]
        # A head of several lines is indented further than its end.
        ends = [indent[:width] + "}" for width in range(0, len(indent) + 1, 2)]
        length = next((place + 1 for place, later in enumerate(lines[start:]) if place and later in ends), 1)
        if length > MAX_FUNCTION_LINES:
            yield start + 1, length


def check_text(name, text):
    """All findings of one file."""
    lines = text.splitlines()
    source = name.endswith(SOURCES)
    findings = [(number, finding) for number, line in enumerate(lines, 1)
                for finding in [*line_findings(line), *(source_line_findings(line) if source else [])]]
    if len(lines) > MAX_FILE_LINES:
        findings.append((len(lines), f"{len(lines)} lines; at most {MAX_FILE_LINES}: split the file"))
    if source and (not lines or lines[0] != LICENCE):
        findings.append((1, f"the first line must be {LICENCE}"))
    if name.endswith(repository.CPP):
        findings += [(number, f"a function of {length} lines; at most {MAX_FUNCTION_LINES}")
                     for number, length in long_functions(lines)]
    return [f"{name}:{number}: {finding}" for number, finding in findings]


def check(root):
    texts = {name: repository.text(root, name) for name in repository.files(root)}
    texts = {name: text for name, text in texts.items() if text is not None}
    return len(texts), [finding for name, text in texts.items() for finding in check_text(name, text)]


if __name__ == "__main__":
    repository.run(check)
