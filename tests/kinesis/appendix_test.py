#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tables of testdata/catalog/examples.sql over a fake Kinesis, with what users ask of them: appendix_test.py LOTIC."""

import collections
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

from fake_kinesis import REGION, FakeKinesis, Stream

LOTIC = sys.argv[1]
del sys.argv[1:2]
EXAMPLES = pathlib.Path(__file__).parents[2] / "testdata" / "catalog" / "examples.sql"
GATES = ["north-1", "north-2", "south-1"]


def stamp(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


class Appendix(unittest.TestCase):
    def setUp(self):
        self.fake = FakeKinesis()
        self.addCleanup(self.fake.close)
        for name in ("turnstiles", "gate-hours", "gates-out", "every", "odd"):
            self.fake.streams[name] = Stream(name, shards=2)
        self.now = int(time.time())
        self.passed = []  # (gate, passengers, hour, arrival)
        for i in range(60):  # 40 three hours ago, 20 in the last minutes
            gate, passengers, arrival = GATES[i % 3], i, self.now - (10_800 if i < 40 else 300) + i
            self.passed.append((gate, passengers, i % 24, arrival))
            self.fake.streams["turnstiles"].put(i % 2, {"gate_id": gate, "direction": "in", "passengers": passengers, "passed_at": f"2026-08-01T{i % 24:02d}:00:00.5"}, arrival)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        text = EXAMPLES.read_text(encoding="utf-8").replace("eu-west-1", REGION)
        self.statements = re.findall(r"^CREATE .*?;$", text, re.M | re.S | re.I)
        self.ddl = self.folder / "tables.sql"
        self.plugin = [statement for statement in self.statements if "org.example" in statement]
        self.ddl.write_text("\n".join(statement for statement in self.statements if statement not in self.plugin), encoding="utf-8")

    def lotic(self, *arguments):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "fake-secret", "AWS_ENDPOINT_URL_KINESIS": self.fake.url}
        return subprocess.run([LOTIC, "-f", str(self.ddl), *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, env=environment)

    def rows(self, *statements):
        done = self.lotic(*statements)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_all_are_declared_and_described(self):
        self.assertEqual(len(self.statements), 14)
        for statement in self.statements:
            if statement in self.plugin:
                continue
            name = self.name_of(statement)
            with self.subTest(name):
                shown = self.rows(f"DESCRIBE {name}")
                self.assertGreater(len(shown), 1)
        self.assertEqual(self.fake.operations, [], "nothing is asked of the service until a table is used")

    def test_show_create_table_pasted_back_gives_the_same_describe(self):
        declared = self.ddl.read_text(encoding="utf-8")
        for statement in self.statements:
            if statement in self.plugin:
                continue
            name = self.name_of(statement)
            with self.subTest(name):
                self.ddl.write_text(declared, encoding="utf-8")
                described = self.rows(f"DESCRIBE {name}")
                [shown] = self.rows(f"SHOW CREATE TABLE {name}")
                self.ddl.write_text(shown["create_table"] + ";", encoding="utf-8")
                self.assertEqual(self.rows(f"DESCRIBE {name}"), described)
                self.assertEqual(self.rows(f"SHOW CREATE TABLE {name}"), [shown])

    @staticmethod
    def name_of(statement):
        return re.search(r"CREATE (?:temporary )?TABLE (?:IF NOT EXISTS )?(`(?:[^`]|``)*`|[\w.]+)", statement, re.I)[1]

    def test_1_the_old_names(self):
        sums = collections.Counter()
        for gate, passengers, _, _ in self.passed:
            sums[gate] += passengers
        rows = self.rows("SELECT gate_id, SUM(passengers) AS s FROM turnstiles GROUP BY gate_id ORDER BY 1")
        self.assertEqual({row["gate_id"]: int(row["s"]) for row in rows}, dict(sums))

    def test_2_the_new_names_and_a_start(self):
        [row] = self.rows("SELECT count(*) AS n, min(passed_at)::VARCHAR AS first FROM turnstiles_new")
        expected = sum(arrival >= datetime.datetime(2026, 8, 1, tzinfo=datetime.timezone.utc).timestamp() for *_, arrival in self.passed)
        self.assertEqual(row["n"], expected)

    def test_3_a_time_range_is_pushed_and_nothing_but_metadata_is_read(self):
        for since, expected in ((self.now - 3_600, 20), (self.now - 20_000, 60)):
            where = f"WHERE arrived >= TIMESTAMP '{stamp(since)}'"
            rows = self.rows(f"SELECT shard, COUNT(*) AS n FROM turnstiles_meta {where} GROUP BY shard ORDER BY 1")
            self.assertEqual(rows, [{"shard": f"shardId-{number:012d}", "n": expected // 2} for number in range(2)])
        self.is_pushed(f"arrived >= TIMESTAMP '{stamp(self.now - 3_600)}'")
        for condition in (f"arrived > TIMESTAMP '{stamp(self.now - 3_600)}.0005'", f"arrived BETWEEN TIMESTAMP '{stamp(self.now - 3_600)}' AND TIMESTAMP '{stamp(self.now + 60)}'",
                          f"TIMESTAMP '{stamp(self.now - 3_600)}.000999' < arrived"):
            self.assertEqual(self.rows(f"SELECT count(*) AS n FROM turnstiles_meta WHERE {condition}"), [{"n": 20}], condition)
            self.is_pushed(condition)
        exact = self.passed[50][3]
        self.assertEqual(self.rows(f"SELECT passengers, crowd FROM turnstiles_meta WHERE arrived = TIMESTAMP '{stamp(exact)}'"), [{"passengers": 50, "crowd": True}])
        self.assertEqual(self.rows(f"SELECT passengers FROM turnstiles_meta WHERE arrived = TIMESTAMP '{stamp(exact)}.0005'"), [], "no arrival lies between two milliseconds")

    def is_pushed(self, condition):
        plan = self.lotic(f"EXPLAIN SELECT shard FROM turnstiles_meta WHERE {condition}")
        self.assertEqual(plan.returncode, 0, plan.stderr)
        self.assertIn("AT_TIMESTAMP", plan.stdout)
        self.assertNotIn("TRIM_HORIZON", plan.stdout, condition)
        self.assertNotIn("Not pushed", plan.stdout, condition)

    def test_7_a_plug_in_is_refused_with_those_that_there_are(self):
        self.ddl.write_text("\n".join(self.plugin), encoding="utf-8")
        done = self.lotic("SELECT 1")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("'org.example.GatePartitioner' is no partitioner here; fixed and random are", done.stderr)

    def test_4_and_5_fan_out_is_declared_and_not_read(self):
        for table in ("turnstiles_lazy", "turnstiles_eager", "turnstiles_given"):
            done = self.lotic(f"FROM {table}")
            self.assertNotEqual(done.returncode, 0)
            self.assertRegex(done.stderr, "(?i)fan-out")

    def test_6_the_partition_key_is_made_of_columns(self):
        self.rows("INSERT INTO gate_hours SELECT gate_id, CAST(HOUR(passed_at) AS INT), passengers FROM turnstiles")
        self.rows("INSERT INTO gate_hours PARTITION (gate_id = 'north-1') SELECT CAST(HOUR(passed_at) AS INT), passengers FROM turnstiles WHERE gate_id = 'north-1'")
        found = collections.Counter((key, data.decode()) for shard in self.fake.streams["gate-hours"].shards.values() for _, key, data, _ in shard.records)
        expected = collections.Counter()
        for gate, passengers, hour, _ in self.passed:
            expected[f"{gate};{hour}", f"{gate},{hour},{passengers}"] += 2 if gate == "north-1" else 1
        self.assertEqual(found, expected)

    def test_7_to_9_writers_and_a_hint(self):
        self.rows("INSERT INTO gates_fixed SELECT gate_id, passengers FROM turnstiles LIMIT 5")
        done = self.lotic("INSERT INTO gates_old SELECT gate_id, passengers FROM turnstiles LIMIT 7")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("aggregation-enabled", done.stderr, "ignored with a warning")
        self.assertEqual(sum(len(shard.records) for shard in self.fake.streams["gates-out"].shards.values()), 12)
        done = self.lotic("SELECT * FROM turnstiles_role")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("by assume role, which the configuration asks for, are not built yet", done.stderr)
        done = self.lotic("SELECT * FROM turnstiles /*+ OPTIONS('scan.stream.initpos' = 'LATEST') */ LIMIT 10")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 10)
        self.assertIn("from LATEST it would find nothing", done.stderr)


if __name__ == "__main__":
    unittest.main()
