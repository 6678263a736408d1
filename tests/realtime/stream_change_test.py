#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A table that is given another topic, over HTTP and by AddTable: stream_change_test.py LOTIC DEMO_BROKER."""

import subprocess
import sys
import tempfile
import unittest

import server

LOTIC, DEMO_BROKER = sys.argv[1:3]
del sys.argv[1:3]


class StreamChangeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="lotic-stream."))
        cls.brokers = cls.enterClassContext(server.Broker(DEMO_BROKER)).address
        cls.serve = cls.enterClassContext(server.Serve(LOTIC, f"{cls.folder}/data", "-q"))

    def make(self, name):
        """@return how many rows the topic events comes to."""
        made = self.serve.ask("POST", "/tableConfigs", {"tableName": name, "schema": {**server.SCHEMA, "schemaName": name}, "realtime": server.table(self.brokers, name)})
        self.assertEqual(made.status, 200, made.body)
        self.wait_until_read(name)
        return self.count(name)

    def count(self, name):
        return self.serve.rows(f"select count(*) from {name}")[0][0]

    def wait_until_read(self, name):
        def read():
            info = self.serve.ask("GET", f"/tables/{name}/consumingSegmentsInfo").json["_segmentToConsumingInfoMap"]
            return info and all(list(one["partitionOffsetInfo"]["recordsLagMap"].values()) == ["0"] for (one,) in info.values())
        server.wait_for("the records", read)

    def test_another_topic_needs_a_place_to_begin(self):
        events = self.make("moved")
        other = server.table(self.brokers, "moved", "payments")
        both = {"tableName": "moved", "realtime": other}
        for path, body in [("/tables/moved", other), ("/tableConfigs/moved", both), ("/tables/moved?consumeFrom=", other), ("/tables/moved?force=true", other)]:
            with self.subTest(path):
                refused = self.serve.ask("PUT", path, body)
                self.assertEqual(refused.status, 400, refused.body)
                self.assertIn("the parameter consumeFrom=smallest, largest", refused.json["error"])
        refused = self.serve.ask("PUT", "/tables/moved?consumeFrom=tomorrow", other)
        self.assertEqual(refused.status, 400)
        self.assertIn('consumeFrom: "tomorrow" is no place to begin', refused.json["error"])
        self.assertEqual(self.serve.ask("GET", "/tables/moved").json["REALTIME"]["tableIndexConfig"]["streamConfigs"]["stream.kafka.topic.name"], "events")

        moved = self.serve.ask("PUT", "/tables/moved?consumeFrom=smallest", other)
        self.assertEqual(moved.status, 200, moved.body)
        self.assertEqual(self.serve.ask("GET", "/tables/moved").json["REALTIME"]["tableIndexConfig"]["streamConfigs"]["stream.kafka.topic.name"], "payments")
        server.wait_for("rows of the other topic", lambda: self.count("moved") > events)
        self.wait_until_read("moved")
        self.assertEqual(self.serve.ask("GET", "/tables/moved/status").json["ingestionStatus"]["ingestionState"], "HEALTHY")
        # And back, behind what there is: the rows of before stay, and no row is read twice.
        after = self.count("moved")
        config = server.write(self.folder, "moved.json", server.table(self.brokers, "moved"))
        port = self.serve.controller.rsplit(":", 1)[1]
        update = [LOTIC, "AddTable", "-tableConfigFile", config, "-controllerPort", port, "-update", "-exec"]
        without = subprocess.run(update, capture_output=True, text=True, timeout=server.PATIENCE)
        self.assertEqual(without.returncode, 1)
        self.assertIn("consumeFrom", without.stderr)
        back = subprocess.run([*update, "-consumeFrom", "largest"], capture_output=True, text=True, timeout=server.PATIENCE)
        self.assertEqual(back.returncode, 0, back.stderr)
        self.wait_until_read("moved")
        self.assertEqual(self.count("moved"), after)

    def test_another_name_of_the_brokers_needs_none(self):
        rows = self.make("renamed")
        port = self.brokers.rsplit(":", 1)[1]
        changed = self.serve.ask("PUT", "/tables/renamed", server.table(f"127.0.0.1:{port},localhost:{port}", "renamed"))
        self.assertEqual(changed.status, 200, changed.body)
        vain = self.serve.ask("PUT", "/tableConfigs/renamed?consumeFrom=smallest", {"tableName": "renamed", "realtime": server.table(f"localhost:{port}", "renamed")})
        self.assertEqual(vain.status, 200, vain.body)
        self.assertIn("consumeFrom has no effect", vain.body)
        self.wait_until_read("renamed")
        self.assertEqual(self.count("renamed"), rows)


if __name__ == "__main__":
    unittest.main()
