# SPDX-License-Identifier: Apache-2.0
"""Counts the tests of a run: tests/summarize.py RESULTS [BROKEN STEP]

RESULTS has a folder per build with ctest.xml (JUnit) and the reports PROGRAM.xml
that GoogleTest programs wrote. A GoogleTest program counts as its tests, any other
entry of ctest as one. Prints failures, what was skipped and why, and as last line
"N passed, N failed, N skipped". Exit code 1 when something failed or nothing ran.
"""

import collections
import dataclasses
import pathlib
import sys
import xml.etree.ElementTree as xml


@dataclasses.dataclass
class Tally:
    passed: int = 0
    failed: list[str] = dataclasses.field(default_factory=list)
    skipped: list[tuple[str, str]] = dataclasses.field(default_factory=list)  # test, reason

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


def last_line(text):
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def read_gtest(report):
    """The tests of one GoogleTest report."""
    tally = Tally()
    for test in xml.parse(report).getroot().iter("testcase"):
        name = f'{test.get("classname")}.{test.get("name")}'
        if test.find("failure") is not None:
            tally.failed.append(name)
        elif test.get("status") == "notrun":
            tally.skipped.append((name, "disabled"))
        elif test.find("skipped") is not None:
            tally.skipped.append((name, last_line(test.find("skipped").get("message"))))
        else:
            tally.passed += 1
    return tally


def was_skipped(entry):
    """By the test itself, not for want of its program."""
    skipped = entry.find("skipped")
    return entry.get("status") == "disabled" or (skipped is not None and skipped.get("message").startswith("SKIP_"))


def read_entry(entry, folder):
    """One entry of ctest; `entry` is a JUnit testcase."""
    name = entry.get("name")
    tally = Tally()
    report = folder / f"{name}.xml"
    if report.exists():
        tally = read_gtest(report)
        if entry.get("status") != "run" and not tally.failed:
            tally.failed.append(f"{name}, after its last test")
    elif entry.get("status") == "run":
        tally.passed = 1
    elif was_skipped(entry):
        tally.skipped.append((name, last_line(entry.findtext("system-out"))))
    else:
        tally.failed.append(name)
    return tally


def read_build(folder):
    tally = Tally()
    junit = folder / "ctest.xml"
    entries = list(xml.parse(junit).getroot().iter("testcase")) if junit.exists() else []
    for entry in entries:
        tally.add(read_entry(entry, folder))
    if not entries:
        tally.failed.append("no test ran")
    print(f"{folder.name}: {tally.passed} passed, {len(tally.failed)} failed, {len(tally.skipped)} skipped")
    tally.failed = [f"{folder.name}: {name}" for name in tally.failed]
    return tally


def main(results, *broken):
    total = Tally(failed=[f"{step} broke off" for step in broken])
    for folder in sorted(path for path in pathlib.Path(results).iterdir() if path.is_dir()):
        total.add(read_build(folder))
    for name in total.failed:
        print(f"failed: {name}")
    for reason, count in collections.Counter(reason for _, reason in total.skipped).most_common():
        print(f"skipped {count}: {reason}")
    print(f"{total.passed} passed, {len(total.failed)} failed, {len(total.skipped)} skipped")
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
