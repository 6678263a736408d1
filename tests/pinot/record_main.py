#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Pinot answers to every statement of statements.py, as JSON lines: record_main.py FOLDER > answers."""

import json
import sys

import cluster
import statements

if not cluster.inside():
    cluster.enter()
with cluster.Cluster(sys.argv[1]) as pinot:
    rows = statements.records()
    pinot.create_topic("trips")
    for partition in range(cluster.PARTITIONS):
        pinot.produce("trips", partition, rows[partition::cluster.PARTITIONS])
    cluster.call(pinot.controller + "/schemas", json.dumps(statements.SCHEMA))
    cluster.call(pinot.controller + "/tables", json.dumps(statements.table(pinot.bootstrap)))
    cluster.wait("Pinot has the rows", lambda: pinot.query("select count(*) from trips").get("resultTable", {}).get("rows") == [[len(rows)]], 60)
    for sql in statements.SAME + statements.ERRORS:
        answer = pinot.query(sql)
        print(json.dumps({"sql": sql, "resultTable": answer.get("resultTable"), "exceptions": answer["exceptions"]}), flush=True)
