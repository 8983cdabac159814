# SPDX-License-Identifier: Apache-2.0
"""The checker of texts finds what it should."""

import unittest

from text_rules import LICENCE, check_text


def cpp(*lines):
    return check_text("a.cc", "\n".join([LICENCE, *lines]))


def function(body_lines, head="void F() {"):
    return [head, *["  Call();"] * body_lines, "}"]


class TextRules(unittest.TestCase):
    def assert_refused(self, text, found):
        self.assertEqual(len(found), 1, found)
        self.assertIn(text, found[0])

    def test_clean_files_pass(self):
        self.assertEqual(cpp("int x;"), [])
        self.assertEqual(check_text("a.md", "# a\n\n\ttabs are fine here" + "x" * 200), [])

    def test_unfinished_work_is_found(self):
        for mark in ["TO" + "DO", "FIX" + "ME"]:
            self.assert_refused("a.md:2: unfinished", check_text("a.md", f"a\n{mark}: b"))

    def test_paths_of_a_machine_are_found(self):
        for path in ["/wo" + "rk/main", "'/tmp/bui" + "ld'"]:
            self.assert_refused("a path of one machine", check_text("a.sh", f"cd {path}"))
        self.assertEqual(check_text("a.sh", "docs/wo" + "rk /wo" + "rker $HOME/wo" + "rk"), [])

    def test_layout_of_sources_is_checked(self):
        self.assert_refused("a.cc:2: a tab", cpp("\tint x;"))
        self.assert_refused("121 columns", cpp("/" * 121))
        self.assertEqual(cpp("/" * 120), [])
        self.assert_refused("a.h:1: the first line", check_text("a.h", "#pragma once"))
        self.assert_refused("a.h:1: the first line", check_text("a.h", ""))
        self.assert_refused("a.sv:1: the first line", check_text("a.sv", "module a;"))

    def test_long_files_are_found(self):
        self.assert_refused("601 lines", check_text("a.py", "x\n" * 601))
        self.assertEqual(check_text("a.py", "x\n" * 600), [])

    def test_long_functions_are_found(self):
        self.assertEqual(cpp(*function(78)), [])
        self.assert_refused("a.cc:2: a function of 81 lines", cpp(*function(79)))
        for head in ["int A::F(int x) const {", "A::A() : a_(1), b_({2}) {", "TEST_F(A, B) {",
                     "auto F() -> int {", "            int second) {"]:
            self.assert_refused("a function of 91 lines", cpp(*function(89, head)))

    def test_lists_and_scopes_may_be_long(self):
        for head in ["namespace colonnade {", "class A : public B<decltype(c())> {", "const int kTable[] = {"]:
            self.assertEqual(cpp(*function(90, head)), [])


if __name__ == "__main__":
    unittest.main()
