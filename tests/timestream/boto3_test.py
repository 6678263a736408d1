#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""AWS's own client and the connector read the fake: boto3_test.py PROBE. What both see must be the same, so the fake is judged too; botocore judges each of our requests."""

import json
import math
import os
import subprocess
import sys
import unittest

try:
    import boto3
    import botocore.config
    import botocore.exceptions
    import fake_timestream  # and with it tests/aws in the path
    from botocore_judge import Judge
except ImportError as error:
    print(f"skipped: {error} (scripts/setup --test installs it)")
    sys.exit(77)

PROBE = sys.argv[1]
del sys.argv[1:2]


def client(service, url, secret="fake-secret", retries=8):
    config = botocore.config.Config(retries={"max_attempts": retries, "mode": "standard"}, endpoint_discovery_enabled=False, read_timeout=10)
    return boto3.client(service, region_name="us-east-1", endpoint_url=url, aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key=secret, config=config)


def plain(datum, info):
    """A cell of boto3 as comparable as one of the probe."""
    if datum.get("NullValue"):
        return None
    if "ScalarValue" not in datum:
        return "nested"
    text = datum["ScalarValue"]
    return {"DOUBLE": number, "TIMESTAMP": time}.get(info["Type"].get("ScalarType"), str)(text)


def number(text):
    value = float(text)
    return "NaN" if math.isnan(value) else (value, math.copysign(1, value))


def time(text):
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction:0<9}"


class Boto3(unittest.TestCase):
    def setUp(self):
        self.fake = self.start()

    def start(self, **options):
        fake = fake_timestream.FakeTimestream(**options)
        self.addCleanup(fake.close)
        fake_timestream.add_test_tables(fake)
        fake.judge = Judge("AKIDEXAMPLE", "fake-secret", region="us-east-1").check
        self.addCleanup(lambda: self.assertEqual(fake.wrong, []))
        return fake

    def probe(self, *arguments, secret="fake-secret", url=None):
        return subprocess.run([PROBE, url or self.fake.url, *arguments], capture_output=True, text=True, timeout=60, env=dict(os.environ, AWS_SECRET_ACCESS_KEY=secret))

    def lines(self, *arguments, **options):
        done = self.probe(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def boto_rows(self, query):
        infos, rows = [], []
        for page in client("timestream-query", self.fake.url).get_paginator("query").paginate(QueryString=query):
            infos = page.get("ColumnInfo") or infos
            rows += page["Rows"]
        return infos, [[plain(cell, info) for cell, info in zip(row["Data"], infos)] for row in rows]

    def check_rows(self, database, table):
        infos, expected = self.boto_rows(f'SELECT * FROM "{database}"."{table}"')
        rows = self.lines("rows", database, table)
        converters = [{"DOUBLE": number, "TIMESTAMP": time}.get(info["Type"]["ScalarType"], str) for info in infos]
        got = [[None if cell is None else convert(cell) for cell, convert in zip(row, converters)] for row in rows]
        self.assertEqual(len(got), len(expected))
        for i, (mine, theirs) in enumerate(zip(got, expected)):
            self.assertEqual(mine, theirs, f"row {i} of {database}.{table}")
        return len(got)

    def test_both_read_the_same_rows_of_every_type(self):
        for odd in (False, True):
            self.fake.odd_pages = odd
            self.assertEqual(self.check_rows("ops", "multi"), 160)
            self.assertEqual(self.check_rows("ops", "cpu"), 120)
            self.check_rows("Green House", "Sensors")
        self.assertGreater(self.fake.judged["Query"], 6)

    def test_both_list_the_same_tables(self):
        for i in range(45):  # three pages
            self.fake.create_table("many", f"t{i:02d}", [("time", "TIMESTAMP_NS", "TIMESTAMP")])
        write = client("timestream-write", self.fake.url)
        databases, expected, token = [], [], {}
        while True:
            page = write.list_databases(**token)
            databases += [database["DatabaseName"] for database in page["Databases"]]
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        for database in sorted(databases):
            names, token = [], {}
            while True:
                page = write.list_tables(DatabaseName=database, **token)
                names += [table["TableName"] for table in page["Tables"]]
                if "NextToken" not in page:
                    break
                token = {"NextToken": page["NextToken"]}
            expected += [[database, name] for name in sorted(names)]
        self.assertEqual(self.lines("tables"), expected)
        for operation in ("ListDatabases", "ListTables"):
            self.assertGreater(self.fake.judged[operation], 0, operation)

    def test_faults_change_no_row(self):
        expected = self.lines("rows", "ops", "multi")
        self.fake.page_rows = 40
        for faults in (["throttle", "internal"], ["drop", "cut"]):
            self.fake.script = {"Query": [None, None, *faults, None, *faults]}  # DESCRIBE, the first page, then in the midst
            self.assertEqual(self.lines("rows", "ops", "multi"), expected, faults)
            self.assertEqual(self.fake.script["Query"], [], "all faults were met")

    def test_a_fault_that_stays_is_an_error_and_no_shorter_result(self):
        self.fake.page_rows = 40
        self.fake.script = {"Query": [None, None, *["throttle"] * 4]}
        done = self.probe("rows", "ops", "multi")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("ThrottlingException", done.stderr)
        self.assertIn("4 attempts", done.stderr)

    def test_a_query_that_is_cancelled_from_outside_is_an_error_and_no_shorter_result(self):
        self.fake.page_rows = 40
        self.fake.script = {"Query": [None, None, "cancel"]}  # DESCRIBE, the first page
        done = self.probe("rows", "ops", "multi")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("ConflictException", done.stderr)
        self.assertEqual(self.fake.script["Query"], [], "the query was cancelled in its midst, and not begun again")

    def test_a_series_comes_back_nested(self):
        query = 'SELECT house, CREATE_TIME_SERIES(time, measure_value::double) AS humidity FROM "Green House"."Sensors" GROUP BY house ORDER BY house'
        self.assertEqual(self.lines("time_precision=ms", "query", query),
                         [["north", "((2026-08-01 00:00:00,61.5,),(2026-08-01 00:10:00,60.25,),)"], ["south", "((2026-08-01 00:00:00,40,),)"]])
        _, rows = self.boto_rows(query)
        self.assertEqual(rows, [["north", "nested"], ["south", "nested"]])
        self.assertEqual(self.fake.operations.count("PrepareQuery"), 1)
        self.assertEqual(self.fake.judged["PrepareQuery"], 1)

    def test_a_moved_cell_is_found_again(self):
        fake = self.start(discovery=True)
        self.assertEqual(len(self.lines("discovery=on", "rows", "ops", "cpu", url=fake.url)), 120)
        fake.script = {"Query": [None, "wrong_cell"]}
        self.assertEqual(len(self.lines("discovery=on", "rows", "ops", "cpu", url=fake.url)), 120)
        done = self.probe("rows", "ops", "cpu", url=fake.url)
        self.assertIn("InvalidEndpointException", done.stderr)
        self.assertGreater(fake.judged["DescribeEndpoints"], 0)

    def test_the_fake_keeps_the_services_rules_of_paging(self):
        query = client("timestream-query", self.fake.url, retries=1)
        self.fake.page_rows = 50
        text = 'SELECT host FROM "ops"."cpu"'
        first = query.query(QueryString=text)
        with self.assertRaises(query.exceptions.ValidationException):
            query.query(QueryString=text + " ", NextToken=first["NextToken"])
        second = query.query(QueryString=text, NextToken=first["NextToken"])
        for _ in range(4):
            self.assertEqual(query.query(QueryString=text, NextToken=first["NextToken"])["Rows"], second["Rows"])
        with self.assertRaises(query.exceptions.ValidationException):  # the sixth time
            query.query(QueryString=text, NextToken=first["NextToken"])
        third = query.query(QueryString=text, NextToken=second["NextToken"])
        self.assertNotIn("NextToken", third)
        with self.assertRaises(query.exceptions.ValidationException):
            query.query(QueryString=text, NextToken=first["NextToken"])
        other = query.query(QueryString=text)
        query.cancel_query(QueryId=other["QueryId"])
        with self.assertRaises(query.exceptions.ConflictException):
            query.query(QueryString=text, NextToken=other["NextToken"])
        token = "t" * 32
        self.assertEqual(query.query(QueryString=text, ClientToken=token)["QueryId"], query.query(QueryString=text, ClientToken=token)["QueryId"])
        self.assertEqual([column["Name"] for column in query.prepare_query(QueryString=text, ValidateOnly=True)["Columns"]], ["host"])

    def test_a_wrong_key_is_refused_and_not_shown(self):
        with self.assertRaises(botocore.exceptions.ClientError):
            client("timestream-query", self.fake.url, secret="another-secret", retries=1).query(QueryString="SELECT 1")
        done = self.probe("tables", secret="another-secret")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Unauthorized", done.stderr)
        self.assertNotIn("another-secret", done.stderr)


if __name__ == "__main__":
    unittest.main()
