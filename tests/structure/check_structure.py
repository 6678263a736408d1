#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the shape of the source tree: check_structure.py SOURCE [--build BUILD]

Reports, one line each, and exits 1 on: an #include against the arrows of arrows.txt; a third-party header where it does not
belong; a source file that no target builds and a test file that no ctest case runs (both need --build); a file of more than 900
lines; a name that says nothing; a missing licence line; a folder of src/ without README.md; a path of somebody's machine; a setting
that is read from a document and then by nobody.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
MAX_LINES = 900
SKIPPED_FOLDERS = {"build", ".git", ".cache", "node_modules", "__pycache__", "testdata", "corpus"}
CODE_SUFFIXES = {".cc", ".h", ".py", ".sh", ".cmake", ".java", ".ts", ".tsx"}
TEXT_SUFFIXES = CODE_SUFFIXES | {".md", ".txt", ".json", ".xml", ".yaml", ".yml", ".test", ".sql", ".properties", ""}
CODE_ROOTS = ("include", "src", "apps", "tests", "benchmarks", "docs", "scripts", "deploy", "cmake", "python")
EMPTY_WORDS = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "stuff"}
LICENCE = "SPDX-License-Identifier: Apache-2.0"
# Written in pieces, so that this file does not contain them.
MACHINE_PATHS = re.compile("|".join(["/wor" + "k/", "/hom" + r"e/[a-z]\w*/", r"\.\./share" + "d"]))
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
PROOF = re.compile(r"(_(test|benchmark|fuzz)\.cc|/test_[^/]*\.(cc|h))$")  # test_x.h: what several tests of a folder share
# Structures of settings that users write, with the files that only fill them in: each member is of use to somebody else.
SETTINGS = [("src/catalog/stream_config.h", "StreamConfig", "src/catalog/"), ("src/catalog/stream_config.h", "FlushThresholds", "src/catalog/"),
            ("src/connector/kafka/client_properties.h", "ClientProperties", "src/connector/kafka/client_properties")]
MEMBER = re.compile(r"^  [\w:<>, ]+ (\w+)(?: = [^;]*|\{[^;]*\})?;", re.MULTILINE)
READ_WHERE_FILLED = {"decoder_properties"}  # one is known, and checked; of the others it is said that they have no effect
TEST_FILE = re.compile(r"(_test\.(cc|py|sh)|/test_[^/]*\.py)$")


class Arrows:
    """arrows.txt: what may include what."""

    def __init__(self, text):
        self.folders = {}
        self.third_party = {}
        self.proofs = set()
        for number, line in enumerate(text.splitlines(), 1):
            line = line.split("#")[0].strip()
            if not line:
                continue
            head, colon, tail = line.partition(":")
            if not colon:
                raise ValueError(f"arrows.txt:{number}: no colon")
            if head == "proofs":
                self.proofs = set(tail.split())
            elif head.startswith("third-party "):
                self.third_party[head.split()[1]] = tail.split()
            else:
                self.folders[head] = tail.split()

    def folder_of(self, path):
        """The longest listed folder that holds this path, or None."""
        parts = path.split("/")
        for length in range(len(parts) - 1, 0, -1):
            name = "/".join(parts[:length])
            if name in self.folders:
                return name
        return None

    def allows(self, source, target, is_proof):
        if target in (source, "include/lotic"):
            return True
        name = target.removeprefix("src/")
        allowed = self.folders[source]
        if "!" + name in allowed:
            return False
        return "*" in allowed or name in allowed or (is_proof and name in self.proofs)


class Tree:
    """The files of a source folder, as paths relative to it."""

    def __init__(self, root):
        self.root = root
        self.files = []
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
            relative = pathlib.Path(folder).relative_to(root).as_posix()
            for name in sorted(names):
                self.files.append(name if relative == "." else f"{relative}/{name}")
        self.known = set(self.files)

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def resolve(self, path, included):
        """The file that #include "included" in `path` means, or None."""
        beside = os.path.normpath(os.path.join(os.path.dirname(path), included))
        for candidate in (beside, f"include/{included}", f"src/{included}", included):
            if candidate in self.known:
                return candidate
        return None


def is_code(path):
    name = path.rsplit("/", 1)[-1]
    if path.split("/")[0] not in CODE_ROOTS and path not in ("run", "test", "bench", "CMakeLists.txt"):
        return False
    return pathlib.PurePosixPath(path).suffix in CODE_SUFFIXES or name == "CMakeLists.txt" or path in ("run", "test", "bench")


def check_includes(tree, arrows):
    for path in tree.files:
        if not path.endswith((".cc", ".h")):
            continue
        source = arrows.folder_of(path)
        if source is None:
            if path.split("/")[0] in ("src", "include", "apps"):
                yield f"{path}: its folder is not in arrows.txt"
            continue
        is_proof = bool(PROOF.search(path))
        for quote, included in INCLUDE.findall(tree.text(path)):
            first = re.split(r"[/.]", included)[0]
            places = arrows.third_party.get(first)
            if quote == "<" or places is not None:
                if places is None:
                    continue
                in_place = any(path.endswith(".cc") if place == ".cc" else path.startswith(place + "/") for place in places)
                if not in_place or path.startswith("include/"):
                    yield f"{path}: includes {included}, which belongs in {', '.join(places)} only"
                continue
            target_file = tree.resolve(path, included)
            if target_file is None:
                yield f'{path}: includes "{included}", which is no file of this tree'
                continue
            target = arrows.folder_of(target_file)
            if not is_proof and path.startswith(("src/", "apps/", "include/")) and PROOF.search(target_file):
                yield f'{path}: product code may not include "{included}", which is for tests'
            elif target is None or not arrows.allows(source, target, is_proof):
                yield f'{path}: {source} may not include "{included}" of {target}'


def check_names_and_sizes(tree):
    for path in tree.files:
        if path.split("/")[0] in CODE_ROOTS:
            for part in path.split("/"):
                words = set(re.split(r"[_\-.]", part.lower()))
                if words & EMPTY_WORDS:
                    yield f"{path}: the name '{part}' says nothing; name it after the concept in it"
                    break
        if is_code(path):
            text = tree.text(path)
            lines = text.count("\n")
            if lines > MAX_LINES:
                yield f"{path}: {lines} lines, more than {MAX_LINES}"
            if not path.endswith("CMakeLists.txt") and LICENCE not in "\n".join(text.splitlines()[:4]):
                yield f"{path}: no line '{LICENCE}' at its top"
        if pathlib.PurePosixPath(path).suffix in TEXT_SUFFIXES:
            for number, line in enumerate(tree.text(path).splitlines(), 1):
                found = MACHINE_PATHS.search(line)
                if found:
                    yield f"{path}:{number}: a path of somebody's machine: {found.group()}"


def check_readmes(tree, arrows):
    for folder in arrows.folders:
        has_code = any(arrows.folder_of(path) == folder and path.endswith((".cc", ".h")) for path in tree.files)
        if folder.startswith("src/") and has_code and f"{folder}/README.md" not in tree.known:
            yield f"{folder}: has no README.md"


def check_targets(tree, build):
    """Every .cc is compiled by some target; every test file belongs to something that ctest runs."""
    commands = json.loads((build / "compile_commands.json").read_text())
    targets = {}  # source file -> the targets that compile it
    for command in commands:
        file = os.path.relpath(os.path.join(command["directory"], command["file"]), tree.root)
        object_file = command.get("output") or re.search(r"\s-o\s+(\S+)", command["command"]).group(1)
        target = re.search(r"CMakeFiles/([^/]+)\.dir/", object_file)
        targets.setdefault(pathlib.PurePath(file).as_posix(), set()).add(target.group(1) if target else "?")
    listing = subprocess.run(["ctest", "--test-dir", str(build), "--show-only=json-v1"], check=True, capture_output=True)
    run_programs = set()
    run_arguments = ""
    for test in json.loads(listing.stdout)["tests"]:
        if test.get("command"):
            run_programs.update(os.path.basename(argument) for argument in test["command"])
            run_arguments += " ".join(test["command"]) + " "
    for path in tree.files:
        if path.split("/")[0] not in ("src", "apps", "tests", "benchmarks", "docs"):
            continue
        if path.endswith(".cc") and path not in targets:
            yield f"{path}: no target builds it"
        elif TEST_FILE.search("/" + path):
            if path.endswith(".cc") and not targets[path] & run_programs:
                yield f"{path}: no ctest case runs its target {', '.join(sorted(targets[path]))}"
            if not path.endswith(".cc") and os.path.basename(path) not in run_arguments:
                yield f"{path}: no ctest case runs it"


def check_settings(tree):
    code = {path: tree.text(path) for path in tree.files if path.startswith(("src/", "apps/")) and path.endswith((".cc", ".h")) and not PROOF.search(path)}
    for header, struct, filled_by in SETTINGS:
        body = re.search(r"^struct " + struct + r" \{\n(.*?)^\};", code.get(header, ""), re.MULTILINE | re.DOTALL)
        for member in MEMBER.findall(re.sub("//.*", "", body.group(1))) if body else []:
            read = re.compile(r"(\.|->)" + member + r"\b")
            if member not in READ_WHERE_FILLED and not any(read.search(text) for path, text in code.items() if not path.startswith(filled_by)):
                yield f"{header}: {struct}::{member} is read by nobody"


def check(root, arrows, build=None):
    """All findings, as lines of text."""
    tree = Tree(root)
    findings = list(check_includes(tree, arrows))
    findings += check_names_and_sizes(tree)
    findings += check_readmes(tree, arrows)
    findings += check_settings(tree)
    if build is not None:
        findings += check_targets(tree, build)
    return findings


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path)
    options = parser.parse_args()
    arrows = Arrows((HERE / "arrows.txt").read_text())
    findings = check(options.source.resolve(), arrows, options.build)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
