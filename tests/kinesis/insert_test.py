#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rows inserted by lotic are read back by boto3, with refused rows, throttled requests and lost answers in between; botocore judges every request.

insert_test.py LOTIC, with PYTHONPATH leading to boto3 (scripts/setup --test).
"""

import collections
import csv
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "aws"))

try:
    import boto3
except ImportError as missing:
    print(f"skipped: {missing}; scripts/setup --test fetches boto3")
    sys.exit(77)

from botocore_judge import Judge  # noqa: E402
from fake_kinesis import KEYS, REGION, FakeKinesis, Stream  # noqa: E402

LOTIC = sys.argv[1]
del sys.argv[1:2]
[(KEY, (SECRET, _))] = KEYS.items()


def table(columns, more="", table_format="json"):
    return f"CREATE TABLE gates ({columns}) {more.partition('|')[0]} WITH ('connector' = 'kinesis', 'stream' = 'gates', 'aws.region' = '{REGION}', 'format' = '{table_format}'{more.partition('|')[2]});"


class Insert(unittest.TestCase):
    def setUp(self):
        self.fake = FakeKinesis()
        self.addCleanup(self.fake.close)
        self.fake.streams["gates"] = Stream("gates")
        self.fake.judge = Judge(KEY, SECRET, region=REGION).check
        self.client = boto3.client("kinesis", region_name=REGION, endpoint_url=self.fake.url, aws_access_key_id=KEY, aws_secret_access_key=SECRET)
        self.addCleanup(self.client.close)

    def tearDown(self):
        self.assertEqual(self.fake.wrong, [])

    def run_sql(self, ddl, *statements):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment.update(AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET, AWS_ENDPOINT_URL_KINESIS=self.fake.url)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "gates.sql")
            path.write_text(ddl)
            return subprocess.run([LOTIC, "-f", str(path), *statements], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, env=environment)

    def insert(self, ddl, *statements):
        done = self.run_sql(ddl, *statements)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def records(self):
        """Every record of the stream, as boto3 reads it."""
        found = []
        for shard in self.client.list_shards(StreamName="gates")["Shards"]:
            at = self.client.get_shard_iterator(StreamName="gates", ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
            while True:
                page = self.client.get_records(ShardIterator=at)
                found += page["Records"]
                at = page.get("NextShardIterator")
                if at is None or (not page["Records"] and page["MillisBehindLatest"] == 0):
                    break
        return found

    def test_every_row_is_there_once_whatever_is_refused_meanwhile(self):
        self.fake.script("PutRecords", "partial", "throttle", "partial", "limit", "partial")
        done = self.insert(table("id BIGINT, name STRING"), "INSERT INTO gates SELECT range, 'n' || range FROM range(3000)")
        self.assertIn("3000", done.stdout)
        self.assertRegex(done.stderr, r"(?m)^wrote 3,000 rows, [1-9][0-9,]+ bytes; [1-9][0-9,]* retries, duplicates impossible$")
        rows = collections.Counter(record["Data"] for record in self.records())
        self.assertEqual(rows, collections.Counter(json.dumps({"id": i, "name": f"n{i}"}, separators=(",", ":")).encode() for i in range(3000)))
        self.assertGreaterEqual(self.fake.judged["PutRecords"], 6)
        self.assertEqual(self.fake.judged["DescribeStreamSummary"], 1)

    def test_every_type_is_written_as_the_format_says(self):
        columns = "b BOOLEAN, i INT, d DOUBLE, m DECIMAL(10, 2), s STRING, y BYTES, dt DATE, t TIME(3), ts TIMESTAMP(3), tz TIMESTAMP_LTZ(3), a ARRAY<INT>"
        values = ("true, -7, 0.1, 12.50, 'it''s \"é\"', '\\x00\\xFF'::BLOB, DATE '2026-08-01', TIME '13:00:00.5', TIMESTAMP '2026-08-01 00:00:00.12', "
                  "TIMESTAMPTZ '2026-08-01 02:00:00+02', [1, NULL]")
        self.insert(table(columns), f"INSERT INTO gates SELECT {values}")
        [record] = self.records()
        self.assertEqual(json.loads(record["Data"]), {"b": True, "i": -7, "d": 0.1, "m": 12.5, "s": 'it\'s "é"', "y": "AP8=", "dt": "2026-08-01", "t": "13:00:00.5",
                                                      "ts": "2026-08-01 00:00:00.12", "tz": "2026-08-01 00:00:00Z", "a": [1, None]})
        self.assertIn(b'"m":12.50', record["Data"])

    def test_csv_and_partitioned_by(self):
        ddl = table("gate_id STRING, hour_no INT, note STRING", "PARTITIONED BY (gate_id, hour_no)|, 'sink.partitioner-field-delimiter' = ';'", "csv")
        self.insert(ddl, "INSERT INTO gates VALUES ('north-1', 7, 'a, \"b\"'), ('south', 8, NULL)", "INSERT INTO gates PARTITION (gate_id = 'east') SELECT 9, 'x'")
        found = {record["PartitionKey"]: next(csv.reader(io.StringIO(record["Data"].decode()))) for record in self.records()}
        self.assertEqual(found, {"north-1;7": ["north-1", "7", 'a, "b"'], "south;8": ["south", "8", ""], "east;9": ["east", "9", "x"]})

    def test_a_stream_without_a_declaration_takes_key_and_bytes(self):
        attach = f"ATTACH '{REGION}' AS k (TYPE kinesis)"
        self.insert("SELECT 1;", attach, "INSERT INTO k.gates (_partition_key, _data) VALUES ('mine', 'abc'::BLOB)", "INSERT INTO k.gates (_data) VALUES ('def'::BLOB)")
        found = {record["Data"]: record["PartitionKey"] for record in self.records()}
        self.assertEqual(found[b"abc"], "mine")
        self.assertRegex(found[b"def"], "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-")

    def test_a_key_and_a_hash_of_the_users_own_go_with_the_record(self):
        ddl = table("id BIGINT, k STRING METADATA FROM 'partition-key', h STRING METADATA FROM 'explicit-hash-key'")
        self.insert(ddl, "INSERT INTO gates VALUES (1, 'a', '0'), (2, 'a', '340282366920938463463374607431768211455'), (3, 'b', NULL)")
        shard_of = {json.loads(data)["id"]: name for name, shard in self.fake.streams["gates"].shards.items() for _, _, data, _ in shard.records}
        self.assertEqual((shard_of[1], shard_of[2]), (min(self.fake.streams["gates"].shards), max(self.fake.streams["gates"].shards)), "by the hash, not by the key")
        self.assertEqual({json.loads(record["Data"])["id"]: record["PartitionKey"] for record in self.records()}, {1: "a", 2: "a", 3: "b"})
        self.assertGreater(self.fake.judged["PutRecords"], 0)

    def test_what_is_written_is_read_back_by_the_table_itself(self):
        done = self.insert(table("id BIGINT, name STRING"), "INSERT INTO gates SELECT range, 'n' || range FROM range(100)", "SELECT count(*) AS n, sum(id) AS total, max(name) AS last FROM gates")
        self.assertEqual(json.loads(done.stdout.splitlines()[-1]), {"n": 100, "total": 4950, "last": "n99"})

    def test_a_lost_answer_is_an_error_that_says_what_is_unknown(self):
        self.fake.script("PutRecords", "cut")
        done = self.run_sql(table("id BIGINT"), "INSERT INTO gates SELECT range FROM range(20)")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("20", done.stderr)
        self.assertIn("unknown", done.stderr)
        self.assertEqual(len(self.records()), 20, "they were written, and not written again")

    def test_a_row_that_is_too_large_is_named(self):
        done = self.run_sql(table("s STRING"), "INSERT INTO gates SELECT repeat('x', CASE WHEN range = 3 THEN 2000000 ELSE 10 END) FROM range(5)")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("row 4", done.stderr)


if __name__ == "__main__":
    unittest.main()
