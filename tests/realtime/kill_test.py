#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nothing lost, nothing doubled: kill_test.py LOTIC.

Real Kafka, transactions (some aborted), and `lotic serve` that is killed at random moments and at each named point of commit and seal, while the broker restarts, a partition is added and the
disk is full for a while. Queries run all the while: no row twice, no row that vanishes. At the end the rows are those of Java's consumer. LOTIC_SIZE=full: 2 M records, 200 kills.
"""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LAB = HERE.parent / "kafka" / "lab" / "kafka-lab.sh"
VERSION = "4.4.0"
FULL = os.environ.get("LOTIC_SIZE") == "full"
RECORDS, KILLS = (2_000_000, 200) if FULL else (80_000, 10)
PARTITIONS = 4
EXTRA = 200  # records for each of SURE
SURE = ["store.append.before_publish", "store.append.after_publish", "store.sync.before_durable", "store.roll.after_record", "store.seal.before_rename", "store.seal.after_record"]
if FULL:
    SURE += ["store.append.before_write", "store.sync.before", "store.roll.before_sync", "store.roll.before_record", "store.segment.before_create", "store.segment.after_create",
             "store.seal.before_write", "store.seal.before_sync", "store.seal.before_record", "store.journal.before_sync", "store.journal.before_publish", "store.journal.between_copies", "store.journal.after"]
PATIENCE = 120  # seconds for anything that has to come
NO_SPACE = 28

LOTIC = sys.argv[1]
del sys.argv[1:2]
if not (pathlib.Path(os.environ["LOTIC_DEPS"]) / f"kafka-{VERSION}").is_dir():
    print("skipped: Apache Kafka is not there (scripts/setup --test brings it)")
    sys.exit(77)

SCHEMA = {"schemaName": "events", "dimensionFieldSpecs": [{"name": "id", "dataType": "LONG"}, {"name": "text", "dataType": "STRING"}, {"name": "__metadata$partition", "dataType": "INT"},
                                                          {"name": "__metadata$offset", "dataType": "LONG"}],
          "metricFieldSpecs": [{"name": "v", "dataType": "LONG"}],
          "dateTimeFieldSpecs": [{"name": "ts", "dataType": "LONG", "format": "1:MILLISECONDS:EPOCH", "granularity": "1:MILLISECONDS"}]}


def table(bootstrap):
    return {"tableName": "events", "tableType": "REALTIME", "tenants": {}, "metadata": {}, "segmentsConfig": {"timeColumnName": "ts", "replication": "1"}, "tableIndexConfig": {},
            "ingestionConfig": {"streamIngestionConfig": {"streamConfigMaps": [{
                "streamType": "kafka", "stream.kafka.topic.name": "events", "stream.kafka.broker.list": bootstrap, "stream.kafka.isolation.level": "read_committed",
                "stream.kafka.decoder.class.name": "org.apache.pinot.plugin.inputformat.json.JSONMessageDecoder", "stream.kafka.metadata.populate": "true",
                "stream.kafka.consumer.prop.auto.offset.reset": "smallest", "realtime.segment.flush.threshold.segment.rows": str(RECORDS // 20)}]}}}


def lab(*arguments):
    subprocess.run(["bash", str(LAB), *arguments], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def feed(*arguments):
    return subprocess.Popen(["bash", str(LAB), "java", VERSION, str(HERE / "Feed.java"), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def feed_now(*arguments):
    process = feed(*arguments)
    if process.wait() != 0:
        raise RuntimeError(f"Feed {arguments} failed")


class Serve:
    """`lotic serve` on one data directory, started again after each death."""

    def __init__(self, folder):
        self.data = folder / "data"
        self.log = open(folder / "serve.log", "ab")
        self.process = None
        self.broker = self.controller = ""

    def start(self, **environment):
        self.process = subprocess.Popen([LOTIC, "serve", "--data", str(self.data), "--controller-port", "0", "--broker-port", "0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True, env=dict(os.environ, **environment))
        lines = [self.process.stdout.readline() for _ in range(2)]
        if not all(lines):  # died before it was ready: a point that it passes while it recovers
            self.process.wait()
            return False
        self.controller, self.broker = (line.split()[-1].rstrip("/") for line in lines)
        return True

    def kill(self):
        self.process.kill()
        self.wait()

    def wait(self):
        self.process.wait(timeout=PATIENCE)
        self.process.stdout.close()

    def query(self, sql):
        body = json.dumps({"sql": sql, "queryOptions": "timeoutMs=60000"}).encode()
        with urllib.request.urlopen(urllib.request.Request(self.broker + "/query/sql", data=body, headers={"Content-Type": "application/json"}), timeout=90) as answer:
            return json.load(answer)


class Watcher:
    """Asks for the rows all the time: they never become fewer, and none is there twice."""

    SQL = "select count(*), sum(id), min(id) from events"

    def __init__(self, serve):
        self.serve, self.wrong, self.answers, self.most = serve, [], 0, 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.over.is_set():
            try:
                answer = self.serve.query(self.SQL)
            except (urllib.error.URLError, OSError, ValueError):
                self.over.wait(0.02)  # it is dead just now
                continue
            if answer.get("exceptions"):
                self.wrong.append(str(answer["exceptions"])[:500])
                continue
            count, total, least = answer["resultTable"]["rows"][0]
            self.answers += 1
            if count < self.most:
                self.wrong.append(f"{count} rows after {self.most}")
            if count > 0 and least < 0:
                self.wrong.append(f"a row of an aborted transaction: {least}")
            if not answer["certificate"]:
                self.wrong.append("an answer without a certificate")
            self.most = max(self.most, count)

    def end(self):
        self.over.set()
        self.thread.join()


class NothingLostNothingDoubled(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lotic-kill."))
        self.kafka = self.folder / "kafka"
        lab("start", VERSION, str(self.kafka))
        self.passed, self.exit_code = False, None
        self.addCleanup(self.remove_folder)
        self.addCleanup(lab, "stop", str(self.kafka))
        self.bootstrap = re.search(r"^BOOTSTRAP='?([^'\n]*)", (self.kafka / "env").read_text(), re.M)[1]
        feed_now("create", self.bootstrap, "events", PARTITIONS)
        self.serve = Serve(self.folder)
        self.addCleanup(self.end_serve)
        self.random = random.Random(20261130)

    def end_serve(self):
        self.exit_code = self.serve.process and self.serve.process.poll()
        if self.serve.process is not None and self.serve.process.poll() is None:
            self.serve.kill()
        self.serve.log.close()

    def remove_folder(self):
        if self.passed:
            shutil.rmtree(self.folder)
        else:
            print(f"what is left of it: {self.folder}; the server's exit code: {self.exit_code}", file=sys.stderr)

    def add_table(self):
        schema, config = self.folder / "schema.json", self.folder / "table.json"
        schema.write_text(json.dumps(SCHEMA))
        config.write_text(json.dumps(table(self.bootstrap)))
        port = self.serve.controller.rsplit(":", 1)[1]
        subprocess.run([LOTIC, "AddTable", "-schemaFile", str(schema), "-tableConfigFile", str(config), "-controllerPort", port, "-exec"], check=True, stdout=subprocess.DEVNULL)

    def points(self):
        """The named points of src/table, from the code."""
        names = set()
        for path in (ROOT / "src" / "table").glob("*.cc"):
            if not path.name.endswith("_test.cc"):
                names.update(re.findall(r'FaultPoint\("([a-z_.]+)"\)', path.read_text()))
        return sorted(names)

    def force_commit(self):
        try:
            urllib.request.urlopen(urllib.request.Request(self.serve.controller + "/tables/events/forceCommit", method="POST"), timeout=PATIENCE).close()
        except OSError:
            pass  # it died before it could answer

    def alive_for(self, seconds):
        """Whether the server still lived after so long: a random moment, or the death at a point that came before."""
        try:
            self.serve.process.wait(timeout=seconds)
            return False
        except subprocess.TimeoutExpired:
            return True

    def test_the_rows_are_those_of_javas_consumer(self):
        self.assertTrue(self.serve.start())
        self.add_table()
        producer = feed("fill", self.bootstrap, "events", RECORDS, 1)
        self.addCleanup(lambda: producer.poll() is None and producer.kill())
        watcher = Watcher(self.serve)
        self.addCleanup(watcher.end)
        points = self.points()
        self.assertGreater(len(points), 5, points)
        deaths = {point: 0 for point in points}
        broker_restarts, grown, filled = 2, False, False
        for kill in range(KILLS):
            if self.alive_for(self.random.uniform(0.05, 1.0)):
                self.serve.kill()
            else:
                self.serve.wait()
            if broker_restarts and kill >= KILLS * (3 - broker_restarts) // 4:
                broker_restarts -= 1
                lab("kill" if broker_restarts else "stop", str(self.kafka))
                lab("restart", str(self.kafka))
            if not grown and kill >= KILLS // 2:
                feed_now("grow", self.bootstrap, "events", PARTITIONS + 1)
                grown = True
            point = points[kill // 2 % len(points)]  # armed at every other kill
            if not filled and kill >= KILLS // 3:
                self.serve.start(LOTIC_FAIL_AT=f"file.write:20:{NO_SPACE}:40")
                filled = True
            elif kill % 2 == 0:
                self.serve.start(LOTIC_KILL_AT=f"{point}:{self.random.randrange(1, 4)}")
            else:
                self.serve.start()
            deaths[point] += self.serve.process.poll() == -signal.SIGKILL
        # What every commit and every seal passes, each on its own: some records more, then the segment is sealed; the server must die on the way.
        total = RECORDS
        for number, point in enumerate(SURE):
            if self.serve.process.poll() is None:
                self.serve.kill()
            if self.serve.start(LOTIC_KILL_AT=f"{point}:1"):
                feed_now("fill", self.bootstrap, "events", EXTRA, 100 + number)
                total += EXTRA
                self.force_commit()
                self.serve.wait()
            self.assertEqual(self.serve.process.returncode, -signal.SIGKILL, point)
            deaths[point] += 1
        if self.serve.process.poll() is None:
            self.serve.kill()
        self.assertTrue(self.serve.start())
        self.assertEqual(producer.wait(timeout=600), 0)

        expected = self.folder / "expected"
        feed_now("dump", self.bootstrap, "events", expected)
        wanted = {}
        for line in expected.read_text().splitlines():
            partition, offset, number, value = map(int, line.split())
            wanted[partition, offset] = (number, value)
        self.assertEqual(len(wanted), total)
        self.assertIsNone(self.serve.process.poll(), "the server has ended by itself")
        deadline = time.monotonic() + PATIENCE
        while self.serve.query("select count(*) from events")["resultTable"]["rows"][0][0] < total and time.monotonic() < deadline:
            time.sleep(0.1)
        answer = self.serve.query("select count(*), sum(v) from events")["resultTable"]["rows"][0]
        self.assertEqual(answer, [total, float(sum(value for _, value in wanted.values()))])
        answer = self.serve.query(f'select "__metadata$partition", "__metadata$offset", id, v from events limit {total * 2}')
        rows = answer["resultTable"]["rows"]
        self.assertEqual(len(rows), total)
        self.assertEqual({(row[0], row[1]): (row[2], row[3]) for row in rows}, wanted)
        watcher.end()
        self.assertEqual(watcher.wrong, [])
        self.assertGreater(watcher.answers, KILLS)
        print(f"{KILLS} kills and {len(points)} points, deaths at points: {deaths}; {watcher.answers} answers meanwhile", file=sys.stderr)
        self.passed = True


if __name__ == "__main__":
    unittest.main()
