#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The published guide's steps as written, and Pinot's Python client with its SQLAlchemy dialect: pinotdb_test.py LOTIC DEMO_BROKER."""

import datetime
import json
import subprocess
import sys
import tempfile
import unittest

import server

try:
    import pinotdb
    import sqlalchemy
except ImportError as error:
    print(f"skipped: {error} (scripts/setup --test brings it)")
    sys.exit(77)

LOTIC, DEMO_BROKER = sys.argv[1:3]
del sys.argv[1:3]


class PinotdbTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="lotic-pinotdb."))
        cls.brokers = cls.enterClassContext(server.Broker(DEMO_BROKER)).address
        cls.serve = cls.enterClassContext(server.Serve(LOTIC, f"{cls.folder}/data", "-q"))
        schema = server.write(cls.folder, "schema-stream.json", server.SCHEMA)
        config = server.write(cls.folder, "table-config-stream.json", server.table(cls.brokers))
        told = subprocess.run([LOTIC, "-b", cls.brokers, "--format", "json", "SELECT count(*)::BIGINT AS n, sum(count)::BIGINT AS s, max(ts)::BIGINT AS last FROM events"], check=True, capture_output=True, text=True)
        cls.count, cls.sum, cls.last = json.loads(told.stdout)[0].values()
        made = subprocess.run([LOTIC, "AddTable", "-schemaFile", schema, "-tableConfigFile", config, "-controllerHost", "localhost", "-controllerPort", cls.serve.controller.rsplit(":", 1)[1], "-exec"],
                              capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        cls.host, port = cls.serve.broker.split("//")[1].split(":")
        cls.port = int(port)
        server.wait_for("the rows", lambda: cls.serve.query("select count(*) from events").get("resultTable", {}).get("rows") == [[cls.count]])

    def cursor(self, **options):
        connection = pinotdb.connect(host=self.host, port=self.port, path="/query/sql", scheme="http", **options)
        self.addCleanup(connection.close)
        return connection.cursor()

    def test_the_guides_query_with_curl(self):
        done = subprocess.run(["curl", "-s", f"{self.serve.broker}/query/sql", "-d", '{"sql":"select * from events limit 10"}'], check=True, capture_output=True, text=True)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["exceptions"], [])
        self.assertEqual(answer["resultTable"]["dataSchema"], {"columnNames": ["count", "ts", "uuid"], "columnDataTypes": ["INT", "TIMESTAMP", "STRING"]})
        self.assertEqual(len(answer["resultTable"]["rows"]), 10)

    def test_a_cursor_gives_rows_with_their_types(self):
        cursor = self.cursor()
        cursor.execute("select count(*), sum(count) from events")
        self.assertEqual(cursor.fetchall(), [[self.count, float(self.sum)]])
        cursor.execute("select uuid, count, ts from events order by ts desc limit 1")
        self.assertEqual([column[0] for column in cursor.description], ["uuid", "count", "ts"])
        ((uuid, count, at),) = cursor.fetchall()
        self.assertEqual((type(uuid), type(count)), (str, int))
        self.assertEqual(at, datetime.datetime.fromtimestamp(self.last / 1000, datetime.timezone.utc).replace(tzinfo=None))

    def test_parameters_and_options_are_taken(self):
        cursor = self.cursor(use_multistage_engine=False, preserve_types=True)
        cursor.execute("select count(*) from events where count >= %(least)s", {"least": 0}, queryOptions="timeoutMs=5000")
        self.assertEqual(cursor.fetchone(), [self.count])

    def test_an_error_is_raised(self):
        with self.assertRaisesRegex(pinotdb.exceptions.DatabaseError, "there is no table nothing"):
            self.cursor().execute("select * from nothing")

    def test_sqlalchemy_inspects_and_asks(self):
        engine = sqlalchemy.create_engine(f"pinot://{self.host}:{self.port}/query/sql?controller={self.serve.controller}/")
        self.addCleanup(engine.dispose)
        inspector = sqlalchemy.inspect(engine)
        self.assertEqual(inspector.get_schema_names(), ["default"])
        self.assertEqual(inspector.get_table_names(), ["events"])
        self.assertEqual((inspector.has_table("events"), inspector.has_table("nothing")), (True, False))
        self.assertEqual({column["name"]: str(column["type"]) for column in inspector.get_columns("events")}, {"uuid": "VARCHAR", "count": "BIGINT", "ts": "TIMESTAMP"})
        with engine.connect() as connection:
            self.assertEqual(connection.execute(sqlalchemy.text("select count(*) from events")).scalar(), self.count)
            events = sqlalchemy.Table("events", sqlalchemy.MetaData(), autoload_with=engine)
            self.assertEqual(len(connection.execute(sqlalchemy.select(events.c.uuid, events.c.count).limit(3)).fetchall()), 3)


if __name__ == "__main__":
    unittest.main()
