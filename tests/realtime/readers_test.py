#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who else reads the tables of a running owner: the shell, joined with topics; the Python package; another engine, its sealed segments.
readers_test.py LOTIC DEMO_BROKER LIBRARY SOURCE DEPS. LIBRARY: liblotic.so."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import server

LOTIC, DEMO_BROKER, LIBRARY, SOURCE, DEPS = sys.argv[1:6]
del sys.argv[1:6]
PYARROW = next(iter(sorted(pathlib.Path(DEPS).glob("pyarrow-*"))), None)
if PYARROW is None:
    print("skipped: no pyarrow here (scripts/setup --test brings it)")
    sys.exit(77)
sys.path.insert(0, str(PYARROW))

import pyarrow.compute  # noqa: E402
import pyarrow.parquet  # noqa: E402

PACKAGE = """
import json, sys
import lotic
reader = lotic.connect(sys.argv[1], sys.argv[2]).read("events", columns=["count"], filter=sys.argv[3], schema="default")
counts = [row["count"] for batch in reader for row in batch.to_pylist()]
print(json.dumps([len(counts), sum(counts), all(each["complete"] for each in reader.certificates()), len(reader.certificates())]))
"""


class ReadersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="lotic-readers."))
        cls.brokers = cls.enterClassContext(server.Broker(DEMO_BROKER)).address
        cls.data = pathlib.Path(cls.folder, "data")
        cls.serve = cls.enterClassContext(server.Serve(LOTIC, cls.data, "-q"))
        made = cls.serve.ask("POST", "/tableConfigs", {"tableName": "events", "schema": server.SCHEMA, "realtime": server.table(cls.brokers)})
        assert made.status == 200, made.body
        [[cls.rows]] = cls.shell("SELECT count(*)::BIGINT FROM kafka.events")
        server.wait_for("the rows", lambda: cls.serve.rows("select count(*) from events") == [[cls.rows]])
        # Partition 0 is sealed, the others are consuming.
        job = cls.serve.ask("POST", "/tables/events/forceCommit?partitions=0").json["forceCommitJobId"]
        server.wait_for("the commit", lambda: cls.serve.ask("GET", f"/tables/forceCommitStatus/{job}").json["numberOfSegmentsYetToBeCommitted"] == 0)

    @classmethod
    def shell(cls, sql):
        done = subprocess.run([LOTIC, "-q", "-b", cls.brokers, "--data", cls.data, "--format", "json", sql], stdin=subprocess.DEVNULL, check=True, capture_output=True, text=True, timeout=server.PATIENCE)
        return [list(row.values()) for row in json.loads(done.stdout)]

    def test_the_shell_joins_a_table_with_its_topic(self):
        joined = """SELECT count(*)::BIGINT, sum(t.count - k.count)::BIGINT FROM tables.events t
                    JOIN kafka.events k ON k._partition_id = t."$partitionId" AND k._partition_offset = t."$offset" AND k.uuid = t.uuid"""
        self.assertEqual(self.shell(joined), [[self.rows, 0]])
        self.assertEqual(self.shell("SELECT count(*)::BIGINT FROM tables.events WHERE ts > now() - INTERVAL 100 YEAR"), [[self.rows]])

    def build_package(self):
        """@return the variables with which Python finds the package, and nothing else of this build."""
        source, built = os.path.join(self.folder, "python"), os.path.join(self.folder, "built")
        shutil.copytree(pathlib.Path(SOURCE, "python"), source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
        subprocess.run([sys.executable, "-W", "ignore", "setup.py", "-q", "build", "--build-lib", built], cwd=source, check=True, capture_output=True, env=dict(os.environ, LOTIC_LIBRARY=LIBRARY), timeout=120)
        environment = {name: value for name, value in os.environ.items() if name not in ("LOTIC_LIBRARY", "LOTIC_SQL_LIBRARY")}
        return dict(environment, PYTHONPATH=os.pathsep.join([built, str(PYARROW)]), PYTHONDONTWRITEBYTECODE="1")

    def test_the_python_package_reads_sealed_and_consuming_segments(self):
        environment = self.build_package()
        spill = pathlib.Path(self.folder, "spill")
        spill.mkdir()
        function = subprocess.Popen([LOTIC, "lambda", "local", "tables", "-q", "--env", f"data={self.data}", "--env", f"spill_bucket=file://{spill}"],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(function.communicate, timeout=server.PATIENCE)
        self.addCleanup(function.terminate)
        for connector, path in (("tables", str(self.data)), ("athena", function.stdout.readline().strip())):
            for condition in ("count >= 0", "count > 500"):
                with self.subTest(connector, condition=condition):
                    said = subprocess.run([sys.executable, "-c", PACKAGE, connector, path, condition], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=server.PATIENCE)
                    self.assertEqual(said.returncode, 0, said.stderr)
                    count, total, complete, splits = json.loads(said.stdout)
                    self.assertEqual([[count, float(total)]], self.serve.rows(f"select count(*), sum(count) from events where {condition}"))
                    self.assertTrue(complete)
                    self.assertGreaterEqual(splits, 1)

    def test_sealed_segments_are_parquet_for_another_engine(self):
        files = sorted(self.data.glob("tables/events_REALTIME/p0/*.parquet"))
        self.assertEqual(len(files), 1)
        read = pyarrow.parquet.read_table(files[0])
        self.assertEqual(sorted(read.column_names), ["$offset", "$timestamp", "count", "ts", "uuid"])
        [[rows, total, least, most]] = self.serve.rows("select count(*), sum(count), min($offset), max($offset) from events where $partitionId = 0")
        self.assertEqual((read.num_rows, float(pyarrow.compute.sum(read["count"]).as_py())), (rows, total))
        self.assertEqual((pyarrow.compute.min(read["$offset"]).as_py(), pyarrow.compute.max(read["$offset"]).as_py()), (int(least), int(most)))
        [[uuid, at]] = self.serve.rows(f"select uuid, $timestamp from events where $partitionId = 0 and $offset = {int(most)}")
        last = read.filter(pyarrow.compute.equal(read["$offset"], int(most))).to_pylist()[0]
        self.assertEqual(last["uuid"], uuid)
        self.assertTrue(last["$timestamp"].isoformat(" ").startswith(at[:19]), (last, at))


if __name__ == "__main__":
    unittest.main()
