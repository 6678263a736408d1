#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that every C++ file is as clang-format leaves it: check_format.py SOURCE CLANG_FORMAT [--fix]

Names each file that is not, with its first difference, and exits 1; with --fix the files are written instead. CLANG_FORMAT must be
of the pinned version: others break lines elsewhere.
"""

import argparse
import concurrent.futures
import pathlib
import subprocess
import sys

import check_structure

VERSION = "14.0.6"


def formatted(program, root, path):
    run = subprocess.run([program, "--style=file", path], cwd=root, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise SystemExit(f"clang-format of {path} ended with {run.returncode}: {run.stderr[:300]}")
    return run.stdout


def first_difference(have, want):
    for number, (left, right) in enumerate(zip(have.splitlines(), want.splitlines()), 1):
        if left != right:
            return f"line {number} would be: {right}"
    return "its end would be another"


def check(root, program, fix=False):
    """The findings, a line each; with `fix` the files are written and there are none."""
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    if f"version {VERSION}" not in version:
        return [f"{program} is {version.strip()}, expected version {VERSION}"]
    findings = []
    paths = [path for path in check_structure.Tree(root).files if path.endswith((".cc", ".h"))]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path, want in zip(paths, pool.map(lambda path: formatted(program, root, path), paths)):
            have = (root / path).read_text(encoding="utf-8")
            if have == want:
                continue
            if fix:
                (root / path).write_text(want, encoding="utf-8")
            else:
                findings.append(f"{path}: {first_difference(have, want)}")
    return findings


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("clang_format")
    parser.add_argument("--fix", action="store_true")
    options = parser.parse_args()
    if not pathlib.Path(options.clang_format).exists():
        print(f"SKIPPED: there is no {options.clang_format}; scripts/setup --test fetches it")
        return 77
    findings = check(options.source, options.clang_format, options.fix)
    for finding in findings:
        print(finding)
    if findings:
        print(f"{len(findings)} file(s); mend them with: {sys.argv[0]} --fix {options.source} {options.clang_format}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
