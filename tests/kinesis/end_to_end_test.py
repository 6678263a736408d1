#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole command against a fake Kinesis: end_to_end_test.py LOTIC."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

from fake_kinesis import FakeKinesis, Stream

LOTIC = sys.argv[1]
del sys.argv[1:2]


class EndToEnd(unittest.TestCase):
    def setUp(self):
        self.fake = FakeKinesis()
        self.addCleanup(self.fake.close)
        clicks = self.fake.streams["clicks"] = Stream("clicks")
        now = time.time()
        for i in range(1000):  # half an hour ago, and in the last minute
            clicks.put(i % 2, {"user_id": i % 10, "page": f"/p{i}"}, now - (1800 if i < 600 else 60) + i * 0.01)

    def run_sql(self, *statements, options=()):
        environment = dict(os.environ, AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="fake-secret")
        environment.pop("AWS_SESSION_TOKEN", None)
        attach = f"ATTACH 'us-east-1' AS k (TYPE kinesis, ENDPOINT '{self.fake.url}')"
        return subprocess.run([LOTIC, *options, attach, *statements], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              env=environment)

    def rows(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_every_record_of_every_shard_is_counted_once(self):
        self.fake.throttles = 2
        [row] = self.rows(self.run_sql("SELECT count(*) AS n, count(DISTINCT page) AS pages, count(DISTINCT _shard_id) AS shards FROM k.clicks"))
        self.assertEqual(row, {"n": 1000, "pages": 1000, "shards": 2})

    def test_arrival_time_and_shard_select_what_is_read(self):
        [row] = self.rows(self.run_sql("SELECT count(*) AS n, min(user_id) AS low FROM k.clicks WHERE _arrival_timestamp > now() - INTERVAL 5 MINUTES"))
        self.assertEqual(row, {"n": 400, "low": 0})
        [row] = self.rows(self.run_sql("SELECT count(*) AS n FROM k.clicks WHERE _shard_id = 'shardId-000000000001' AND user_id = 3"))
        self.assertEqual(row, {"n": 100})

    def test_the_payload_is_there_as_bytes(self):
        rows = self.rows(self.run_sql("SELECT _partition_key AS key, decode(_data) AS text FROM k.clicks WHERE page = '/p4'"))
        self.assertEqual(rows, [{"key": "key-2", "text": '{"user_id": 4, "page": "/p4"}'}])

    def test_the_certificate_says_how_each_end_was_proved(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "certificate.json")
            self.rows(self.run_sql("SELECT count(page) FROM k.clicks", options=["--certificate", str(path)]))
            [table] = json.loads(path.read_text())["tables"]
        self.assertTrue(table["complete"])
        self.assertEqual([shard["reason"] for shard in table["shards"]], ["caught_up"] * 2)
        self.assertTrue(all(int(shard["first"]) < int(shard["last"]) for shard in table["shards"]), table["shards"])

    def scan_of(self, statement):
        """What EXPLAIN says of the scan."""
        [row] = self.rows(self.run_sql(f"EXPLAIN (FORMAT json) {statement}"))
        nodes = json.loads(row["explain_value"])
        while nodes[0]["name"] != "LOTIC_SCAN":
            nodes = nodes[0]["children"]
        return nodes[0]["extra_info"]

    def test_a_plan_is_shown_without_waiting_for_its_end(self):
        later = time.strftime("%Y-%m-%d %H:%M:%S+00", time.gmtime(time.time() + 20 * 3_600))
        for at in ("", f" AT (TIMESTAMP => TIMESTAMPTZ '{later}')"):  # the second would be waited for until tomorrow
            scan = self.scan_of("SELECT count(page) FROM k.clicks" + at)
            self.assertIn("when the query runs", scan["Hint"])
            done = self.run_sql(f"SELECT count(page) FROM k.clicks AT (VERSION => '{scan['Version']}')")
            self.assertNotEqual(done.returncode, 0, "shards that are made before its end would be missing")
            self.assertIn("is of a plan that was only shown", done.stderr)

    def test_an_unknown_stream_and_a_wrong_key_are_errors_that_say_so(self):
        done = self.run_sql("FROM k.clikcs")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("clikcs", done.stderr)
        done = self.wrong_key()
        self.assertNotEqual(done.returncode, 0)
        self.assertNotIn("another-secret", done.stderr)

    def wrong_key(self):
        environment = dict(os.environ, AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="another-secret")
        return subprocess.run([LOTIC, f"ATTACH 'us-east-1' AS k (TYPE kinesis, ENDPOINT '{self.fake.url}')", "FROM k.clicks"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, env=environment)


if __name__ == "__main__":
    unittest.main()
