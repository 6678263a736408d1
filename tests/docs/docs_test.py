#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the commands that the documents show: docs_test.py LOTIC DEMO_BROKER SOURCE.

A block fenced as ```sh run is run by bash, in a folder of its own per document, with `broker:9092` being a broker that holds the
demo's topics and `./run` and `lotic` the command under test. It must end with 0. If the next block is fenced as ```text output, what it
printed (standard output and error) must look like that: the same lines, with numbers, hexadecimal names, blanks and rules of any kind.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

LOTIC, DEMO_BROKER, SOURCE = sys.argv[1:4]
del sys.argv[1:4]
SOURCE = pathlib.Path(SOURCE)
DOCUMENTS = [SOURCE / "README.md", *sorted((SOURCE / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document):
    """The runnable blocks of a document: (line, commands, expected output or None)."""
    text = document.read_text()
    found = []
    previous = None
    for match in FENCE.finditer(text):
        words = match.group(1).split()
        if words == ["sh", "run"]:
            previous = [text.count("\n", 0, match.start()) + 1, match.group(2), None]
            found.append(previous)
        else:
            if words == ["text", "output"] and previous is not None:
                previous[2] = match.group(2)
            previous = None
    return found


def shape(text):
    """`text` without what may differ from one run to the next."""
    text = re.sub(r"\b[0-9a-f]{16,}\b", "ID", text)
    text = re.sub(r"[0-9](?:[0-9,.:]*[0-9])?", "0", text)
    text = re.sub(r"[ ─]+", " ", text)
    return [line.strip() for line in text.strip().splitlines()]


class DocumentsTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.broker = subprocess.Popen([DEMO_BROKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.address = cls.broker.stdout.readline().strip()

    @classmethod
    def tearDownClass(cls):
        cls.broker.stdin.close()
        cls.broker.wait(20)
        cls.broker.stdout.close()

    def run_block(self, commands, folder):
        commands = commands.replace("broker:9092", self.address).replace("./run", "lotic")
        script = f'set -e -o pipefail\nlotic() {{ "{LOTIC}" "$@"; }}\n{commands}'
        return subprocess.run(["bash", "-c", script], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=50)

    def test_the_commands_of_the_documents_work_as_shown(self):
        count = 0
        for document in DOCUMENTS:
            with tempfile.TemporaryDirectory() as folder:
                for line, commands, expected in blocks(document):
                    with self.subTest(block=f"{document.relative_to(SOURCE)}:{line}"):
                        count += 1
                        done = self.run_block(commands, folder)
                        self.assertEqual(done.returncode, 0, f"{commands}\n{done.stdout}")
                        if expected is not None:
                            self.assertEqual(shape(done.stdout), shape(expected), f"it printed:\n{done.stdout}")
        self.assertGreater(count, 3, "the documents hold too few blocks to be believed")

    def test_a_difference_is_seen(self):
        self.assertNotEqual(shape("│ paid │ 1 │"), shape("│ open │ 1 │"))
        self.assertEqual(shape("┌──────┐\n│  12 │"), shape("┌───┐\n│ 3 │"))


if __name__ == "__main__":
    unittest.main()
