#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real-time tables through Athena's protocol beside the shell: athena_test.py LOTIC DEMO_BROKER. The table is partly sealed and partly consuming, and serve goes on while it is read."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import server

LOTIC, DEMO_BROKER = sys.argv[1:3]
del sys.argv[1:3]


class AthenaTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="lotic-athena-tables."))
        cls.data = f"{cls.folder}/data"
        brokers = cls.enterClassContext(server.Broker(DEMO_BROKER)).address
        cls.serve = cls.enterClassContext(server.Serve(LOTIC, cls.data, "-q"))
        told = subprocess.run([LOTIC, "-b", brokers, "--format", "json", "SELECT count(*)::BIGINT AS n FROM events"], check=True, capture_output=True, text=True)
        cls.count = json.loads(told.stdout)[0]["n"]
        for path, body in (("/schemas", server.SCHEMA), ("/tables", server.table(brokers))):
            answer = cls.serve.ask("POST", path, body)
            assert answer.status == 200, answer.body
        server.wait_for("the rows", lambda: cls.serve.query("select count(*) from events").get("resultTable", {}).get("rows") == [[cls.count]])
        # One partition is sealed, the others go on consuming.
        answer = cls.serve.ask("POST", "/tables/events/forceCommit?partitions=0")
        assert answer.status == 200, answer.body
        server.wait_for("a sealed segment", lambda: any(pathlib.Path(cls.data).glob("tables/events_REALTIME/p0/*.parquet")))
        spill = pathlib.Path(cls.folder) / "spill"
        spill.mkdir()
        cls.function = subprocess.Popen([LOTIC, "lambda", "local", "tables", "-q", "--env", f"data={cls.data}", "--env", f"spill_bucket=file://{spill}"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.url = cls.function.stdout.readline().strip()
        assert cls.url.startswith("http://127.0.0.1:"), cls.url

    @classmethod
    def tearDownClass(cls):
        cls.function.terminate()
        cls.function.communicate(timeout=server.PATIENCE)

    @classmethod
    def shell(cls, *sql):
        return subprocess.run([LOTIC, "-q", "--data", cls.data, "--format", "csv", *sql], check=True, capture_output=True, text=True).stdout

    def athena(self, *arguments):
        done = subprocess.run([LOTIC, "athena", *arguments, "--target", self.url], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def read(self, *arguments):
        return self.athena("read", "-q", "--format", "csv", "--table", "events", *arguments)

    def equal(self, sql, *arguments):
        header, *rows = self.shell(sql).splitlines()
        got_header, *got = self.read(*arguments).splitlines()
        self.assertEqual(got_header, header)
        self.assertEqual(sorted(got), sorted(rows))
        return len(rows)

    def test_every_row_of_sealed_and_consuming_segments_inline_and_spilled(self):
        self.assertEqual(self.equal('SELECT uuid, "count" FROM events', "--columns", "uuid,count"), self.count)
        self.assertEqual(self.equal('SELECT uuid, "count" FROM events', "--columns", "uuid,count", "--inline-bytes", "0"), self.count)

    def test_filters_and_limits(self):
        self.assertGreater(self.equal('SELECT uuid, "count" FROM events WHERE "count" > 500', "--columns", "uuid,count", "--where", "count > 500"), 0)
        self.assertEqual(len(self.read("--columns", "uuid", "--limit", "3").splitlines()), 4)

    def test_the_validator_finds_nothing_wrong(self):
        told = [json.loads(line) for line in self.athena("validate", "--schema", "default", "--table", "events", "--format", "jsonl").splitlines()]
        self.assertGreater(len(told), 60)
        self.assertEqual([one for one in told if one["verdict"] == "FAIL"], [])
        # No constraints were given, and the tables have no queries of a language of their own.
        self.assertEqual(sorted(one["check"] for one in told if one["verdict"] == "SKIP"), ["get_table_layout.constraints", "passthrough.capability", "read_records.constraints"])

    def test_it_is_listed(self):
        self.assertIn("events", self.athena("tables", "--schema", "default"))


if __name__ == "__main__":
    unittest.main()
