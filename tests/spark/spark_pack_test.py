#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Spark reads through Lotic, on executors of its own: spark_pack_test.py LOTIC LIBRARY BROKER KAFKA SOURCE DEPS.

LOTIC: the command, whose answers Spark's must equal. BROKER: broker_main. KAFKA: kafka_main. One Spark for all cases: local-cluster[2,1,1024], with
the package built as pip builds it. Exit code 77: PySpark is not installed here.
"""

import collections
import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

LOTIC, LIBRARY, BROKER, KAFKA, SOURCE, DEPS = sys.argv[1:7]
del sys.argv[1:7]
PACKAGES = [next(iter(sorted(pathlib.Path(DEPS).glob(f"{name}-*"))), None) for name in ("pyspark", "pyarrow")]
if None in PACKAGES:
    print("no PySpark here: scripts/setup --test")
    sys.exit(77)

FOLDER = tempfile.TemporaryDirectory(prefix="lotic-spark-")
BUILT = os.path.join(FOLDER.name, "package")
PATIENCE = 240  # seconds that one job may take on a busy machine


def build_package():
    """The package as pip installs it, with the library inside."""
    source = os.path.join(FOLDER.name, "python")
    shutil.copytree(os.path.join(SOURCE, "python"), source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    subprocess.run([sys.executable, "-W", "ignore", "setup.py", "-q", "build", "--build-lib", BUILT], cwd=source, check=True, stdout=subprocess.DEVNULL,
                   env=dict(os.environ, LOTIC_LIBRARY=LIBRARY), timeout=120)


class Served:
    """A child program that prints its address and serves until its input ends."""

    def __init__(self, program):
        # The topics' small size holds every odd thing; the full one only more of each, which a comparison row by row does not need.
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ, LOTIC_SIZE="small"))
        self.address = self.process.stdout.readline().strip()

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer or answer.startswith("error"):
            raise AssertionError(f"{line}: {answer}")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait(120)
        self.process.stdout.close()


def setUpModule():
    global spark, certificate
    build_package()
    sys.path[:0] = [BUILT, *map(str, PACKAGES)]
    os.environ.update(
        PYTHONPATH=os.pathsep.join([BUILT, *map(str, PACKAGES)]),
        SPARK_HOME=str(PACKAGES[0] / "deps"),
        PYSPARK_PYTHON=sys.executable,
        SPARK_LOCAL_IP="127.0.0.1",
        SPARK_SCALA_VERSION="2.13",
        SPARK_LOCAL_DIRS=os.path.join(FOLDER.name, "local"),
        SPARK_WORKER_DIR=os.path.join(FOLDER.name, "worker"),
        PYTHONDONTWRITEBYTECODE="1",
    )
    for variable in ("LOTIC_LIBRARY", "LOTIC_SQL_LIBRARY"):  # executors find what the package brings
        os.environ.pop(variable, None)
    from pyspark.sql import SparkSession

    import lotic.spark

    certificate = lotic.spark.certificate
    spark = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.memory", "1g")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.warehouse.dir", os.path.join(FOLDER.name, "warehouse"))
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")  # failures come back as exceptions


def tearDownModule():
    spark.stop()
    FOLDER.cleanup()


def shell(address, sql, *options):
    """The rows of the command `lotic`."""
    done = subprocess.run([LOTIC, "-b", address, "--format", "jsonl", *options, sql], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


class Case(unittest.TestCase):
    maxDiff = None

    def certificates(self):
        return os.path.join(FOLDER.name, "certificates", self.id())

    def load(self, table=None, address=None, **options):
        reader = spark.read.format("lotic").option("connector", "kafka").option("kafka.bootstrap.servers", address or self.address).option("certificate", self.certificates())
        for name, value in options.items():
            reader = reader.option(name.replace("__", "."), value)
        return reader.load(table) if table else reader.load()

    def pushing(self, on):
        spark.conf.set("spark.sql.python.filterPushdown.enabled", str(on).lower())

    def rows(self, frame):
        return [row.asDict(recursive=True) for row in frame.collect()]


class OverTheEmbeddedBroker(Case):
    @classmethod
    def setUpClass(cls):
        cls.broker = Served(BROKER)
        cls.address = cls.broker.address

    @classmethod
    def tearDownClass(cls):
        cls.broker.close()

    def tearDown(self):
        self.pushing(False)

    GROUPS = "SELECT status, count(*) AS n, sum(order_id)::BIGINT AS ids, min(epoch_us(created_at)) AS first, max(epoch_us(created_at)) AS last FROM orders GROUP BY status"

    def groups(self, frame):
        return frame.groupBy("status").agg({"*": "count", "order_id": "sum"}).selectExpr("status", "`count(1)` AS n", "`sum(order_id)` AS ids")

    def expected_groups(self):
        return sorted(([row["status"], row["n"], row["ids"]] for row in shell(self.address, self.GROUPS)), key=str)

    def got_groups(self, frame):
        return sorted(([row["status"], row["n"], row["ids"]] for row in self.rows(self.groups(frame))), key=str)

    def test_the_answer_is_the_shells_with_and_without_pushed_filters(self):
        expected = shell(self.address, self.GROUPS.replace("FROM orders", "FROM orders WHERE amount > 50 AND status IN ('paid', 'shipped')"))
        for on in (False, True):
            with self.subTest(pushed=on):
                self.pushing(on)
                frame = self.load("orders").where("amount > 50 AND status IN ('paid', 'shipped')").groupBy("status")
                from pyspark.sql import functions as f

                got = frame.agg(f.count("*").alias("n"), f.sum("order_id").alias("ids"), f.min(f.unix_micros("created_at")).alias("first"), f.max(f.unix_micros("created_at")).alias("last"))
                self.assertEqual(sorted(self.rows(got), key=str), sorted(expected, key=str))
        tables = certificate(self.certificates())["tables"]
        self.assertEqual([table["complete"] for table in tables], [True, True])
        filtered = [sum(each["records"]["filtered"] for each in table["partitions"]) for table in tables]
        self.assertEqual(filtered[0], 0)
        self.assertGreater(filtered[1], 0)
        ends = [int(self.broker.ask(f"end orders {partition}")) for partition in range(4)]
        for table in tables:
            self.assertEqual([(each["partition"], each["read"]) for each in table["partitions"]], [(i, {"start": 0, "end": end}) for i, end in enumerate(ends)])

    def test_explain_says_what_was_pushed_and_what_is_left(self):
        import contextlib
        import io

        self.pushing(True)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            self.load("orders").where("amount > 50 AND status LIKE 'p%' AND customer.city <> 'Oslo'").explain("formatted")
        pushed = next(line for line in said.getvalue().splitlines() if "PushedFilters" in line)
        self.assertIn("amount", pushed)
        self.assertIn("STARTS_WITH" if "STARTS_WITH" in pushed else "status", pushed)
        self.assertNotIn("city", pushed)
        left = next(line for line in said.getvalue().splitlines() if line.strip().startswith("Condition"))
        self.assertIn("city", left)
        self.assertNotIn("amount", left)

    def test_options_choose_columns_rows_and_hidden_columns(self):
        frame = self.load("orders", columns="status, ORDER_ID", filter="_partition_id = 1 AND _offset < 10", metadata="_offset, _key")
        self.assertEqual(frame.columns, ["status", "order_id", "_partition_offset", "_key"])
        self.assertEqual(sorted(row._partition_offset for row in frame.collect()), list(range(10)))
        self.assertEqual(frame.count(), 10)
        self.pushing(True)
        # A limit comes before the query's own filter, so that one is not pushed.
        self.assertEqual(self.load("orders", limit="25").where("amount < 0").count(), 0)
        self.assertEqual(self.load("orders", limit="25").count(), 25)
        everything = self.load("orders", metadata="all", columns="order_id")
        self.assertIn("_headers", everything.columns)
        [expected] = shell(self.address, "SELECT sum(_key_length)::BIGINT AS k, sum(_timestamp_ms)::BIGINT AS t, count(DISTINCT _partition_id) AS p FROM orders")
        [got] = self.rows(everything.selectExpr("sum(length(_key_bytes)) AS k", "sum(_timestamp_ms) AS t", "count(DISTINCT _partition_id) AS p"))
        self.assertEqual(got, expected)

    def test_a_schema_of_the_user_reads_its_columns_only(self):
        reader = spark.read.format("lotic").option("kafka.bootstrap.servers", self.address)
        frame = reader.schema("amount double, status string").load("orders")
        [expected] = shell(self.address, "SELECT count(*) AS n, count(status) AS s, max(amount) AS a FROM orders")
        self.assertEqual(self.rows(frame.selectExpr("count(*) AS n", "count(status) AS s", "max(amount) AS a")), [expected])
        self.assert_refused('has column "amount" as bigint; it is double', lambda: reader.schema("amount bigint").load("orders").count())

    def test_offsets_and_times_bound_the_reading(self):
        ends = [int(self.broker.ask(f"end orders {partition}")) for partition in range(4)]
        starting = json.dumps({"orders": {"0": ends[0] - 7, "1": -2, "2": ends[2], "3": ends[3] - 1}})
        ending = json.dumps({"orders": {"0": ends[0] - 2, "1": 3, "2": -1, "3": -1}})
        self.assertEqual(self.load("orders", startingOffsets=starting, endingOffsets=ending, columns="order_id").count(), 5 + 3 + 0 + 1)
        [middle] = shell(self.address, "SELECT (median(_timestamp_ms)::BIGINT) AS t FROM orders")
        [expected] = shell(self.address, f"SELECT count(*) AS n FROM orders WHERE _timestamp_ms >= {middle['t']}")
        later = self.load("orders", startingTimestamp=str(middle["t"]), columns="order_id", metadata="_timestamp_ms")
        self.assertEqual(later.where(f"_timestamp_ms >= {middle['t']}").count(), expected["n"])
        # Cut into more splits, the same records.
        pieces = self.load("orders", minPartitions="12", columns="order_id")
        self.assertGreaterEqual(pieces.rdd.getNumPartitions(), 12)
        self.assertEqual(pieces.count(), sum(ends))

    def test_several_topics_are_one_frame(self):
        frame = self.load(subscribe="orders,events", columns="status, uuid, count", metadata="_topic")
        expected = shell(self.address, "SELECT _topic, count(*) AS n, count(status) AS s, sum(count)::BIGINT AS c FROM orders_and_events GROUP BY _topic".replace(
            "orders_and_events", "(SELECT _topic, status, NULL AS count FROM orders UNION ALL SELECT _topic, NULL, count FROM events)"))
        got = frame.groupBy("_topic").agg({"*": "count", "status": "count", "count": "sum"}).selectExpr("_topic", "`count(1)` AS n", "`count(status)` AS s", "`sum(count)` AS c")
        self.assertEqual(sorted(self.rows(got), key=str), sorted(expected, key=str))
        self.assertEqual(sorted(row[0] for row in self.load(subscribePattern="ord.*|even.*", columns="_topic").distinct().collect()), ["events", "orders"])
        tables = certificate(self.certificates())["tables"]
        self.assertTrue(all(table["complete"] for table in tables))
        self.assertEqual(collections.Counter(table["topic"] for table in tables), {"orders": 2, "events": 2})

    def test_certificates_of_a_relative_folder_lie_where_the_driver_is(self):
        frame = self.load("orders", columns="order_id", certificate=os.path.relpath(self.certificates()))
        self.assertGreater(frame.count(), 0)
        [table] = certificate(self.certificates())["tables"]
        self.assertTrue(table["complete"])

    def test_real_time_tables_are_read_sealed_and_consuming(self):
        sys.path.append(os.path.join(SOURCE, "tests", "realtime"))
        import server

        data = os.path.join(FOLDER.name, "data")
        [expected] = shell(self.address, "SELECT count(*)::BIGINT AS n, sum(count)::BIGINT AS s FROM events")
        with server.Serve(LOTIC, data, "-q") as serve:
            made = serve.ask("POST", "/tableConfigs", {"tableName": "events", "schema": server.SCHEMA, "realtime": server.table(self.address)})
            self.assertEqual(made.status, 200, made.body)
            server.wait_for("the rows", lambda: serve.rows("select count(*) from events") == [[expected["n"]]])
            job = serve.ask("POST", "/tables/events/forceCommit?partitions=0").json["forceCommitJobId"]
            server.wait_for("the commit", lambda: serve.ask("GET", f"/tables/forceCommitStatus/{job}").json["numberOfSegmentsYetToBeCommitted"] == 0)
            reader = spark.read.format("lotic").option("connector", "tables").option("source", data).option("certificate", self.certificates())
            frame = reader.option("metadata", "$partitionId").load("events")
            self.assertEqual(self.rows(frame.selectExpr("count(*) AS n", "sum(count) AS s")), [expected])
            [[large, largest]] = serve.rows("select count(*), max(ts) from events where count > 500 and $partitionId = 0")
            got = frame.where("count > 500 AND `$partitionId` = 0").selectExpr("count(*) AS n", "unix_millis(max(ts)) AS last")
            self.assertEqual(self.rows(got), [{"n": large, "last": int(largest)}])
        [table] = certificate(self.certificates())["tables"]  # two queries over one plan
        self.assertTrue(table["complete"])

    def assert_refused(self, expected, action):
        with self.assertRaises(Exception) as caught:
            action()
        self.assertIn(expected, str(caught.exception))

    def test_what_cannot_be_is_said_before_a_job_begins(self):
        for expected, options in (
            ('did you mean "limit"', dict(lmit="3")),
            ("filter by _partition_id", dict(assign="{}")),
            ('no column "statu"; did you mean "status"', dict(columns="statu")),
            ("sasl.username", dict(kafka__sasl__usernam="me")),
        ):
            with self.subTest(**options):
                self.assert_refused(expected, lambda: self.load("orders", **options))
        self.assert_refused('"many" is no value of column "amount"', lambda: self.load("orders", filter="amount > many").count())
        self.assert_refused("names the topics", lambda: self.load("orders", startingOffsets='{"order": {"0": 1}}').count())
        stream = spark.readStream.format("lotic").option("kafka.bootstrap.servers", self.address)
        self.assert_refused('readStream of format "lotic" is not built yet', lambda: stream.load("orders").writeStream.format("noop").start().awaitTermination(PATIENCE))
        self.assert_refused('writing through format "lotic" is not built yet', lambda: spark.range(3).write.format("lotic").mode("append").option("kafka.bootstrap.servers", self.address).save("orders"))

    # ---- Jobs that meet trouble in their middle

    def in_the_middle(self, trouble):
        """Counts `orders` while each of its first two partitions waits for its second fetch; then comes trouble(), then the answers."""
        frame = self.load("orders", kafka__max__partition__fetch__bytes="16384", kafka__fetch__max__bytes="16384")
        expected = self.expected_groups()
        faults = [self.broker.ask(f"hold orders {partition} 1") for partition in range(4)]
        got = []
        job = threading.Thread(target=lambda: got.append(self.got_groups(frame)))
        job.start()
        for fault in faults[:2]:  # the tasks of the first two partitions run first, one on each executor
            self.broker.ask(f"struck {fault}")
        trouble()
        for fault in faults:
            self.broker.ask(f"release {fault}")
        job.join(PATIENCE)
        self.assertEqual(got, [expected])
        [table] = certificate(self.certificates())["tables"]
        self.assertTrue(table["complete"])
        ends = [int(self.broker.ask(f"end orders {partition}")) for partition in range(4)]
        self.assertEqual([(each["partition"], each["read"]["end"], each["rows"]) for each in table["partitions"]], [(i, end, end) for i, end in enumerate(ends)])
        return [sorted(json.loads(path.read_text())["finished"] for path in pathlib.Path(self.certificates()).glob(f"*/task-{task:05d}.*")) for task in range(4)]

    def test_an_executor_killed_in_mid_job_changes_nothing(self):
        def kill_one():
            found = []
            for process in pathlib.Path("/proc").iterdir():
                try:
                    words = (process / "cmdline").read_bytes().split(b"\0") if process.name.isdigit() else []
                except OSError:  # it has ended
                    continue
                if any(word.endswith(b"CoarseGrainedExecutorBackend") for word in words) and spark.sparkContext.applicationId.encode() in words:
                    found.append(int(process.name))
            self.assertGreaterEqual(len(found), 2)
            os.kill(min(found), signal.SIGKILL)

        attempts = self.in_the_middle(kill_one)
        # One attempt of each split counts; at least one of the held two was begun twice. A worker may outlive its executor and still end its attempt.
        self.assertTrue(all(True in each for each in attempts), attempts)
        self.assertTrue(any(len(each) > 1 for each in attempts), attempts)

    def test_leaders_moved_in_mid_job_change_nothing(self):
        def move():
            for partition in range(4):
                for node in (1, 2):  # both: wherever the leader was, it has moved
                    self.broker.ask(f"move orders {partition} {node}")

        self.in_the_middle(move)
        self.assertEqual(self.broker.ask("nodes orders 0"), "1 2")  # its reader went on at the new leader


class TypesOfSpark(Case):
    def test_every_type_arrives_with_its_values(self):
        import lotic

        columns = ["id", "flag", "tiny", "small", "medium", "utiny", "usmall", "umedium", "ubig", "real4", "price", "wide", "name", "raw", "day", "clock", "at_s", "at_ms", "at_us", "tags", "place", "attributes"]
        frame = spark.read.format("lotic").option("connector", "memory").option("source", "sample").option("columns", ",".join(columns)).load("types")
        self.assertEqual(frame.columns, columns)
        got = {row["id"]: row for row in self.rows(frame)}
        read = [row for batch in lotic.connect("memory", "sample").read("types", columns=columns) for row in batch.to_pylist()]
        self.assertEqual(len(got), 240)
        for row in read:
            row["attributes"] = None if row["attributes"] is None else dict(row["attributes"])
            for name in ("at_us",):  # Spark gives instants in the session's zone without saying so
                row[name] = None if row[name] is None else row[name].astimezone().replace(tzinfo=None)
            mine = dict(got[row["id"]])
            mine["raw"] = None if mine["raw"] is None else bytes(mine["raw"])
            if isinstance(mine["clock"], datetime.timedelta):
                mine["clock"] = (datetime.datetime.min + mine["clock"]).time()
            self.assertEqual(mine, row)


    def test_names_that_differ_in_case_get_numbers(self):
        from lotic.spark.types import spark_names

        self.assertEqual(spark_names(["ID", "id", "Id_1", "x"]), ["ID", "id_2", "Id_1", "x"])

    def test_a_value_that_spark_cannot_hold_is_an_error_with_its_column(self):
        frame = spark.read.format("lotic").option("connector", "memory").option("source", "sample").option("columns", "id, at_ns").load("types")
        with self.assertRaises(Exception) as caught:
            frame.agg({"at_ns": "max"}).collect()
        self.assertIn('column "at_ns": a value does not fit', str(caught.exception))


class OverRealKafka(Case):
    @classmethod
    def setUpClass(cls):
        cls.kafka = Served(KAFKA)
        cls.address = cls.kafka.address
        if cls.kafka.process.poll() is not None or ":" not in cls.address:
            raise unittest.SkipTest(cls.address or "Apache Kafka did not start")

    @classmethod
    def tearDownClass(cls):
        cls.kafka.close()

    def test_odd_topics_are_read_as_the_shell_reads_them(self):
        columns = "_topic, _partition_id, _partition_offset, _timestamp_ms, _timestamp_type, _key_length, _message_length, _key_bytes, _message_bytes"
        frame = self.load(subscribePattern=r"t[._].*", columns=columns)
        from pyspark.sql import functions as f

        numbers = ["_topic", "_partition_id", "_partition_offset", "_timestamp_ms", "_timestamp_type", "_key_length", "_message_length"]
        got = collections.defaultdict(list)
        for row in frame.select(*numbers, f.md5("_key_bytes").alias("k"), f.md5("_message_bytes").alias("m")).collect():
            got[row[0]].append(tuple(row[1:]))
        tables = {table["topic"]: table for table in certificate(self.certificates())["tables"]}
        topics = [row["table_name"] for row in shell(self.address, "SELECT table_name FROM duckdb_tables() WHERE database_name = 'kafka'")] or list(tables)
        topics = sorted(topic for topic in topics if topic.startswith(("t_", "t.")))
        self.assertEqual(sorted(tables), topics)
        self.assertGreater(len(topics), 15)
        for topic in topics:
            with self.subTest(topic=topic):
                path = os.path.join(FOLDER.name, f"{topic}.json")
                sql = f'SELECT {", ".join(numbers[1:])}, md5(_key_bytes) AS k, md5(_message_bytes) AS m FROM "{topic}"'
                expected = [tuple(row.values()) for row in shell(self.address, sql, "--certificate", path)]
                self.assertEqual(sorted(got[topic], key=str), sorted(expected, key=str))
                [shells] = json.loads(pathlib.Path(path).read_text())["tables"]
                mine = tables[topic]
                self.assertEqual((mine["complete"], mine["version"], mine["isolation_level"]), (True, shells["version"], shells["isolation_level"]))
                self.assertEqual(self.accounts(mine), self.accounts(shells))

    def accounts(self, table):
        """What became of each offset; how splits were cut does not matter."""
        sums = collections.defaultdict(collections.Counter)
        for each in table["partitions"]:
            sums[each["partition"]].update(each["records"])
            sums[each["partition"]]["rows"] += each["rows"]
        return {partition: dict(sum) for partition, sum in sums.items()}

    def test_messages_are_decoded_as_the_shell_decodes_them(self):
        description = shell(self.address, "DESCRIBE t_documents")
        frame = self.load("t_documents")
        self.assertEqual(frame.columns, [row["column_name"] for row in description])
        plain = [name for name, kind in frame.dtypes if kind in ("bigint", "string", "double", "boolean")]
        self.assertGreater(len(plain), 2)
        shown = ", ".join(plain)
        expected = [tuple(row.values()) for row in shell(self.address, f"SELECT {shown} FROM t_documents")]
        self.assertEqual(sorted((tuple(row) for row in frame.select(*plain).collect()), key=str), sorted(expected, key=str))


if __name__ == "__main__":
    unittest.main(verbosity=2)
