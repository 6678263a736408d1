#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`lotic lambda local kinesis` and `timestream` by their variables: aws_command_test.py LOTIC LOTIC_ATHENA."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "kinesis"), str(TESTS / "timestream")]
import fake_kinesis  # noqa: E402

try:
    import fake_timestream
except ImportError as error:
    fake_timestream = None
    print(f"Timestream is left out: {error} (scripts/setup --test installs it)", file=sys.stderr)

LOTIC, LOTIC_ATHENA = sys.argv[1:3]
del sys.argv[1:3]
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "fake-secret", "AWS_REGION": "us-east-1"}


def environment():
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LOTIC_", "AWS_", "kinesis_", "timestream_", "spill_", "glue_", "disable_"))}
    return kept | KEYS | {"AWS_EC2_METADATA_DISABLED": "true"}


class Endpoint:
    """`lotic lambda local NAME` for the length of a test."""

    def __init__(self, name, aws=None, **variables):
        words = [word for key, value in variables.items() for word in ("--env", f"{key}={value}")]
        self.process = subprocess.Popen([LOTIC, "lambda", "local", name, "-q", *words], env=environment() | (aws or {}), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise AssertionError(f"lotic lambda local {name}: {self.process.communicate(timeout=20)[1]}")

    def close(self):
        self.process.terminate()
        self.process.communicate(timeout=20)


def athena(*arguments):
    return subprocess.run([LOTIC, "athena", *arguments], env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100)


class ServedTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lotic-athena-aws-")
        self.addCleanup(folder.cleanup)
        self.spill = "file://" + folder.name

    def serve(self, name, aws=None, **variables):
        endpoint = Endpoint(name, aws, spill_bucket=self.spill, **variables)
        self.addCleanup(endpoint.close)
        return endpoint.url

    def rows(self, *arguments):
        done = athena(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def refused(self, name, message, **variables):
        with self.assertRaisesRegex(AssertionError, message):
            Endpoint(name, **variables)

    def shell(self, *statements):
        ran = subprocess.run([LOTIC, *statements], env=environment() | {"AWS_ENDPOINT_URL_GLUE": getattr(self.fake, "url", "")}, stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, timeout=100)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return sorted(ran.stdout.splitlines())

    def equals_the_shell(self, attach, table, url, schema, name, columns, conditions):
        """The same rows by the source itself and by Athena's protocol; projected, filtered, limited."""
        for condition in ("", *(" WHERE " + text for text in conditions)):
            direct = self.shell(attach, f"SELECT {columns} FROM {table}{condition}")
            self.assertGreater(len(direct), 0, condition)
            self.assertEqual(self.shell(f"SELECT {columns} FROM athena_connector('{url}', '{schema}', '{name}'){condition}"), direct, condition)
        self.assertEqual(len(self.shell(f"SELECT {columns} FROM athena_connector('{url}', '{schema}', '{name}') LIMIT 7")), 7)

    def passes_every_check(self, url, *more):
        checks = self.rows("validate", "--target", url, *more)
        self.assertGreater(len(checks), 60)
        self.assertEqual([check for check in checks if check["verdict"] == "FAIL"], [])
        # What the source does not offer, or was not asked for.
        may_be_skipped = {"passthrough.capability"} | (set() if "--constraints" in more else {"get_table_layout.constraints", "read_records.constraints"})
        self.assertEqual([check for check in checks if check["verdict"] == "SKIP" and check["check"] not in may_be_skipped], [])


class KinesisTest(ServedTest):
    def setUp(self):
        super().setUp()
        self.fake = fake_kinesis.FakeKinesis()
        self.addCleanup(self.fake.close)
        self.expected = []
        for name in ("clicks", "other"):
            self.fake.streams[name] = stream = fake_kinesis.Stream(name, shards=3)
            for number in range(90):
                stream.put(number % 3, {"id": number, "kind": "ab"[number % 2]}, time.time() - 600 + number)
        self.expected = [{"id": number, "kind": "ab"[number % 2]} for number in range(90)]
        self.quick = {"kinesis_endpoint": self.fake.url, "kinesis_bounded_settle": "0 ms"}

    def tearDown(self):
        self.assertEqual(self.fake.wrong, [])

    def test_a_stream_is_a_table_inline_and_spilled_filtered_and_limited(self):
        url = self.serve("kinesis", **self.quick)
        read = ("read", "--target", url, "--table", "clicks", "--columns", "id,kind")
        by_id = lambda rows: sorted(rows, key=lambda row: row["id"])  # noqa: E731
        self.assertEqual(by_id(self.rows(*read)), self.expected)
        self.assertEqual(by_id(self.rows(*read, "--inline-bytes", "0", "--block-bytes", "500")), self.expected)
        self.assertEqual(by_id(self.rows(*read, "--where", "kind = a AND id >= 40")), [row for row in self.expected if row["kind"] == "a" and row["id"] >= 40])
        self.assertEqual(by_id(self.rows(*read, "--where", "_shard_id = 'shardId-000000000001'")), [row for row in self.expected if row["id"] % 3 == 1])
        self.assertEqual(len(self.rows(*read, "--limit", "8")), 8)
        for row in self.rows("read", "--target", url, "--table", "clicks", "--columns", "_arrival_timestamp", "--limit", "3"):
            self.assertRegex(row["_arrival_timestamp"], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,3})?\+00$")

    def test_the_protocol_gives_what_the_shell_gives(self):
        attach = f"ATTACH 'us-east-1' AS k (TYPE kinesis, ENDPOINT '{self.fake.url}')"
        url = self.serve("kinesis", **self.quick)
        self.equals_the_shell(attach, "k.clicks", url, "default", "clicks", "id, kind, _shard_id, _sequence_number, _partition_key, epoch_ms(_arrival_timestamp) AS at",
                              ("kind = 'a' AND id >= 40", "_shard_id = 'shardId-000000000001'", "_arrival_timestamp > now() - INTERVAL 1 HOUR"))

    def test_it_passes_every_check_of_validate(self):
        self.passes_every_check(self.serve("kinesis", **self.quick), "--schema", "default", "--table", "clicks", "--constraints", "id>=40")

    def test_variables_say_what_is_seen(self):
        url = self.serve("kinesis", kinesis_streams="cl*", kinesis_metadata_columns="false", **self.quick)
        self.assertEqual(self.rows("tables", "--target", url, "--schema", "default"), [{"schema": "default", "table": "clicks"}])
        self.assertEqual([row["column"] for row in self.rows("table", "--target", url, "--table", "clicks")], ["id", "kind"])
        self.assertIn("kinesis_streams", athena("table", "--target", url, "--table", "other").stderr)

    def test_variables_that_cannot_be_followed_are_refused(self):
        self.refused("kinesis", "kinesis_endpiont is unknown; did you mean kinesis_endpoint", kinesis_endpiont="x")
        self.refused("kinesis", "kinesis_consumer_arn: enhanced fan-out is not built yet", kinesis_consumer_arn="arn:aws:kinesis:x")
        self.refused("kinesis", "kinesis_definitions = 'glue'", kinesis_definitions="glue")
        self.refused("kinesis", "kinesis_bounded_grace", kinesis_bounded_grace="soon")
        self.refused("kinesis", "kinesis_metadata_columns", kinesis_metadata_columns="perhaps")

    def declare(self, text, name="clicks.sql"):
        folder = tempfile.TemporaryDirectory(prefix="lotic-athena-ddl-")
        self.addCleanup(folder.cleanup)
        pathlib.Path(folder.name, name).write_text(text, encoding="utf-8")
        return folder.name

    def test_declared_streams_are_tables_beside_the_others(self):
        ddl = self.declare("""-- two tables; a semicolon in a comment ends nothing;
            CREATE TABLE even_kinds (kind STRING, id INT, shard STRING METADATA FROM 'shard-id' VIRTUAL)
              WITH ('connector' = 'kinesis', 'stream.arn' = 'arn:aws:kinesis:us-east-1:111122223333:stream/clicks', 'aws.region' = 'us-east-1', 'format' = 'json');
            CREATE TABLE `other` (id BIGINT) WITH ('connector' = 'kinesis', 'stream.arn' = 'arn:aws:kinesis:us-east-1:111122223333:stream/other', 'aws.region' = 'us-east-1', 'format' = 'json');
            """)
        url = self.serve("kinesis", kinesis_ddl=ddl, kinesis_metadata_columns="false", **self.quick)
        self.assertEqual([row["table"] for row in self.rows("tables", "--target", url, "--schema", "default")], ["clicks", "even_kinds", "other"])
        read = ("read", "--target", url, "--table", "even_kinds")
        expected = [{"kind": row["kind"], "id": row["id"], "shard": f"shardId-{row['id'] % 3:012d}"} for row in self.expected]
        by_id = lambda rows: sorted(rows, key=lambda row: row["id"])  # noqa: E731
        self.assertEqual(by_id(self.rows(*read)), expected)
        self.assertEqual(by_id(self.rows(*read, "--inline-bytes", "0", "--block-bytes", "500", "--where", "id >= 40")), expected[40:])
        self.assertEqual([(row["column"], row["type"]) for row in self.rows("table", "--target", url, "--table", "other")], [("id", "BIGINT")], "the definition counts")
        only = self.serve("kinesis", kinesis_ddl=ddl, kinesis_definitions="ddl", **self.quick)
        self.assertEqual([row["table"] for row in self.rows("tables", "--target", only, "--schema", "default")], ["even_kinds", "other"])
        self.passes_every_check(only, "--schema", "default", "--table", "even_kinds")

    def test_a_definition_that_cannot_be_used_is_named_with_file_and_line(self):
        options = "'connector' = 'kinesis', 'stream.arn' = 'arn:aws:kinesis:us-east-1:111122223333:stream/clicks', 'aws.region' = 'us-east-1', 'format' = 'json'"
        for text, message in (("\n\nCREATE TABLE t (a INT,) WITH (%s)" % options, r"clicks.sql:3: "),
                              ("CREATE TABLE t (a INT) WITH (%s);\nDROP TABLE t" % options, r"clicks.sql:2: only CREATE TABLE"),
                              ("CREATE TABLE t (a INT) WITH (%s);\n\nCREATE TABLE t (b INT) WITH (%s)" % (options, options), r"clicks.sql:3: table t is declared in clicks.sql, too"),
                              ("CREATE TABLE t (a INT) WITH (%s, 'aws.credentials.basic.secretkey' = 'hidden')" % options, r"secretkey' holds a secret"),
                              ("CREATE TABLE t (a INT) WITH (%s, 'aws.regoin' = 'x')" % options, r"table t: .*'aws.regoin'.*aws.region"),
                              ("CREATE TABLE t (a INT", r"clicks.sql:1: ")):
            self.refused("kinesis", message, kinesis_ddl=self.declare(text), **self.quick)
        self.refused("kinesis", "the folder of definitions /no/such cannot be read", kinesis_ddl="/no/such")
        self.refused("kinesis", "kinesis_ddl = '': the folder is set where ddl is asked for", kinesis_definitions="ddl")
        fine = self.declare("CREATE TABLE t (id INT, at TIMESTAMP(6)) WITH (%s)" % options)
        url = self.serve("kinesis", kinesis_ddl=fine, **self.quick)
        self.assertIn("column 'at' is TIMESTAMP", athena("table", "--target", url, "--table", "t").stderr)
        floored = self.serve("kinesis", kinesis_ddl=fine, kinesis_time_floor="true", **self.quick)
        self.assertEqual(len(self.rows("read", "--target", floored, "--table", "t", "--columns", "id,at")), 90)

    def test_the_bootstrap_serves_it_too(self):
        variables = " ".join(f"{key}='{value}'" for key, value in (self.quick | {"spill_bucket": self.spill, "LOTIC_CONNECTOR": "kinesis"}).items())
        rows = self.rows("read", "--target", f"{variables} {LOTIC_ATHENA}", "--table", "clicks", "--columns", "id,kind")
        self.assertEqual(sorted(row["id"] for row in rows), list(range(90)))


@unittest.skipIf(fake_timestream is None, "the fake evaluates with DuckDB for Python")
class TimestreamTest(ServedTest):
    def setUp(self):
        super().setUp()
        self.fake = fake_timestream.FakeTimestream()
        self.addCleanup(self.fake.close)
        fake_timestream.add_test_tables(self.fake)
        self.there = {"timestream_query_endpoint": self.fake.url, "timestream_write_endpoint": self.fake.url, "disable_glue": "true"}

    def test_a_table_is_read_inline_and_spilled_filtered_and_limited(self):
        url = self.serve("timestream", timestream_page_rows="50", **self.there)
        self.assertEqual({row["schema"] for row in self.rows("schemas", "--target", url)}, {"ops", "green house"})
        read = ("read", "--target", url, "--schema", "ops", "--table", "cpu", "--columns", "host,measure_value::bigint")
        every = self.rows(*read)
        self.assertEqual(len(every), 120)
        key = lambda row: json.dumps(row, sort_keys=True)  # noqa: E731
        self.assertEqual(sorted(self.rows(*read, "--inline-bytes", "0", "--block-bytes", "900"), key=key), sorted(every, key=key))
        counts = self.rows(*read, "--where", "measure_name = count, \"measure_value::bigint\" > 40")
        self.assertEqual(sorted(row["measure_value::bigint"] for row in counts), list(range(42, 120, 2)))
        self.assertEqual(len(self.rows(*read, "--limit", "9")), 9)

    def test_the_protocol_gives_what_the_shell_gives(self):
        attach = f"ATTACH 'us-east-1' AS ts (TYPE timestream, ENDPOINT '{self.fake.url}', TIME_PRECISION ms)"
        url = self.serve("timestream", timestream_page_rows="50", **self.there)
        self.equals_the_shell(attach, "ts.ops.cpu", url, "ops", "cpu", 'host, measure_name, epoch_ms(time::TIMESTAMP) AS at, "measure_value::double", "measure_value::bigint"',
                              ("host = 'h1'", '"measure_value::bigint" > 40', "measure_name = 'usage' AND host <> 'h2'"))
        self.equals_the_shell(attach, "ts.ops.multi", url, "ops", "multi", "host, zone, load, hits, up, note, small", ("load > 0.5", "host IS NULL", "hits < 0"))

    def test_it_passes_every_check_of_validate(self):
        self.passes_every_check(self.serve("timestream", **self.there), "--schema", "ops", "--table", "cpu", "--constraints", "host=h1")

    def test_a_supplemental_glue_table_is_read_though_it_is_not_listed(self):
        view = ("SELECT house, probe, CREATE_TIME_SERIES(time, measure_value::double) AS humidity FROM \"Green House\".\"Sensors\" WHERE measure_name = 'humidity' "
                "GROUP BY house, probe")
        self.fake.create_table("greenhouse", "sensors", [("time", "TIMESTAMP_NS", "TIMESTAMP")])
        self.fake.glue_tables["greenhouse", "humidity_series"] = {
            "Name": "humidity_series", "DatabaseName": "greenhouse", "Parameters": {"timestream-metadata-flag": "yes", "_view_template": view},
            "StorageDescriptor": {"Columns": [{"Name": "house", "Type": "varchar"}, {"Name": "probe", "Type": "varchar"},
                                              {"Name": "humidity", "Type": "array<struct<time:timestamp,measure_value\\:\\:double:double>>"}]}}
        with_glue = {key: value for key, value in self.there.items() if key != "disable_glue"}
        url = self.serve("timestream", {"AWS_ENDPOINT_URL_GLUE": self.fake.url}, **with_glue)
        direct = f"ATTACH 'us-east-1' AS ts (TYPE timestream, ENDPOINT '{self.fake.url}', TIME_PRECISION ms)"
        for where in ("", " WHERE house = 'north'"):
            expected = self.shell(direct, "SELECT house, probe, humidity FROM ts.greenhouse.humidity_series" + where)
            self.assertGreater(len(expected), 0)
            self.assertEqual(self.shell(f"SELECT house, probe, humidity FROM athena_connector('{url}', 'greenhouse', 'humidity_series')" + where), expected)
            self.assertEqual(self.shell(f"ATTACH '{url}' AS ath (TYPE athena)", "SELECT house, probe, humidity FROM ath.greenhouse.humidity_series" + where), expected)
        read = ("read", "--target", url, "--schema", "greenhouse", "--table", "humidity_series", "--columns", "house,probe,humidity")
        inline = self.rows(*read)
        self.assertEqual(sorted({row["house"] for row in inline}), ["north", "south"])
        self.assertEqual(self.rows(*read, "--inline-bytes", "0"), inline)
        self.assertEqual({row["house"] for row in self.rows(*read, "--where", "house = north")}, {"north"})
        self.assertNotIn("humidity_series", [row["table"] for row in self.rows("tables", "--target", url, "--schema", "greenhouse")])

    def test_variables_that_cannot_be_followed_are_refused(self):
        self.refused("timestream", "timestream_time_precision = 'ns'", timestream_time_precision="ns")
        self.refused("timestream", "timestream_unload: UNLOAD is not built yet", timestream_unload="always")
        self.refused("timestream", "timestream_page_row is unknown; did you mean timestream_page_rows", timestream_page_row="7")
        self.refused("timestream", "timestream_page_rows = '0'", timestream_page_rows="0")


if __name__ == "__main__":
    unittest.main()
