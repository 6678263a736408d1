#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole command against Lotic's own broker: end_to_end_test.py LOTIC DEMO_BROKER."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from terminal import Terminal, require_terminals  # noqa: E402

require_terminals()
LOTIC, DEMO_BROKER = sys.argv[1:3]
del sys.argv[1:3]


def run(*arguments, **options):
    return subprocess.run([LOTIC, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=50, **options)


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


class WithBroker(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = subprocess.Popen([DEMO_BROKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.address = cls.broker.stdout.readline().strip()

    @classmethod
    def tearDownClass(cls):
        cls.broker.stdin.close()
        cls.broker.wait(20)
        cls.broker.stdout.close()

    def query(self, *arguments):
        done = run("-b", self.address, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return rows(done)

    def certificate(self, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "certificate.json")
            done = run("-b", self.address, "--certificate", path, *arguments)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done, json.loads(pathlib.Path(path).read_text())["tables"]


class QueryTest(WithBroker):
    def test_a_count_is_the_same_by_offsets_and_by_reading(self):
        (counted,) = self.query("SELECT count(*) AS n FROM events")
        (read,) = self.query("SELECT count(uuid) AS n FROM events")
        self.assertGreater(read["n"], 1000)
        self.assertEqual(counted, read)

    def test_a_time_bound_reads_less_and_gives_what_the_full_read_gives(self):
        bound = "_timestamp > (SELECT max(_timestamp) - INTERVAL 2 MINUTES FROM orders)"
        (newest,) = self.query("SELECT max(_timestamp_ms) AS ms FROM orders")
        limit = newest["ms"] - 120_000
        done, tables = self.certificate(f"SELECT count(status) AS n FROM orders WHERE _timestamp > make_timestamptz({limit} * 1000)")
        (full,) = self.query(f"SELECT count(status) AS n FROM orders WHERE _timestamp_ms + 0 > {limit}")
        self.assertEqual(rows(done), [full], bound)
        (table,) = tables
        read = sum(part["read"]["end"] - part["read"]["start"] for part in table["partitions"])
        (whole,) = self.query("SELECT count(*) AS n FROM orders")
        self.assertLess(read, whole["n"])

    def test_the_certificate_accounts_for_every_offset(self):
        for statement in ("SELECT count(payment_id) AS n FROM payments", "SELECT * FROM customers", "SELECT * FROM events LIMIT 3",
                          "SELECT uuid FROM events WHERE _partition_id = 1"):
            done, tables = self.certificate(statement)
            (table,) = tables
            self.assertTrue(table["complete"], statement)
            self.assertTrue(table["version"])
            for part in table["partitions"]:
                self.assertEqual(part["read"]["end"] - part["read"]["start"], sum(part["records"].values()), (statement, part))
            self.assertRegex(done.stderr, r"(?m)^read [0-9,]+ of [0-9,]+ records in [0-9,]+ of [0-9,]+ partitions?, complete")

    def test_aborted_transactions_do_not_count_unless_asked_for(self):
        (committed,) = self.query("SELECT count(_message) AS n FROM payments")
        (all_of_them,) = self.query("-X", "isolation.level=read_uncommitted", "SELECT count(_message) AS n FROM payments")
        self.assertGreater(all_of_them["n"], committed["n"])
        _, tables = self.certificate("SELECT count(_message) FROM payments")
        self.assertEqual(sum(part["records"]["aborted"] for part in tables[0]["partitions"]), all_of_them["n"] - committed["n"])

    def test_tombstones_are_rows_or_skipped_and_counted(self):
        (emitted,) = self.query("SELECT count(*) AS n, count(_message_bytes) AS values FROM customers")
        (skipped,) = self.query("--tombstones", "skip", "SELECT count(*) AS n FROM customers")
        self.assertGreater(emitted["n"], emitted["values"])
        self.assertEqual(skipped["n"], emitted["values"])

    def test_a_limit_stops_the_read(self):
        _, tables = self.certificate("SELECT uuid FROM events LIMIT 5")
        self.assertTrue(tables[0]["complete"])
        returned = sum(part["records"]["returned"] for part in tables[0]["partitions"])
        (whole,) = self.query("SELECT count(*) AS n FROM events")
        self.assertLess(returned, whole["n"])

    def test_metadata_columns_are_hidden_and_can_be_named(self):
        (row,) = self.query("SELECT * FROM events LIMIT 1")
        self.assertEqual(sorted(row), ["count", "ts", "uuid"])
        (row,) = self.query("SELECT _topic, _partition, _offset, _timestamp_type FROM events LIMIT 1")
        self.assertEqual((row["_topic"], row["_timestamp_type"]), ("events", "CREATE_TIME"))

    def test_a_cluster_is_attached_by_sql_too(self):
        done = run(f"ATTACH '{self.address}' AS prod (TYPE kafka); SELECT count(*) AS n FROM prod.\"default\".events")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(rows(done), self.query("SELECT count(*) AS n FROM kafka.events"))

    def test_tables_can_be_listed_and_described(self):
        names = [list(row.values()) for row in self.query("SHOW TABLES")]
        for topic in ("events", "orders", "customers", "payments"):
            self.assertTrue(any(topic in values for values in names), names)
        done = run("-b", self.address, "DESCRIBE events")
        self.assertRegex(done.stderr, r"inferred from the newest [0-9,]+ records")
        text = json.dumps(rows(done))
        for word in ("uuid", "BIGINT", "VARCHAR"):
            self.assertIn(word, text)

    def test_a_result_can_be_copied_into_parquet_and_read_back(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.parquet")
            done = run("-b", self.address, f"COPY (SELECT uuid FROM events WHERE _partition_id = 0) TO '{path}'",
                       f"SELECT count(*) AS n FROM '{path}'")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(rows(done)[-1:], self.query("SELECT count(uuid) AS n FROM events WHERE _partition_id = 0"))

    def test_instants_are_shown_in_the_time_zone_asked_for(self):
        (utc,) = self.query("SELECT make_timestamptz(0) AS t")
        (berlin,) = self.query("--time-zone", "Europe/Berlin", "SELECT make_timestamptz(0) AS t")
        self.assertIn("00:00:00", utc["t"])
        self.assertIn("01:00:00", berlin["t"])

    def test_explain_reads_nothing_and_shows_what_was_pushed(self):
        done = run("-b", self.address, "--format", "line", "EXPLAIN SELECT uuid FROM events WHERE _partition_id = 1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("_partition_id", done.stdout)
        self.assertNotIn("explain_value", done.stdout)
        self.assertNotIn("complete", done.stderr)


    def test_explain_fetches_nothing_though_records_are_declared_in_order(self):
        document = run("topics", "-b", self.address, "--schema-of", "events").stdout
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(document)
            file.flush()
            given = ["-vv", "-b", self.address, "--schema", file.name, "--max-out-of-order", "1s"]
            (middle,) = self.query("SELECT (min(_timestamp_ms) + max(_timestamp_ms)) // 2 AS ms FROM events WHERE _partition_offset < 5000")
            statement = f"SELECT count(uuid) AS n FROM events WHERE _timestamp < make_timestamptz({middle['ms']} * 1000)"
            explained = run(*given, "--format", "line", "EXPLAIN " + statement)
            done = run(*given, statement)
        self.assertEqual(explained.returncode, 0, explained.stderr)
        self.assertNotIn("Fetch v", explained.stderr)
        self.assertIn("when the query runs", " ".join(explained.stdout.replace("│", " ").split()))
        self.assertIn("Fetch v", done.stderr)
        self.assertEqual(rows(done), self.query(statement))


class TopicsTest(WithBroker):
    def test_topics_are_listed_with_records_times_and_formats(self):
        done = run("topics", "-b", self.address)
        self.assertEqual(done.returncode, 0, done.stderr)
        topics = {row["topic"]: row for row in rows(done)}
        self.assertEqual(sorted(topics), ["customers", "events", "orders", "payments"])
        self.assertEqual(topics["events"]["partitions"], 3)
        self.assertEqual(topics["events"]["records"], self.query("SELECT count(*) AS n FROM events")[0]["n"])
        self.assertEqual(topics["events"]["format"], "json")
        self.assertRegex(topics["events"]["first"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertLess(topics["events"]["first"], topics["events"]["last"])

    def test_the_log_shows_connections_plans_and_requests(self):
        done = run("-v", "-b", self.address, "SELECT count(*) FROM payments")
        self.assertIn(f"connected to broker {self.address}", done.stderr)
        self.assertIn("planned topic 'payments'", done.stderr)
        self.assertNotIn("Fetch v", done.stderr)
        self.assertIn("Fetch v", run("-vv", "-b", self.address, "SELECT count(*) FROM payments").stderr)
        quiet = run("-b", self.address, "SELECT count(*) FROM payments")
        self.assertNotIn("connected", quiet.stderr)

    def test_a_printed_schema_is_read_back_and_may_name_what_the_sample_missed(self):
        printed = run("topics", "-b", self.address, "--schema-of", "orders")
        self.assertEqual((printed.returncode, printed.stderr), (0, ""))
        document = json.loads(printed.stdout)
        document["columns"].append({"name": "coupon", "type": "VARCHAR", "path": "/coupon"})
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(document, file)
            file.flush()
            done = run("-q", "-b", self.address, "--schema", file.name, "SELECT count(*) AS n, count(coupon) AS c FROM orders")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(json.loads(done.stdout)["n"], 0)
        self.assertEqual(json.loads(done.stdout)["c"], 0)

    def test_a_column_that_the_sample_missed_is_decoded_where_the_schema_names_it(self):
        document = {"topic": "events", "format": "json", "columns": [{"name": "number", "type": "BIGINT", "path": "/count"}]}
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(document, file)
            file.flush()
            done = run("-q", "-b", self.address, "--schema", file.name, "SELECT sum(number) AS n FROM events WHERE _partition_offset < 100")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(rows(done), self.query("SELECT sum(count) AS n FROM events WHERE _partition_offset < 100"))

    def test_offsets_are_lines_of_topic_partition_and_offset(self):
        done = run("topics", "-b", self.address, "--offsets", "events")
        ends = [line.split(":") for line in done.stdout.splitlines()]
        self.assertEqual([(topic, partition) for topic, partition, _ in ends], [("events", "0"), ("events", "1"), ("events", "2")])
        self.assertEqual(sum(int(end) for _, _, end in ends), self.query("SELECT count(*) AS n FROM events")[0]["n"])
        self.assertEqual(run("topics", "-b", self.address, "--offsets", "events", "--time", "earliest").stdout,
                         "events:0:0\nevents:1:0\nevents:2:0\n")


# Small fetches, and rows that take the engine some time: when the first fetch goes out, nearly all of the topic is unread.
SLOWLY = ["-vv", "-X", "max.partition.fetch.bytes=1000", "-X", "fetch.max.bytes=1000",
          "SELECT sum(list_sum(list_transform(range(length(uuid) * 500), lambda x: x % 7))) AS n FROM events"]


def start_reading(address, *options):
    """The command, once it has sent the first fetch behind its plan."""
    process = subprocess.Popen([LOTIC, "-b", address, *options, *SLOWLY], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    planned = False
    for line in process.stderr:
        planned = planned or "planned topic 'events'" in line
        if planned and "Fetch v" in line:
            return process
    raise AssertionError("it ended before it read")


def without_log(text):
    return "".join(line + "\n" for line in text.splitlines() if not re.match(r"\d{4}-\d\d-\d\dT", line))


class FailureTest(WithBroker):
    def fails(self, code, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, code, (arguments, done.stdout, done.stderr))
        self.assertTrue(done.stderr.startswith("error: "), done.stderr)
        return done.stderr

    def test_a_topic_that_does_not_exist_names_the_nearest(self):
        self.assertIn("orders", self.fails(1, "-b", self.address, "SELECT * FROM ordrs"))

    def test_a_topic_without_a_cluster_says_how_to_name_one(self):
        self.assertIn("-b HOST:PORT", self.fails(1, "SELECT * FROM orders"))

    def test_an_option_of_attach_that_does_not_exist_is_refused(self):
        text = self.fails(1, f"ATTACH '{self.address}' AS prod (TYPE kafka, client_idd 'x')")
        self.assertIn("unknown client property client.idd (ATTACH); did you mean client.id?", text)

    def test_an_isolation_that_would_not_be_heeded_is_refused(self):
        text = self.fails(1, f"ATTACH '{self.address}' AS prod (TYPE kafka, isolation_level 'read_uncommitted')")
        self.assertIn("-X isolation.level=read_uncommitted", text)

    def test_wrong_sql_is_underlined(self):
        text = self.fails(1, "-b", self.address, "SELECT statsu FROM orders")
        self.assertIn("  1 | SELECT statsu FROM orders\n    |        ^^^^^^\n", text)

    def test_a_broker_that_is_not_there_is_named_within_the_time_limit(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # bound but not listening: it refuses
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            started = time.monotonic()
            done = run("-b", address, "--timeout", "2s", "SELECT * FROM orders")
        self.assertIn(done.returncode, (3, 124), done.stderr)
        self.assertIn(address, done.stderr)
        self.assertIn("is the address right, and is the server running?", done.stderr)
        self.assertLess(time.monotonic() - started, 20)

    def test_a_broker_that_never_answers_is_left_at_the_time_limit(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = "127.0.0.1:%d" % silent.getsockname()[1]
            for arguments in (["SELECT * FROM orders"], ["topics"]):
                started = time.monotonic()
                text = self.fails(124, "-b", address, "--timeout", "300ms", *arguments)
                self.assertIn(f"broker {address}: no answer to a ApiVersions request", text.replace("to an ", "to a "))
                self.assertLess(time.monotonic() - started, 5)

    def test_a_broker_that_stops_answering_while_it_is_read_is_named_at_the_time_limit(self):
        broker = subprocess.Popen([DEMO_BROKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        address = broker.stdout.readline().strip()
        process = start_reading(address, "--timeout", "3s")
        broker.send_signal(signal.SIGSTOP)
        try:
            _, text = process.communicate(timeout=40)
        finally:
            broker.kill()
            broker.communicate()
        self.assertEqual(process.returncode, 124, text)
        text = without_log(text)
        self.assertIn(f"broker {address}", text)
        self.assertRegex(text, r"a Fetch request|an? \w+ request|connecting to")
        self.assertIn("--timeout", text)

    def test_a_broker_that_goes_away_while_it_is_read_leaves_an_incomplete_answer(self):
        for arguments, code in (([], 4), (["--allow-partial"], 0)):
            broker = subprocess.Popen([DEMO_BROKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            address = broker.stdout.readline().strip()
            process = start_reading(address, "-X", "default.api.timeout.ms=1000", "-X", "request.timeout.ms=500", *arguments)
            broker.kill()
            broker.communicate()
            _, text = process.communicate(timeout=50)
            self.assertEqual(process.returncode, code, text)
            self.assertIn("NOT COMPLETE", text)
            self.assertIn(address, without_log(text))

    def test_an_interrupt_leaves_a_broker_that_never_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = "127.0.0.1:%d" % silent.getsockname()[1]
            for arguments in (["SELECT * FROM orders"], ["topics"]):
                process = subprocess.Popen([LOTIC, "-b", address, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                connection, _ = silent.accept()
                connection.recv(4)  # it has asked, and waits
                started = time.monotonic()
                process.send_signal(signal.SIGINT)
                self.assertEqual(process.wait(20), 130)
                self.assertLess(time.monotonic() - started, 2.0)  # ten times the promise
                self.assertEqual(process.stderr.read(), b"cancelled\n")
                connection.close()
                process.stdout.close()
                process.stderr.close()

    def test_tls_to_a_plaintext_port_says_so(self):
        text = self.fails(3, "-b", self.address, "-X", "security.protocol=SSL", "--timeout", "20s", "SELECT * FROM orders")
        self.assertRegex(text, "(?i)tls|ssl")

    def test_an_unknown_time_zone_is_a_usage_error(self):
        self.assertIn("Mars", self.fails(2, "--time-zone", "Mars/Olympus", "SELECT 1"))


class DemoTest(unittest.TestCase):
    def test_without_a_terminal_the_demo_answers_and_ends(self):
        done = run("demo")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count("└"), 3)
        self.assertIn("Try next:", done.stdout)
        self.assertEqual(done.stderr.count("complete"), 3, done.stderr)

    def test_on_a_terminal_it_stays_while_events_keep_coming(self):
        with tempfile.TemporaryDirectory() as home:
            demo = Terminal([LOTIC, "demo"], {"HOME": home})
            self.addCleanup(demo.close)
            demo.wait_for("lotic> ")
            demo.type(".mode csv\n")
            counts = []
            while len(counts) < 2 or counts[-1] == counts[0]:  # the test's own time limit ends a demo that stands still
                demo.wait_for("lotic> ")
                demo.type("SELECT 'n' || count(*) || 'n' AS c FROM events;\n")
                demo.wait_for("\nn")
                counts.append(int(demo.wait_for("n")[:-1]))
            self.assertGreater(counts[-1], counts[0])
            demo.type(".quit\n")
            self.assertEqual(demo.exit_code(), 0)
            self.assertEqual(demo.settings(), demo.settings_before)

    def test_an_interrupt_ends_a_long_query_of_a_command_with_130(self):
        process = subprocess.Popen([LOTIC, "SELECT 'up'", "SELECT count(*) FROM range(3000000) a, range(3000000) b"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.readline()
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20), 130)
        self.assertLess(time.monotonic() - started, 2.0)  # ten times the promise
        process.stdout.close()
        process.stderr.close()


class TemporaryFilesTest(unittest.TestCase):
    """What DuckDB spills goes with the program, however it is ended."""

    QUERY = "SELECT * FROM (SELECT i, repeat('x', 100) || i AS s FROM range(60000000) t(i) ORDER BY s DESC) LIMIT 1 OFFSET 30000000"

    def spill_and_send(self, signals):
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen([LOTIC, "SET memory_limit='100MB'", "SET threads=2", self.QUERY], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       env={**os.environ, "TMPDIR": folder})
            while not list(pathlib.Path(folder).glob("lotic-sql-*/*")):
                self.assertIsNone(process.poll(), "it ended before it spilled")
                time.sleep(0.01)
            for number in signals:
                process.send_signal(number)
                while self.pending(process.pid):  # two of one number would be one
                    time.sleep(0.001)
            code = process.wait(20)
            self.assertEqual(list(pathlib.Path(folder).iterdir()), [], signals)
            return code

    @staticmethod
    def pending(pid):
        try:
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return False
        return any(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("ShdPnd"))

    def test_after_two_interrupts_nothing_is_left(self):
        self.assertEqual(self.spill_and_send([signal.SIGINT, signal.SIGINT]), 130)

    def test_after_a_termination_nothing_is_left(self):
        self.assertEqual(self.spill_and_send([signal.SIGTERM]), -signal.SIGTERM)

    def test_after_a_hang_up_nothing_is_left(self):
        self.assertEqual(self.spill_and_send([signal.SIGHUP]), -signal.SIGHUP)


class DeclaredTableTest(unittest.TestCase):
    """CREATE TABLE ... WITH asks no service, so that it needs none here."""

    DEFINITION = """-- as published; with a semicolon
CREATE TABLE `turnstiles` (
  gate_id STRING, passengers INT NOT NULL, passed_at TIMESTAMP(3),
  arrived TIMESTAMP(3) METADATA FROM 'timestamp' VIRTUAL,
  crowd AS passengers > 20,
  WATERMARK FOR passed_at AS passed_at - INTERVAL '5' SECOND
) PARTITIONED BY (gate_id) WITH (
  'connector' = 'kinesis', 'stream' = 'turnstiles', 'aws.region' = 'eu-west-1', 'scan.stream.initpos' = 'TRIM_HORIZON', 'format' = 'json',
  'aws.credentials.provider' = 'BASIC', 'aws.credentials.basic.accesskeyid' = 'AKIAEXAMPLE', 'aws.credentials.basic.secretkey' = 'hush-hush');
"""

    def test_what_is_shown_declares_the_same_table(self):
        with tempfile.TemporaryDirectory() as folder:
            given = pathlib.Path(folder, "given.sql")
            given.write_text(self.DEFINITION)
            done = run("-f", str(given), "SHOW CREATE TABLE turnstiles", "DESCRIBE turnstiles", "SELECT name FROM (SHOW TABLES)")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("hush-hush", done.stdout + done.stderr)
            self.assertNotIn("AKIAEXAMPLE", done.stdout + done.stderr)
            self.assertIn("turnstiles: the WATERMARK is kept", done.stderr)
            shown, *described = rows(done)
            self.assertEqual([row.get("column_name") for row in described], ["gate_id", "passengers", "passed_at", "arrived", "crowd", None])
            self.assertEqual(described[-1], {"name": "turnstiles"})
            again = pathlib.Path(folder, "again.sql")
            again.write_text(shown["create_table"] + ";\n")
            done = run("-f", str(again), "SHOW CREATE TABLE turnstiles", "DESCRIBE turnstiles", "SELECT name FROM (SHOW TABLES)")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(rows(done), [shown, *described])

    def test_what_cannot_be_declared_says_why(self):
        cases = [
            ("CREATE TABLE t (a INT) WITH ('connector' = 'kinsis')", "no tables are declared with 'connector' = 'kinsis'; did you mean 'kinesis'?"),
            ("CREATE TABLE t (a INT, a INT) WITH ('connector' = 'kinesis')", 'column "a" is declared twice'),
            (self.DEFINITION.replace("scan.stream.initpos", "scan.stream.initpso"), "scan.stream.initpos"),
            (self.DEFINITION.replace("passengers > 20", "passengers > nobody"), 'computed column "crowd"'),
        ]
        for statement, message in cases:
            done = run(statement)
            self.assertNotEqual(done.returncode, 0, statement)
            self.assertIn(message, done.stderr)
            self.assertNotIn("hush-hush", done.stderr)


if __name__ == "__main__":
    unittest.main()
