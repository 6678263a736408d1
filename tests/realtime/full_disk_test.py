#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A disk that is really full: full_disk_test.py LOTIC DEMO_BROKER. The data directory is a small tmpfs in a mount namespace of the test's own; what fills it is a file beside the tables."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

MARK = "LOTIC_DISK_NAMESPACE"
DISK_BYTES = 96 << 20
RESERVE_BYTES = 64 << 20  # docs/reference/realtime-files.md

for command in ("unshare", "mount", "kcat"):
    if shutil.which(command) is None:
        print(f"skipped: {command} is not installed (scripts/setup --test installs it)")
        sys.exit(77)
if os.environ.get(MARK) != "1":
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    os.execvpe("unshare", ["unshare", *as_root, "--mount", sys.executable, "-B", *sys.argv], dict(os.environ, **{MARK: "1"}))

import server  # noqa: E402

LOTIC, DEMO_BROKER = sys.argv[1:3]
del sys.argv[1:3]


class FullDiskTest(unittest.TestCase):
    def setUp(self):
        self.disk = pathlib.Path(tempfile.mkdtemp(prefix="lotic-disk."))
        self.addCleanup(self.disk.rmdir)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", self.disk], check=True)
        self.addCleanup(lambda: subprocess.run(["umount", "--lazy", self.disk], check=True))
        self.brokers = self.enterContext(server.Broker(DEMO_BROKER)).address
        self.data = self.disk / "data"

    def produce(self, count):
        text = "".join(f'{{"ts": {1700000000000 + i}, "uuid": "more", "count": {i}}}\n' for i in range(count))
        subprocess.run(["kcat", "-P", "-b", self.brokers, "-t", "events"], input=text, text=True, check=True)

    def partitions(self):
        told = subprocess.run([LOTIC, "tables", "--data", self.data, "--format", "json"], check=True, capture_output=True, text=True)
        return [row for row in json.loads(told.stdout) if row["table"] == "events"]

    def count(self, serve):
        return serve.rows("select count(*) from events")[0][0]

    def test_ingest_stops_by_name_and_goes_on_without_a_loss(self):
        with server.Serve(LOTIC, self.data, "-q") as serve:
            for path, body in (("/schemas", server.SCHEMA), ("/tables", server.table(self.brokers))):
                answer = serve.ask("POST", path, body)
                self.assertEqual(answer.status, 200, answer.body)
            told = subprocess.run([LOTIC, "-q", "-b", self.brokers, "--format", "json", "SELECT count(*)::BIGINT AS n FROM events"], check=True, capture_output=True, text=True)
            rows = json.loads(told.stdout)[0]["n"]
            server.wait_for("the rows", lambda: self.count(serve) == rows)

            # Not a byte is left.
            ballast = self.disk / "ballast"
            with open(ballast, "wb") as file:
                try:
                    while True:
                        file.write(b"\0" * (1 << 16))
                        file.flush()
                except OSError:
                    pass
            server.wait_for("every partition says what is wrong", lambda: all("are held in reserve" in (row.get("problem") or "") for row in self.partitions()))
            self.produce(5000)
            self.assertEqual(self.count(serve), rows)  # queries are answered, and nothing more is taken in
            self.assertEqual(serve.ask("GET", "/health").body, "OK")
            # A restart on a full disk says the same, and loses nothing.
            self.assertEqual(serve.stop(), 0)
        with server.Serve(LOTIC, self.data, "-q") as serve:
            server.wait_for("the table", lambda: serve.query("select count(*) from events").get("resultTable") is not None)
            self.assertEqual(self.count(serve), rows)
            os.truncate(ballast, 0)
            server.wait_for("the rest", lambda: self.count(serve) == rows + 5000)
            self.assertEqual(serve.rows("select count(*), sum(count) from events where uuid = 'more'"), [[5000, 5000 * 4999 / 2]])
            server.wait_for("nothing is wrong any more", lambda: not any(row.get("problem") for row in self.partitions()))
            self.assertEqual(serve.stop(), 0)


if __name__ == "__main__":
    unittest.main()
