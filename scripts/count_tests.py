#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up a run of ./test: count_tests.py FOLDER.

FOLDER holds, per suite, SUITE.xml (ctest's JUnit report) and SUITE/TEST.xml (what a GoogleTest program says about its cases).
A program without such a file is one case. A program that failed although none of its cases did (a crash, a time-out, a leak at
its end) is one failed case more. Exit code 1 when a case failed, when none ran, or when one was skipped and CI=true.
"""

import os
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


class Count:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []


def count_cases(report, count, label):
    """Adds the cases of one GoogleTest report; returns how many of them failed."""
    failed = 0
    for case in report.iter("testcase"):
        name = f"{label}: {case.get('classname')}.{case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None:
            count.failed.append(name)
            failed += 1
        elif skipped is not None:
            reason = " ".join((skipped.text or skipped.get("message") or "no reason given").split())
            count.skipped.append(f"{name}: {reason}")
        elif case.get("status") == "notrun":
            count.skipped.append(f"{name}: disabled")
        else:
            count.passed += 1
    return failed


def count_program(case, report, count, suite):
    """Adds one test of ctest: its GoogleTest cases, or itself."""
    label = f"[{suite}] {case.get('name')}"
    status = case.get("status")
    skipped = case.find("skipped")
    if report is not None:
        failed = count_cases(report, count, label)
        if status != "run" and failed == 0:
            count.failed.append(f"{label}: the program failed, none of its cases did")
    elif status == "run":
        count.passed += 1
    elif skipped is not None and skipped.get("message", "").startswith("SKIP_"):
        output = (case.findtext("system-out") or "").strip().splitlines()
        count.skipped.append(f"{label}: {output[-1] if output else 'no reason given'}")
    else:  # failed, timed out, could not be started, or disabled: none of them is a test that ran
        reason = skipped.get("message") if skipped is not None else status
        count.failed.append(f"{label}: {reason}")


def main(folder):
    count = Count()
    for report_file in sorted(folder.glob("*.xml")):
        suite = report_file.stem
        for case in ElementTree.parse(report_file).getroot().iter("testcase"):
            cases_file = folder / suite / f"{case.get('name')}.xml"
            report = None
            if cases_file.exists():
                try:
                    report = ElementTree.parse(cases_file).getroot()
                except ElementTree.ParseError:
                    pass  # the program died while writing it: ctest's own word counts
            count_program(case, report, count, suite)
    in_ci = os.environ.get("CI") == "true"
    for name in count.skipped:
        print(f"skipped: {name}")
    for name in count.failed:
        print(f"failed: {name}")
    if in_ci and count.skipped:
        print("CI=true: a skipped test counts as a failure of the run")
    if not count.passed and not count.failed:
        print("no test ran")
    print(f"{count.passed} passed, {len(count.failed)} failed, {len(count.skipped)} skipped")
    bad = count.failed or not count.passed or (in_ci and count.skipped)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
