# SPDX-License-Identifier: Apache-2.0
"""Runs test modules: suite.py NAME PROGRAMS DIGITS MODULE...

PROGRAMS is the folder of the programs under test, DIGITS the file of deploy/fetch-digits.
Prints a line per test. With GTEST_OUTPUT=xml:FOLDER/ also writes conformance_NAME.xml
there, in the form of a GoogleTest report. Exit code 1 when a test failed or none ran.
"""

import importlib
import os
import pathlib
import sys
import unittest
import xml.etree.ElementTree as xml

import programs


class Recorder(unittest.TextTestResult):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.report = xml.Element("testsuites")

    def record(self, test, outcome=None, message=""):
        # A test is called module.Class.test; what breaks before one, "setUpModule (module)".
        classname, _, name = test.id().rpartition(".")
        entry = xml.SubElement(self.report, "testcase", classname=classname, name=name, status="run")
        if outcome:
            xml.SubElement(entry, outcome, message=message)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.record(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.record(test, "failure", str(err[1]))

    def addError(self, test, err):
        super().addError(test, err)
        self.record(test, "failure", str(err[1]))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.record(test, "skipped", reason)


def main(name, folder, digits, *modules):
    programs.FOLDER, programs.DIGITS = pathlib.Path(folder), pathlib.Path(digits)
    loader = unittest.defaultTestLoader
    tests = unittest.TestSuite(loader.loadTestsFromModule(importlib.import_module(module)) for module in modules)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Recorder).run(tests)
    where = os.environ.get("GTEST_OUTPUT", "")
    if where.startswith("xml:"):
        xml.ElementTree(result.report).write(pathlib.Path(where[len("xml:"):]) / f"conformance_{name}.xml")
    return 0 if result.wasSuccessful() and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
