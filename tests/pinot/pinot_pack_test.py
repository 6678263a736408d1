#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pinot and Lotic are fed by one topic with the same two files, and asked the same by pinotdb: pinot_pack_test.py LOTIC."""

import json
import math
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

import cluster
import statements

reason = cluster.missing()
try:
    import pinotdb
except ImportError as error:
    reason = str(error)
if reason is not None:
    print(f"skipped: {reason} (scripts/setup --test installs it)")
    sys.exit(77)
if not cluster.inside():
    cluster.enter()

LOTIC = sys.argv[1]
del sys.argv[1:2]


def same(mine, theirs, kind):
    """Whether two cells are equal; sums of doubles may be added up in another order, and the members of a JSON object have none."""
    if kind == "JSON" and isinstance(mine, str) and isinstance(theirs, str):
        return json.loads(mine) == json.loads(theirs)
    if isinstance(mine, float) and isinstance(theirs, float):
        return mine == theirs or (math.isnan(mine) and math.isnan(theirs)) or math.isclose(mine, theirs, rel_tol=1e-12)
    return type(mine) is type(theirs) and mine == theirs


class PinotAndLotic(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="lotic-pinot.")
        cls.addClassCleanup(cls.folder.cleanup)
        where = pathlib.Path(cls.folder.name)
        cls.pinot = cls.enterClassContext(cluster.Cluster(where / "pinot"))
        cls.pinot.create_topic("trips")
        rows = statements.records()
        for partition in range(cluster.PARTITIONS):
            cls.pinot.produce("trips", partition, rows[partition::cluster.PARTITIONS])
        schema, table = where / "schema.json", where / "table.json"
        schema.write_text(json.dumps(statements.SCHEMA))
        table.write_text(json.dumps(statements.table(cls.pinot.bootstrap)))
        cluster.call(cls.pinot.controller + "/schemas", schema.read_text())
        cluster.call(cls.pinot.controller + "/tables", table.read_text())

        cls.serve = subprocess.Popen([LOTIC, "serve", "--data", str(where / "lotic"), "--controller-port", "0", "--broker-port", "0"],
                                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.end)
        controller, broker = (cls.serve.stdout.readline().split()[-1] for _ in range(2))
        cls.lotic_broker = broker
        subprocess.run([LOTIC, "AddTable", "-schemaFile", str(schema), "-tableConfigFile", str(table), "-controllerPort", controller.rsplit(":", 1)[1].strip("/"), "-exec"], check=True)
        for url in (cls.pinot.broker, broker):
            cluster.wait(f"the rows at {url}", lambda url=url: cls.raw(url, "select count(*) from trips").get("resultTable", {}).get("rows") == [[len(rows)]], 60)

    @classmethod
    def end(cls):
        cls.serve.send_signal(signal.SIGTERM)
        cls.serve.wait(timeout=30)
        cls.serve.stdout.close()

    @staticmethod
    def raw(url, sql):
        return json.loads(cluster.call(url.rstrip("/") + "/query/sql", json.dumps({"sql": sql})))

    @staticmethod
    def through_pinotdb(url, sql):
        host, port = url.split("//")[1].strip("/").rsplit(":", 1)
        cursor = pinotdb.connect(host=host, port=int(port), path="/query/sql", scheme="http").cursor()
        cursor.execute(sql)
        return [column[:2] for column in cursor.description], [list(row) for row in cursor.fetchall()]

    def test_both_give_the_same_columns_types_and_rows(self):
        self.assertGreaterEqual(len(statements.SAME), 25)
        for sql in statements.SAME:
            with self.subTest(sql):
                mine, theirs = self.raw(self.lotic_broker, sql), self.raw(self.pinot.broker, sql)
                self.assertEqual(mine["exceptions"], [])
                self.assertEqual(theirs["exceptions"], [])
                self.assertEqual(mine["resultTable"]["dataSchema"], theirs["resultTable"]["dataSchema"])
                kinds = theirs["resultTable"]["dataSchema"]["columnDataTypes"]
                self.compare(mine["resultTable"]["rows"], theirs["resultTable"]["rows"], kinds)
                (my_columns, my_rows), (their_columns, their_rows) = self.through_pinotdb(self.lotic_broker, sql), self.through_pinotdb(self.pinot.broker, sql)
                self.assertEqual(my_columns, their_columns)
                self.compare(my_rows, their_rows, ["" if kind == "JSON" and not all(isinstance(row[i], str) for row in their_rows) else kind for i, kind in enumerate(kinds)])

    def compare(self, mine, theirs, kinds):
        self.assertEqual(len(mine), len(theirs))
        for number, (my_row, their_row) in enumerate(zip(mine, theirs)):
            self.assertEqual(len(my_row), len(their_row))
            for my_cell, their_cell, kind in zip(my_row, their_row, kinds):
                self.assertTrue(same(my_cell, their_cell, kind), f"row {number}: {my_row} here, {their_row} in Pinot")

    def test_what_pinot_refuses_is_refused(self):
        for sql in statements.ERRORS:
            with self.subTest(sql):
                self.assertNotEqual(self.raw(self.pinot.broker, sql)["exceptions"], [])
                answer = self.raw(self.lotic_broker, sql)
                self.assertNotEqual(answer["exceptions"], [])
                self.assertNotIn("resultTable", answer)

    def test_where_lotic_differs_it_is_meant(self):
        for sql, why in statements.DIFFERS.items():
            with self.subTest(sql, why=why):
                mine, theirs = self.raw(self.lotic_broker, sql), self.raw(self.pinot.broker, sql)
                self.assertNotEqual((mine.get("resultTable"), bool(mine["exceptions"])), (theirs.get("resultTable"), bool(theirs["exceptions"])), f"they do not differ any more: {why}")


if __name__ == "__main__":
    unittest.main()
