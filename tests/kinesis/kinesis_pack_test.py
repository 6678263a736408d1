#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""boto3 writes while shards are split and merged; the shell, a reading through Athena's protocol and an endless reader return each record once, the
endless one in order per key; and boto3 reads what the shell inserts.

kinesis_pack_test.py fake|local LOTIC ENDLESS_READER DEPS, with PYTHONPATH leading to boto3 (scripts/setup --test). `fake` is our own fake, with
faults of every kind meanwhile, and botocore judges every request; `local` is the npm package kinesis-local.
"""

import collections
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "aws"))

try:
    import boto3
    import botocore.config
except ImportError as missing:
    print(f"skipped: {missing}; scripts/setup --test fetches boto3")
    sys.exit(77)

from botocore_judge import Judge  # noqa: E402
import fake_kinesis  # noqa: E402
from fake_kinesis import KEYS, REGION, FakeKinesis, Stream  # noqa: E402
from kinesis_local import KinesisLocal  # noqa: E402

SERVICE, LOTIC, READER, DEPS = sys.argv[1:5]
del sys.argv[1:5]
[(KEY, (SECRET, _))] = KEYS.items()
FULL = os.environ.get("LOTIC_SIZE") == "full"
KEYS_A_REQUEST = 500  # each once in a request: the service promises no order inside one
RESHARDS = 12
STREAM = "clicks"
PATIENCE = 1_200 if FULL else 280  # seconds


def environment():
    made = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return dict(made, AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET, AWS_REGION=REGION)


def client(url):
    return boto3.client("kinesis", region_name=REGION, endpoint_url=url, aws_access_key_id=KEY, aws_secret_access_key=SECRET,
                        config=botocore.config.Config(retries={"max_attempts": 3}))


def shards_of(kinesis):
    found, more = [], {"StreamName": STREAM}
    while more:
        page = kinesis.list_shards(**more)
        found += page["Shards"]
        more = {"NextToken": page["NextToken"]} if page.get("NextToken") else None
    return found


def wait_until_active(kinesis):
    deadline = time.monotonic() + 30
    while kinesis.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]["StreamStatus"] != "ACTIVE":
        if time.monotonic() > deadline:
            raise AssertionError("the stream does not become ACTIVE")
        time.sleep(0.05)  # the API has no other way to wait


class Writer:
    """Puts `requests` times one record for each key, numbered per key, and reshards in between."""

    def __init__(self, kinesis, service):
        self.kinesis, self.shards, self.requests, self.between = kinesis, service.SHARDS, service.REQUESTS, service.between
        self.random = random.Random(SERVICE)
        self.acknowledged = 0
        self.failure = None

    def put(self, number):
        records = [{"Data": json.dumps({"k": key, "n": number, "text": "x" * (key % 50)}).encode(), "PartitionKey": f"k{key}"} for key in range(KEYS_A_REQUEST)]
        while records:
            answer = self.kinesis.put_records(StreamName=STREAM, Records=records)
            records = [record for record, done in zip(records, answer["Records"]) if "ErrorCode" in done]
        self.acknowledged += KEYS_A_REQUEST

    def reshard(self):
        still = [shard for shard in shards_of(self.kinesis) if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
        still.sort(key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
        at = self.random.randrange(len(still))
        if len(still) < self.shards + 4 and (len(still) <= self.shards or self.random.random() < 0.6):
            ends = still[at]["HashKeyRange"]
            middle = (int(ends["StartingHashKey"]) + int(ends["EndingHashKey"])) // 2 + 1
            self.kinesis.split_shard(StreamName=STREAM, ShardToSplit=still[at]["ShardId"], NewStartingHashKey=str(middle))
        else:
            at = min(at, len(still) - 2)
            self.kinesis.merge_shards(StreamName=STREAM, ShardToMerge=still[at]["ShardId"], AdjacentShardToMerge=still[at + 1]["ShardId"])
        wait_until_active(self.kinesis)

    def run(self):
        try:
            for number in range(self.requests):
                self.put(number)
                self.between(number)
                if number % max(1, self.requests // RESHARDS) == 1:
                    self.reshard()
        except BaseException as failure:  # seen by the test's thread
            self.failure = failure


fake_kinesis.SHARDS_PER_PAGE = 5  # so that lists have several pages


class OwnFake:
    FAULTS = ["throttle", "expired", "cut", "repeat", "empty", "failure"]
    SHARDS = 2
    REQUESTS = 400 if FULL else 40

    def __init__(self):
        self.fake = FakeKinesis()
        self.url = self.fake.url
        self.fake.judge = Judge(KEY, SECRET, region=REGION).check
        self.fake.skew = -240  # the service's clock is four minutes behind ours
        self.random = random.Random(7)

    def between(self, number):
        """Every fourth call fails, or every third of GetRecords: seldom five of one caller in a row. Goes on when the readers have read on."""
        if not self.fake.scripts["GetRecords"]:
            self.fake.script("GetRecords", self.random.choice(self.FAULTS), None, None)
        for operation in ("GetShardIterator", "ListShards"):
            if not self.fake.scripts[operation]:
                self.fake.script(operation, self.random.choice(["limit", "cut", "failure"]), None, None, None)
        wanted = self.fake.operations.count("GetRecords") + (1 if FULL else 3)
        deadline = time.monotonic() + 20
        while self.fake.operations.count("GetRecords") < wanted and time.monotonic() < deadline:
            time.sleep(0.005)

    def close(self):
        self.fake.close()


class Local(KinesisLocal):
    SHARDS = 48 if FULL else 24  # for every record it works through the whole shard
    REQUESTS = 400 if FULL else 40

    def __init__(self):
        super().__init__(DEPS)

    def between(self, number):
        pass


class Pack(unittest.TestCase):
    def setUp(self):
        self.service = {"fake": OwnFake, "local": Local}[SERVICE]()
        self.addCleanup(self.service.close)
        self.kinesis = client(self.service.url)
        self.kinesis.create_stream(StreamName=STREAM, ShardCount=self.service.SHARDS)
        wait_until_active(self.kinesis)

    def shell(self, statement):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "certificate.json")
            done = subprocess.run([LOTIC, "--certificate", str(path), f"ATTACH 'us-east-1' AS k (TYPE kinesis, ENDPOINT '{self.service.url}')", statement],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, env=environment())
            self.assertEqual(done.returncode, 0, done.stderr)
            [table] = json.loads(path.read_text())["tables"]
            self.assertTrue(table["complete"], table)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def athena(self):
        """(key, number) of every record, as Athena's protocol gives them: one call for each shard, what is large spilled."""
        with tempfile.TemporaryDirectory() as spill:
            words = [word for pair in (f"kinesis_endpoint={self.service.url}", f"spill_bucket=file://{spill}") for word in ("--env", pair)]
            function = subprocess.Popen([LOTIC, "lambda", "local", "kinesis", "-q", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=environment())
            try:
                url = function.stdout.readline().strip()
                done = subprocess.run([LOTIC, "athena", "read", "--target", url, "--schema", "default", "--table", STREAM, "--columns", "k,n", "--block-bytes", "100000",
                                       "--inline-bytes", "100000"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, env=environment())
            finally:
                function.terminate()
                function.communicate(timeout=20)
            self.assertEqual(done.returncode, 0, done.stderr)
        return [(row["k"], row["n"]) for row in map(json.loads, done.stdout.splitlines())]

    def test_every_reader_returns_each_record_once_and_the_endless_one_in_order_per_key(self):
        writer = Writer(self.kinesis, self.service)
        total = writer.requests * KEYS_A_REQUEST
        writer.put(0)  # a sample for the columns
        writer.acknowledged = 0
        first = KEYS_A_REQUEST
        thread = threading.Thread(target=writer.run, daemon=True)
        thread.start()
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
            endless = subprocess.Popen([READER, self.service.url, STREAM, str(total + first), "5"], stdin=subprocess.DEVNULL, stdout=out, stderr=errors, env=environment())
            self.addCleanup(lambda: (endless.kill(), endless.wait()))
            before = writer.acknowledged  # while it is written: what was acknowledged before is there, and nothing twice
            [row] = self.shell("SELECT count(*) AS n, count(DISTINCT n * 1000 + k) AS one FROM k.clicks")
            self.assertGreaterEqual(row["n"], before + first)
            self.assertEqual(row["n"] - row["one"], first)
            thread.join(PATIENCE)
            self.assertFalse(thread.is_alive(), "the writer takes too long")
            if writer.failure:
                raise writer.failure
            [row] = self.shell("SELECT count(*) AS n, count(DISTINCT n * 1000 + k) AS one, count(DISTINCT _shard_id) AS shards, "
                               "count(DISTINCT _shard_id || _sequence_number) AS numbers, sum(length(text)) AS length FROM k.clicks")
            shards = shards_of(self.kinesis)
            self.assertGreater(len(shards), RESHARDS, "they have been split and merged")
            self.assertLessEqual(row.pop("shards"), len(shards), "one that was soon split again may hold nothing")
            self.assertEqual(row, {"n": total + first, "one": total, "numbers": total + first,
                                   "length": (writer.requests + 1) * sum(key % 50 for key in range(KEYS_A_REQUEST))})
            wanted = collections.Counter((key, number) for number in range(writer.requests) for key in range(KEYS_A_REQUEST))
            wanted.update((key, 0) for key in range(KEYS_A_REQUEST))  # the sample has the first one's numbers
            self.assertEqual(collections.Counter(self.athena()), wanted)
            code = endless.wait(PATIENCE)
            errors.seek(0)
            self.assertEqual(code, 0, errors.read())
            out.seek(0)
            self.check_order(out, writer.requests)
        if SERVICE == "fake":
            self.assertEqual(self.service.fake.wrong, [])
            for operation in ("DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords"):
                self.assertGreater(self.service.fake.judged[operation], 0, operation)

    def test_boto3_reads_back_what_the_shell_inserts(self):
        if SERVICE == "fake":
            self.service.fake.scripts.clear()
        done = subprocess.run([LOTIC, f"ATTACH 'us-east-1' AS k (TYPE kinesis, ENDPOINT '{self.service.url}')",
                               f"INSERT INTO k.{STREAM} (_data, _partition_key) SELECT encode('row-' || i), 'key-' || (i % 40) FROM range(1200) t(i)"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, env=environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1200", done.stdout)
        found = collections.Counter()
        for shard in shards_of(self.kinesis):
            iterator = self.kinesis.get_shard_iterator(StreamName=STREAM, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
            while iterator:
                page = self.kinesis.get_records(ShardIterator=iterator)
                found.update((record["Data"].decode(), record["PartitionKey"]) for record in page["Records"])
                iterator = page.get("NextShardIterator") if page["Records"] else None
        self.assertEqual(found, collections.Counter((f"row-{i}", f"key-{i % 40}") for i in range(1200)))

    @unittest.skipIf(SERVICE != "fake", "the fake asks botocore")
    def test_lists_and_filters_are_requests_that_botocore_knows(self):
        fake = self.service.fake
        for number in range(1_100):  # two pages of names
            fake.streams[f"other-{number:04d}"] = Stream(f"other-{number:04d}", shards=1)
        stream = fake.streams[STREAM] = Stream(STREAM, shards=12)  # three pages of shards
        for number in range(24):
            stream.put(number % 12, {"n": number}, fake.now() - 60)
        bodies = []
        judge = fake.judge

        def keep(method, target, headers, body):
            operation = judge(method, target, headers, body)[1]
            bodies.append((operation, json.loads(body)))

        fake.judge = keep
        done = subprocess.run([LOTIC, f"ATTACH 'us-east-1' AS k (TYPE kinesis, ENDPOINT '{self.service.url}')", "SELECT count(*) AS n FROM (SHOW TABLES FROM k)",
                               f"SELECT count(*) AS n FROM k.{STREAM} WHERE _arrival_timestamp > now() - INTERVAL 50 MINUTES"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, env=environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([json.loads(line)["n"] for line in done.stdout.splitlines()], [1_101, 24])
        self.assertEqual(fake.wrong, [])
        asked = collections.defaultdict(set)
        for operation, body in bodies:
            asked[operation] |= set(body)
        self.assertLessEqual({"Limit", "ExclusiveStartStreamName"}, asked["ListStreams"])
        self.assertLessEqual({"ShardFilter", "NextToken"}, asked["ListShards"])

    def check_order(self, lines, requests):
        numbers = collections.defaultdict(list)
        seen = set()
        for line in lines:
            shard, sequence, key, data = line.rstrip("\n").split("\t")
            self.assertNotIn((shard, sequence), seen, "a record came twice")
            seen.add((shard, sequence))
            value = json.loads(data)
            self.assertEqual(key, f"k{value['k']}")
            numbers[key].append(value["n"])
        self.assertEqual(len(numbers), KEYS_A_REQUEST)
        for key, found in numbers.items():
            self.assertEqual(found, [0, *range(requests)], f"out of order: {key}")


if __name__ == "__main__":
    unittest.main()
