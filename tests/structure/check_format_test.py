#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that check_format.py can fail, and mends what it finds: check_format_test.py CLANG_FORMAT"""

import pathlib
import shutil
import sys
import tempfile
import unittest

import check_format

PROGRAM = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "clang-format")
STYLE = check_format.check_structure.HERE.parent.parent / ".clang-format"


class FormatTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        shutil.copy(STYLE, self.root / ".clang-format")

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def test_what_is_formatted_passes(self):
        self.write("src/a.cc", "int f(int* x) { return *x; }\n")
        self.assertEqual(check_format.check(self.root, str(PROGRAM)), [])

    def test_what_is_not_is_named_with_its_line_and_can_be_mended(self):
        self.write("src/a.cc", "int g();\nint f(int *x) {return *x;}\n")
        self.write("src/b.h", "int h();\n")
        self.assertEqual(check_format.check(self.root, str(PROGRAM)), ["src/a.cc: line 2 would be: int f(int* x) { return *x; }"])
        self.assertEqual(check_format.check(self.root, str(PROGRAM), fix=True), [])
        self.assertEqual((self.root / "src/a.cc").read_text(), "int g();\nint f(int* x) { return *x; }\n")

    def test_another_version_is_refused(self):
        self.write("other", "#!/bin/sh\necho clang-format version 3.0.0\n")
        (self.root / "other").chmod(0o755)
        self.assertEqual(len(check_format.check(self.root, str(self.root / "other"))), 1)


if __name__ == "__main__":
    if not PROGRAM.exists():
        print(f"SKIPPED: there is no {PROGRAM}; scripts/setup --test fetches it")
        sys.exit(77)
    unittest.main()
