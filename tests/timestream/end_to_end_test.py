#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole command against the fake Timestream: end_to_end_test.py LOTIC."""

import json
import math
import os
import signal
import subprocess
import sys
import time
import unittest

try:
    import boto3
    import botocore.config
    import fake_timestream  # and with it tests/aws in the path
    from botocore_judge import Judge
except ImportError as error:
    print(f"skipped: {error} (scripts/setup --test installs it)")
    sys.exit(77)

LOTIC = sys.argv[1]
del sys.argv[1:2]
VIEW = ("SELECT house, probe, CREATE_TIME_SERIES(time, measure_value::double) AS humidity FROM \"Green House\".\"Sensors\" WHERE measure_name = 'humidity' "
        "GROUP BY house, probe")


def theirs(cell, info):
    """A cell of boto3, as comparable as one of the shell."""
    return None if cell.get("NullValue") else comparable(cell["ScalarValue"], info["Type"]["ScalarType"])


def ours(value, info):
    return None if value is None else comparable(str(value).lower() if isinstance(value, bool) else str(value), info["Type"]["ScalarType"])


def comparable(text, kind):
    if kind == "DOUBLE":
        number = float(text)
        return "NaN" if math.isnan(number) else (number, math.copysign(1, number))
    if kind in ("TIMESTAMP", "TIME"):
        whole, _, fraction = text.partition(".")
        return f"{whole}.{fraction:0<9}"
    return text


class EndToEnd(unittest.TestCase):
    def setUp(self):
        self.fake = fake_timestream.FakeTimestream()
        self.addCleanup(self.fake.close)
        fake_timestream.add_test_tables(self.fake)
        self.fake.judge = Judge("AKIDEXAMPLE", "fake-secret", region="us-east-1").check
        self.addCleanup(lambda: self.assertEqual(self.fake.wrong, []))
        self.fake.odd_pages = True

    def command(self, *statements, options=""):
        environment = dict(os.environ, AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="fake-secret")
        environment.pop("AWS_SESSION_TOKEN", None)
        attach = f"ATTACH 'us-east-1' AS ts (TYPE timestream, ENDPOINT '{self.fake.url}'{options})"
        return subprocess.Popen([LOTIC, attach, *statements], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)

    def rows(self, *statements, options=""):
        process = self.command(*statements, options=options)
        output, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, errors)
        return [json.loads(line) for line in output.splitlines()]

    def error(self, statement, options=""):
        process = self.command(statement, options=options)
        _, errors = process.communicate(timeout=60)
        self.assertNotEqual(process.returncode, 0)
        return errors

    def test_the_shell_shows_the_rows_that_boto3_reads(self):
        config = botocore.config.Config(endpoint_discovery_enabled=False, read_timeout=10)
        query = boto3.client("timestream-query", region_name="us-east-1", endpoint_url=self.fake.url, aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="fake-secret", config=config)
        for table in ('"ops"."multi"', '"ops"."cpu"', '"Green House"."Sensors"'):
            infos, expected = [], []
            for page in query.get_paginator("query").paginate(QueryString=f"SELECT * FROM {table}"):
                infos = page.get("ColumnInfo") or infos
                expected += [[theirs(cell, info) for cell, info in zip(row["Data"], infos)] for row in page["Rows"]]
            rows = [[ours(value, info) for value, info in zip(row.values(), infos, strict=True)]
                    for row in self.rows(f"SELECT * FROM ts.{table}", options=", TIME_PRECISION ns")]
            self.assertGreater(len(expected), 2)
            self.assertEqual(rows, expected, table)

    def test_a_filter_goes_with_the_query(self):
        rows = self.rows("SELECT host, avg(\"measure_value::double\") AS a FROM ts.ops.cpu WHERE time > TIMESTAMPTZ '2026-08-01 00:01:00+00' AND host <> 'h2' GROUP BY 1 ORDER BY 1")
        self.assertEqual(rows, [{"host": "h0", "a": 45.0}, {"host": "h1", "a": 44.0}])
        self.assertIn("""WHERE ("host" <> 'h2') AND (("time" >= '2026-08-01 00:01:00.000001000'))""", self.fake.queries[-1])

    def test_a_time_of_milliseconds_is_pushed_too(self):
        for condition, count, sent in (("time >= TIMESTAMP '2026-08-01 00:01:00'", 60, "2026-08-01 00:01:00.000000000"), ("time >= TIMESTAMP '2026-08-01 00:01:00.0005'", 59, "2026-08-01 00:01:00.001000000"),
                                       ("time::TIMESTAMP > TIMESTAMPTZ '2026-08-01 00:01:00+00'", 59, "2026-08-01 00:01:00.001000000")):
            self.assertEqual(self.rows(f"SELECT count(host) AS n FROM ts.ops.cpu WHERE {condition}", options=", TIME_PRECISION ms"), [{"n": count}], condition)
            self.assertIn(f"""WHERE (("time" >= '{sent}'))""", self.fake.queries[-1], condition)

    def test_a_time_of_another_unit_is_compared_with_an_instant_as_its_error_says(self):
        for precision in ("ms", "ns"):
            error = self.error("SELECT count(host) FROM ts.ops.cpu WHERE time > TIMESTAMPTZ '2026-08-01 00:01:00+00'", options=f", TIME_PRECISION {precision}")
            self.assertIn("an explicit cast is required; now()::TIMESTAMP is the time of the session's zone, now() AT TIME ZONE 'UTC' that of UTC", error)
            for cast in ("::TIMESTAMP", " AT TIME ZONE 'UTC'"):
                rows = self.rows(f"SELECT count(host) AS n FROM ts.ops.cpu WHERE time > TIMESTAMPTZ '2026-08-01 00:01:00+00'{cast}", options=f", TIME_PRECISION {precision}")
                self.assertEqual(rows, [{"n": 59}], (precision, cast))
                self.assertIn('WHERE (("time" ', self.fake.queries[-1], (precision, cast))

    def test_a_limit_stops_the_query(self):
        self.fake.page_rows = 2
        self.assertEqual(len(self.rows("FROM ts.ops.cpu LIMIT 3")), 3)
        self.assertTrue(self.fake.queries[-1].endswith(" LIMIT 3"))

    def test_nothing_is_read_to_be_counted(self):
        self.assertEqual(self.rows("SELECT count(*) AS n FROM ts.ops.multi"), [{"n": 160}])
        self.assertEqual(self.fake.queries[-1], 'SELECT count(*) FROM "ops"."multi"')

    def test_nan_is_found_as_duckdb_orders_it(self):
        [row] = self.rows("SELECT count(*) AS n, count(*) FILTER (isnan(load)) AS nans FROM ts.ops.multi WHERE load > 0.5")
        [other] = self.rows("SELECT count(*) AS n, count(*) FILTER (isnan(load)) AS nans FROM (SELECT load FROM ts.ops.multi OFFSET 0) WHERE load > 0.5")
        self.assertEqual(row, other)
        self.assertGreater(row["nans"], 0)

    def test_a_query_of_ones_own_is_a_table(self):
        rows = self.rows("SELECT house, len(s) AS n, s[1].measure_value AS first FROM timestream_query('ts', "
                         "'SELECT house, CREATE_TIME_SERIES(time, measure_value::double) AS s FROM \"Green House\".\"Sensors\" GROUP BY house') ORDER BY 1")
        self.assertEqual(rows, [{"house": "north", "n": 2, "first": 61.5}, {"house": "south", "n": 1, "first": 40.0}])
        self.assertEqual(len(self.fake.queries), 1, "its columns were learnt without running it")
        self.assertEqual(self.rows("SELECT n FROM timestream_query('ts', 'SELECT count(*) AS n FROM \"ops\".\"cpu\"') a JOIN timestream_query('ts', 'SELECT 120 AS m') b ON n = m"), [{"n": 120}])
        self.assertIn("begins with 'DROP'", self.error("FROM timestream_query('ts', 'DROP TABLE x')"))
        self.assertIn('no source is attached as "other"', self.error("FROM timestream_query('other', 'SELECT 1')"))

    def test_a_supplemental_table_has_the_types_that_glue_says(self):
        self.fake.create_table("greenhouse", "sensors", [("time", "TIMESTAMP_NS", "TIMESTAMP")])
        self.fake.glue_tables["greenhouse", "humidity_series"] = {
            "Name": "humidity_series", "DatabaseName": "greenhouse", "Parameters": {"timestream-metadata-flag": "yes", "_view_template": VIEW},
            "StorageDescriptor": {"Columns": [{"Name": "house", "Type": "varchar"}, {"Name": "probe", "Type": "varchar"},
                                              {"Name": "humidity", "Type": "array<struct<time:timestamp,measure_value\\:\\:double:double>>"}]}}
        rows = self.rows("SELECT house, humidity FROM ts.greenhouse.humidity_series WHERE house = 'north'")
        self.assertEqual(rows, [{"house": "north", "humidity": [{"time": "2026-08-01 00:00:00", "measure_value::double": 61.5},
                                                               {"time": "2026-08-01 00:10:00", "measure_value::double": 60.25}]}])
        self.assertEqual(self.fake.queries[-1], f"WITH t1 AS ( {VIEW} )  SELECT \"house\", \"humidity\" FROM t1 WHERE (\"house\" = 'north')")
        self.assertGreater(self.fake.judged["GlueGetTable"], 0)
        self.assertEqual(self.rows("SELECT house FROM ts.greenhouse.humidity_series WHERE house = 'north'", options=", GLUE_CATALOG '111122223333'"), [{"house": "north"}])
        self.assertEqual(self.fake.glue_catalogs, {None, "111122223333"})

    def test_a_glue_that_fails_fails_the_query(self):
        self.fake.glue_tables["ops", "cpu"] = {
            "Name": "cpu", "DatabaseName": "ops", "Parameters": {"timestream-metadata-flag": "yes", "_view_template": "SELECT 'h0' AS host"},
            "StorageDescriptor": {"Columns": [{"Name": "host", "Type": "varchar"}]}}
        self.fake.script = {"GlueGetTable": ["internal"] * 20}
        errors = self.error("SELECT count(*) AS n FROM ts.ops.cpu")
        self.assertIn("asking Glue whether ops.cpu is a supplemental table (GLUE off in ATTACH", errors)
        self.assertEqual(self.fake.queries, [], "the native table of that name was not read instead")
        self.fake.script = {"GlueGetTable": ["denied"] * 20}
        self.assertEqual(self.rows("SELECT count(*) AS n FROM ts.ops.cpu"), [{"n": 120}])
        self.fake.script = {}
        self.assertEqual(self.rows("SELECT host FROM ts.ops.cpu"), [{"host": "h0"}])

    def test_a_filter_on_a_column_that_glue_declares_wrongly_is_an_error(self):
        self.fake.glue_tables["ops", "typed"] = {
            "Name": "typed", "DatabaseName": "ops", "Parameters": {"timestream-metadata-flag": "yes", "_view_template": 'SELECT host, hits, small FROM "ops"."multi"'},
            "StorageDescriptor": {"Columns": [{"Name": "host", "Type": "varchar"}, {"Name": "hits", "Type": "bigint"}, {"Name": "small", "Type": "double"}]}}
        self.assertGreater(len(self.rows("SELECT hits FROM ts.ops.typed WHERE hits >= 0")), 0)
        self.assertIn("column 'small' is declared as double, and Timestream answers with INTEGER", self.error("SELECT small FROM ts.ops.typed WHERE small > 0"))

    def test_a_column_of_what_the_service_lacks_is_refused_only_where_it_is_asked_for(self):
        self.fake.glue_tables["ops", "mapped"] = {
            "Name": "mapped", "DatabaseName": "ops", "Parameters": {"timestream-metadata-flag": "yes", "_view_template": 'SELECT host, hits FROM "ops"."multi"'},
            "StorageDescriptor": {"Columns": [{"Name": "host", "Type": "varchar"}, {"Name": "tags", "Type": "map<string,int>"}, {"Name": "raw", "Type": "binary"}]}}
        self.assertGreater(len(self.rows("SELECT host FROM ts.ops.mapped")), 0)
        self.assertEqual([row["column_type"] for row in self.rows("DESCRIBE ts.ops.mapped")], ["VARCHAR", "MAP(VARCHAR, INTEGER)", "BLOB"])
        self.assertIn("column 'tags' is declared as MAP<VARCHAR, INTEGER>, and Timestream has no such values", self.error("SELECT * FROM ts.ops.mapped"))

    def test_without_glue_native_tables_are_read_all_the_same(self):
        self.fake.glue_tables = None
        self.assertEqual(self.rows("SELECT count(*) AS n FROM ts.ops.cpu"), [{"n": 120}])
        self.fake.operations.clear()
        self.rows("SELECT count(*) AS n FROM ts.ops.cpu", options=", GLUE off")
        self.assertNotIn("GlueGetTable", self.fake.operations)

    def test_a_wrong_name_is_an_error_with_the_nearest(self):
        self.assertIn('did you mean "cpu"?', self.error("FROM ts.ops.cpux"))

    def test_an_interrupt_cancels_the_query_and_ends_at_once(self):
        self.fake.odd_pages = False
        self.fake.script = {"Query": [None] + ["empty"] * 1_000_000}  # DESCRIBE, and a query that never ends
        process = self.command("SELECT sum(small) FROM ts.ops.multi")
        deadline = time.monotonic() + 30
        while self.fake.page_calls < 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        asked = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        self.assertLess(time.monotonic() - asked, 2, "the limit is 200 ms; ten times that is no slow machine")
        self.assertNotEqual(process.returncode, 0)
        while not self.fake.cancelled and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(len(self.fake.cancelled), 1)
        self.assertEqual(self.fake.judged["CancelQuery"], 1)


if __name__ == "__main__":
    unittest.main()
