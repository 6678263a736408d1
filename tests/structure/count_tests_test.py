#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What ./test says at its end, for every way in which a test can end."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

COUNTER = pathlib.Path(__file__).parents[2] / "scripts" / "count_tests.py"
PASSED_CASE = '<testcase classname="A" name="Passes" status="run" result="completed"/>'
FAILED_CASE = '<testcase classname="A" name="Fails" status="run"><failure message="1 != 2"/></testcase>'
SKIPPED_CASE = '<testcase classname="A" name="Skips" status="run" result="skipped"><skipped message="no broker"/></testcase>'
RAN = '<testcase name="{}" status="run"/>'
FAILED = '<testcase name="{}" status="fail"><failure message=""/></testcase>'


class CountTest(unittest.TestCase):
    def count(self, programs, reports=None, ci=None):
        """Runs the counter on one suite; returns its exit code, its last line, and everything it printed."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "quick.xml").write_text("<testsuite>" + "".join(programs) + "</testsuite>")
            (root / "quick").mkdir()
            for name, text in (reports or {}).items():
                (root / "quick" / f"{name}.xml").write_text(text)
            environment = {name: value for name, value in os.environ.items() if name != "CI"}
            if ci:
                environment["CI"] = ci
            done = subprocess.run([sys.executable, "-B", COUNTER, folder], capture_output=True, text=True, env=environment,
                                  check=False)
            return done.returncode, done.stdout.splitlines()[-1], done.stdout

    def report(self, *cases):
        return '<testsuites><testsuite name="A">' + "".join(cases) + "</testsuite></testsuites>"

    def test_a_program_without_a_report_is_one_case(self):
        self.assertEqual(self.count([RAN.format("a"), RAN.format("b")])[:2], (0, "2 passed, 0 failed, 0 skipped"))

    def test_the_cases_of_a_report_are_counted(self):
        code, last, _ = self.count([RAN.format("a")], {"a": self.report(PASSED_CASE, PASSED_CASE, PASSED_CASE)})
        self.assertEqual((code, last), (0, "3 passed, 0 failed, 0 skipped"))

    def test_a_failed_case_fails_the_run_and_is_named(self):
        code, last, text = self.count([FAILED.format("a")], {"a": self.report(PASSED_CASE, FAILED_CASE)})
        self.assertEqual((code, last), (1, "1 passed, 1 failed, 0 skipped"))
        self.assertIn("A.Fails", text)

    def test_a_program_that_fails_after_its_last_case_is_a_failure(self):
        code, last, _ = self.count([FAILED.format("a")], {"a": self.report(PASSED_CASE)})
        self.assertEqual((code, last), (1, "1 passed, 1 failed, 0 skipped"))

    def test_a_program_that_dies_before_its_report_is_finished_is_a_failure(self):
        code, last, _ = self.count([FAILED.format("a"), RAN.format("b")], {"a": "<testsuites><testsu"})
        self.assertEqual((code, last), (1, "1 passed, 1 failed, 0 skipped"))

    def test_a_skipped_case_is_listed_with_its_reason(self):
        code, last, text = self.count([RAN.format("a")], {"a": self.report(PASSED_CASE, SKIPPED_CASE)})
        self.assertEqual((code, last), (0, "1 passed, 0 failed, 1 skipped"))
        self.assertIn("A.Skips: no broker", text)

    def test_in_ci_a_skipped_case_fails_the_run(self):
        code, last, _ = self.count([RAN.format("a")], {"a": self.report(PASSED_CASE, SKIPPED_CASE)}, ci="true")
        self.assertEqual((code, last), (1, "1 passed, 0 failed, 1 skipped"))

    def test_a_program_that_cannot_be_started_is_a_failure(self):
        program = '<testcase name="a" status="notrun"><skipped message="Unable to find executable"/></testcase>'
        self.assertEqual(self.count([program])[:2], (1, "0 passed, 1 failed, 0 skipped"))

    def test_a_run_without_tests_is_a_failure(self):
        self.assertEqual(self.count([])[:2], (1, "0 passed, 0 failed, 0 skipped"))


if __name__ == "__main__":
    unittest.main()
