#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The controller and broker API over plain HTTP, and the two commands: api_test.py LOTIC DEMO_BROKER."""

import concurrent.futures
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

import server

LOTIC, DEMO_BROKER = sys.argv[1:3]
del sys.argv[1:3]

RESPONSE_KEYS = """numRowsResultSet partialResult exceptions numGroupsLimitReached numGroupsWarningLimitReached maxRowsInDistinctReached maxRowsWithoutChangeInDistinctReached
maxExecutionTimeInDistinctReached timeUsedMs requestId clientRequestId brokerId numDocsScanned totalDocs numEntriesScannedInFilter numEntriesScannedPostFilter numServersQueried
numServersResponded numSegmentsQueried numSegmentsProcessed numSegmentsMatched numConsumingSegmentsQueried numConsumingSegmentsProcessed numConsumingSegmentsMatched
minConsumingFreshnessTimeMs numSegmentsPrunedByBroker numSegmentsPrunedByServer numSegmentsPrunedInvalid numSegmentsPrunedByLimit numSegmentsPrunedByValue brokerReduceTimeMs
offlineThreadCpuTimeNs realtimeThreadCpuTimeNs offlineSystemActivitiesCpuTimeNs realtimeSystemActivitiesCpuTimeNs offlineResponseSerializationCpuTimeNs
realtimeResponseSerializationCpuTimeNs offlineTotalCpuTimeNs realtimeTotalCpuTimeNs explainPlanNumEmptyFilterSegments explainPlanNumMatchAllFilterSegments traceInfo tablesQueried""".split()


def lotic(*arguments):
    return subprocess.run([LOTIC, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=server.PATIENCE)


class ApiTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="lotic-api."))
        cls.brokers = cls.enterClassContext(server.Broker(DEMO_BROKER)).address
        cls.data = f"{cls.folder}/data"
        cls.serve = cls.enterClassContext(server.Serve(LOTIC, cls.data, "-q"))
        cls.port = cls.serve.controller.rsplit(":", 1)[1]
        cls.schema = server.write(cls.folder, "schema-stream.json", server.SCHEMA)
        cls.config = server.write(cls.folder, "table-config-stream.json", server.table(cls.brokers))
        told = lotic("-b", cls.brokers, "--format", "json", "SELECT count(*)::BIGINT AS n, sum(count)::BIGINT AS s FROM events")
        cls.expected = list(json.loads(told.stdout)[0].values())
        made = lotic("AddTable", "-schemaFile", cls.schema, "-tableConfigFile", cls.config, "-controllerPort", cls.port, "-exec")
        assert made.returncode == 0, made.stderr
        assert made.stdout == "TableConfigs events successfully added\n", made.stdout
        server.wait_for("the rows", lambda: cls.serve.query("select count(*) from events").get("resultTable", {}).get("rows") == [[cls.expected[0]]])

    def test_a_query_answers_in_the_order_and_form_of_pinot(self):
        answer = self.serve.ask("POST", "/query/sql", {"sql": "select count(*), sum(count) from events"}, broker=True, headers={"X-Correlation-Id": "mine"})
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["X-Pinot-Error-Code"], "-1")
        reply = answer.json
        self.assertEqual(list(reply), ["resultTable", *RESPONSE_KEYS, "defaultLimitApplied", "certificate"] if "defaultLimitApplied" in reply else ["resultTable", *RESPONSE_KEYS, "certificate"])
        self.assertEqual(reply["resultTable"]["dataSchema"], {"columnNames": ["count(*)", "sum(count)"], "columnDataTypes": ["LONG", "DOUBLE"]})
        self.assertEqual(reply["resultTable"]["rows"], [[self.expected[0], float(self.expected[1])]])
        digits = str(self.expected[1]).rstrip("0")
        self.assertIn(f"[[{self.expected[0]},{digits[0]}.{digits[1:]}E{len(str(self.expected[1])) - 1}]]", answer.body)  # as Java writes a double from 10^7 on
        self.assertEqual(reply["clientRequestId"], "mine")
        self.assertEqual(reply["tablesQueried"], ["events"])
        self.assertEqual(reply["totalDocs"], self.expected[0])
        self.assertGreater(reply["minConsumingFreshnessTimeMs"], 1_600_000_000_000)
        for key in RESPONSE_KEYS:
            if key.startswith("num") and not key.endswith(("Reached",)):
                self.assertIs(type(reply[key]), int, key)

    def test_the_certificate_accounts_for_every_record(self):
        reply = self.serve.query("select uuid from events limit 100000")
        (reading,) = reply["certificate"]["tables"]
        self.assertTrue(reading["complete"])
        self.assertEqual(sum(part["rows"] for part in reading["segments" if "segments" in reading else "partitions"]), self.expected[0])
        self.assertEqual(reply["numDocsScanned"], self.expected[0])
        self.assertEqual(reply["numSegmentsQueried"], reply["numSegmentsMatched"])

    def test_a_count_that_reads_nothing_is_as_fresh_and_accounts_for_every_document(self):
        reply = self.serve.query("select count(*) from events")
        self.assertGreater(reply["minConsumingFreshnessTimeMs"], 1_600_000_000_000)
        self.assertEqual((reply["numDocsScanned"], reply["totalDocs"]), (self.expected[0], self.expected[0]))
        (counted,) = reply["certificate"]["tables"]
        (read,) = self.serve.query("select uuid from events limit 100000")["certificate"]["tables"]
        self.assertEqual((counted["complete"], counted["bytes_fetched"]), (True, 0))
        for member in ("segment", "planned", "read", "complete", "reason", "records", "rows", "undecodable_values"):
            self.assertEqual([part[member] for part in counted["segments"]], [part[member] for part in read["segments"]], member)
        self.assertEqual(sum(part["records"]["returned"] for part in counted["segments"]), self.expected[0])
        self.assertEqual((reply["numSegmentsProcessed"], reply["numSegmentsPrunedByValue"]), (reply["numSegmentsQueried"], 0))
        self.assertEqual(reply["numConsumingSegmentsMatched"], reply["numConsumingSegmentsQueried"])
        pruned = self.serve.query("select count(*) from events where $segmentName = 'none'")
        self.assertEqual((pruned["numSegmentsProcessed"], pruned["numSegmentsPrunedByValue"], pruned["numDocsScanned"]), (0, pruned["numSegmentsQueried"], 0))
        self.assertGreater(pruned["minConsumingFreshnessTimeMs"], 1_600_000_000_000)

    def test_ten_rows_are_the_default_and_said(self):
        reply = self.serve.query("select uuid, ts from events")
        self.assertEqual(len(reply["resultTable"]["rows"]), 10)
        self.assertIs(reply["defaultLimitApplied"], True)
        self.assertNotIn("defaultLimitApplied", self.serve.query("select uuid from events limit 3"))

    def test_options_come_in_three_ways(self):
        self.assertEqual(self.serve.rows("set timeoutMs = 5000; select count(*) from events"), [[self.expected[0]]])
        self.assertEqual(self.serve.rows("select count(*) from events option(timeoutMs=5000)"), [[self.expected[0]]])
        self.assertEqual(self.serve.rows("select count(*) from events", queryOptions=";timeoutMs=5000;groupByMode=sql"), [[self.expected[0]]])
        self.assertEqual(self.serve.query("select uuid from events", queryOptions="dropResults=true")["resultTable"]["rows"], [])

    def test_options_that_bound_an_answer_or_ask_for_pages_are_not_passed_over(self):
        for options, code, words in [("maxQueryResponseSizeBytes=100", 245, "more than 100 bytes"), ("maxServerResponseSizeBytes=90;maxQueryResponseSizeBytes=100", 245, "more than 90 bytes"),
                                     ("maxServerResponseSizeBytes=0", 150, "the option maxServerResponseSizeBytes must be a number of bytes above 0, not '0'"),
                                     ("maxQueryResponseSizeBytes=1M", 150, "not '1M'"), ("getCursor=true;cursorNumRows=1", 150, "answers in pages (getCursor) are not built")]:
            with self.subTest(options):
                answer = self.serve.query("select uuid from events limit 100", queryOptions=options)
                (exception,) = answer["exceptions"]
                self.assertEqual(exception["errorCode"], code, exception)
                self.assertIn(words, exception["message"])
                self.assertNotIn("resultTable", answer)
        self.assertEqual(len(self.serve.rows("set maxQueryResponseSizeBytes = 100000; select uuid from events limit 100")), 100)
        self.assertEqual(self.serve.rows("select 1"), [[1]])

    def test_limits_that_a_table_says_hold(self):
        config = server.table(self.brokers)
        try:
            changed = self.serve.ask("PUT", "/tables/events", {**config, "query": {"maxQueryResponseSizeBytes": 100}, "quota": {"maxQueriesPerSecond": 0.001}})
            self.assertEqual(changed.status, 200, changed.body)
            (large,) = self.serve.query("select uuid from events limit 100")["exceptions"]  # the one query that is allowed
            self.assertEqual(large["errorCode"], 245, large)
            for asked in range(2):
                answer = self.serve.ask("POST", "/query/sql", {"sql": "select count(*) from events"}, headers={"Pinot-Use-Http-Status-For-Errors": "true"})
                (exception,) = answer.json["exceptions"]
                self.assertEqual((answer.status, exception["errorCode"]), (429, 429), exception)
                self.assertIn("quota.maxQueriesPerSecond", exception["message"])
        finally:
            self.assertEqual(self.serve.ask("PUT", "/tables/events", config).status, 200)
        self.assertEqual(self.serve.rows("select count(*) from events"), [[self.expected[0]]])

    def test_there_is_one_database(self):
        for name, status in [("default", 200), ("Default", 200), ("", 200), ("other", 404)]:
            with self.subTest(name):
                headers = {"database": name}
                listed = self.serve.ask("GET", "/tables", headers=headers)
                self.assertEqual(listed.status, status, listed.body)
                answer = self.serve.ask("POST", "/query/sql", {"sql": "select count(*) from events"}, headers=headers).json
                if status == 200:
                    self.assertEqual(answer["resultTable"]["rows"], [[self.expected[0]]])
                    continue
                self.assertIn("there is no database other but default", listed.json["error"])
                (exception,) = answer["exceptions"]
                self.assertEqual(exception["errorCode"], 190)
                self.assertIn("there is no database other but default", exception["message"])

    def test_every_path_of_a_query_answers(self):
        for method, path, body, broker in [("POST", "/query", {"sql": "select count(*) from events"}, True), ("GET", "/query/sql?sql=select+count(*)+from+events", None, True),
                                           ("POST", "/sql", {"sql": "select count(*) from events", "trace": "true"}, False), ("GET", "/sql?sql=select%20count(*)%20from%20default.events_REALTIME", None, False)]:
            with self.subTest(method + " " + path):
                self.assertEqual(self.serve.ask(method, path, body, broker=broker).json["resultTable"]["rows"], [[self.expected[0]]])

    def test_an_error_is_an_exception_with_its_number(self):
        for sql, code, words in [("selec 1", 150, "SQLParsingError"), ("select * from nothing", 190, "there is no table nothing"), ("select missing from events", 710, "missing"),
                                 ("select distinct uuid from events group by uuid", 150, "DISTINCT"), ("select nosuch(uuid) from events", 700, "nosuch"),
                                 ("select uuid from event", 190, "did you mean events"), ("explain plan for select 1 from events", 150, "EXPLAIN PLAN FOR is not built yet"),
                                 ("select a.uuid from events a join events b on a.uuid = b.uuid", 150, "JOIN")]:
            with self.subTest(sql):
                answer = self.serve.ask("POST", "/query/sql", {"sql": sql}, broker=True)
                self.assertEqual(answer.status, 200)
                (exception,) = answer.json["exceptions"]
                self.assertEqual(exception["errorCode"], code, exception)
                self.assertIn(words, exception["message"])
                self.assertNotIn("resultTable", answer.json)
                self.assertEqual(answer.headers["X-Pinot-Error-Code"], str(code))
        real = self.serve.ask("POST", "/query/sql", {"sql": "select * from nothing"}, headers={"Pinot-Use-Http-Status-For-Errors": "true"})
        self.assertEqual(real.status, 404)

    def test_the_controller_lists_what_there_is(self):
        get = lambda path: self.serve.ask("GET", path).json
        self.assertEqual(self.serve.ask("GET", "/health").body, "OK")
        self.assertEqual(self.serve.ask("GET", "/health", broker=True).body, "OK")
        self.assertEqual(get("/tables"), {"tables": ["events"]})
        self.assertEqual(get("/tables?type=realtime"), {"tables": ["events_REALTIME"]})
        self.assertEqual(get("/tables?type=offline"), {"tables": []})
        self.assertEqual(get("/tables/events")["REALTIME"]["tableName"], "events_REALTIME")
        self.assertEqual(get("/tables/default.events_REALTIME/schema")["schemaName"], "events")
        self.assertEqual(get("/schemas"), ["events"])
        self.assertEqual([field["name"] for field in get("/schemas/events")["dateTimeFieldSpecs"]], ["ts"])
        self.assertEqual(get("/tableConfigs"), ["events"])
        self.assertEqual(list(get("/tableConfigs/events")), ["tableName", "schema", "realtime"])
        self.assertEqual(get("/databases"), ["default"])
        self.assertEqual(self.serve.ask("HEAD", "/mytables").status, 404)
        broker_port = int(self.serve.broker.rsplit(":", 1)[1])
        self.assertEqual(get("/v2/brokers/tables?state=ONLINE"), {"events": [{"instanceName": f"Broker_127.0.0.1_{broker_port}", "host": "127.0.0.1", "port": broker_port}]})
        self.assertEqual(get("/tables/livebrokers?tables=events"),
                         {"events_REALTIME": [{"port": broker_port, "host": "127.0.0.1", "instanceName": f"Broker_127.0.0.1_{broker_port}", "grpcPort": -1}]})
        self.assertEqual(get("/brokers/tables"), {"events": [f"Broker_127.0.0.1_{broker_port}"]})
        (segments,) = get("/segments/events")
        for name in segments["REALTIME"]:
            self.assertRegex(name, r"^events__\d+__\d+__\d{8}T\d{4}Z$")
        self.assertEqual(self.serve.ask("DELETE", f"/segments/events/{segments['REALTIME'][0]}").status, 409)
        self.assertIn("Successfully reset segment", self.serve.ask("POST", f"/segments/events/{segments['REALTIME'][0]}/reset").json["status"])
        self.assertIn("Successfully reset all segments", self.serve.ask("POST", "/segments/events/reset").json["status"])
        size = get("/tables/events/size")
        self.assertEqual(sorted(size["realtimeSegments"]["segments"]), sorted(segments["REALTIME"]))
        self.assertEqual(get("/tables/events/metadata")["numRows"], self.expected[0])
        self.assertEqual(get("/tables/events/status?type=realtime"), {"ingestionStatus": {"ingestionState": "HEALTHY", "errorMessage": ""}})
        info = get("/tables/events/consumingSegmentsInfo")
        self.assertEqual((info["serversFailingToRespond"], info["serversUnparsableRespond"]), (0, 0))
        for name, (replica,) in info["_segmentToConsumingInfoMap"].items():
            self.assertIn(name, segments["REALTIME"])
            self.assertEqual(replica["consumerState"], "CONSUMING")
            (partition,) = replica["partitionToOffsetMap"]
            self.assertEqual(replica["partitionOffsetInfo"]["recordsLagMap"], {partition: "0"})
            self.assertRegex(replica["partitionOffsetInfo"]["availabilityLagMsMap"][partition], r"^\d+$")

    def test_tables_come_in_the_order_that_is_asked_for(self):
        names = lambda query: self.serve.ask("GET", "/tables" + query).json["tables"]
        younger = "a_younger"
        made = self.serve.ask("POST", "/tableConfigs", {"tableName": younger, "schema": {**server.SCHEMA, "schemaName": younger}, "realtime": server.table(self.brokers, younger)})
        self.assertEqual(made.status, 200, made.body)
        try:
            for query, expected in [("", [younger, "events"]), ("?sortType=name", [younger, "events"]), ("?sortAsc=false", ["events", younger]),
                                    ("?sortType=creationTime", ["events", younger]), ("?sortType=CREATIONTIME&sortAsc=false", [younger, "events"])]:
                with self.subTest(query):
                    self.assertEqual(names(query), expected)
            self.assertEqual(self.serve.ask("PUT", "/tables/events", server.table(self.brokers)).status, 200)
            self.assertEqual(names("?sortType=lastModifiedTime"), [younger, "events"])
            self.assertEqual(names("?sortType=creationTime"), ["events", younger])
            wrong = self.serve.ask("GET", "/tables?sortType=size")
            self.assertEqual(wrong.status, 400)
            self.assertIn("sortType is size; expected name, creationTime or lastModifiedTime", wrong.body)
        finally:
            self.assertEqual(self.serve.ask("DELETE", f"/tableConfigs/{younger}").status, 200)

    def test_metadata_of_a_segment_has_pinots_keys(self):
        (segments,) = self.serve.ask("GET", "/segments/events").json
        name = segments["REALTIME"][0]
        metadata = self.serve.ask("GET", f"/segments/events/{name}/metadata").json
        self.assertEqual(metadata["segment.name"], name)
        self.assertGreater(int(metadata["segment.flush.threshold.size"]), 0)
        for key in ("segment.flush.threshold.time", "segment.partition.metadata", "segment.download.url", "segment.refresh.time", "segment.realtime.endOffset"):
            self.assertIsNone(metadata[key], key)
        for key, value in metadata.items():
            self.assertIsInstance(value, (str, type(None)), key)

    def test_metrics_have_pinots_names(self):
        page = self.serve.ask("GET", "/metrics")
        self.assertIn("version=0.0.4", page.headers["Content-Type"])
        consumed = [line for line in page.body.splitlines() if line.startswith("pinot_server_realtimeRowsConsumed_Count{")]
        self.assertEqual(sum(float(line.split()[-1]) for line in consumed), self.expected[0], page.body[:2000])
        self.assertIn('table="events_REALTIME"', consumed[0])
        self.assertLessEqual(set("""pinot_server_realtimeRowsFetched_Count pinot_server_realtimeRowsFiltered_Count pinot_server_invalidRealtimeRowsDropped_Count
            pinot_server_incompleteRealtimeRowsConsumed_Count pinot_server_rowsWithErrors_Count pinot_server_realtimeBytesConsumed_Count pinot_server_realtimeBytesDropped_Count
            pinot_server_realtimeConsumptionExceptions_Count pinot_server_streamDataLoss_Count pinot_server_realtimeIngestionDelayMs_Value pinot_server_realtimeIngestionOffsetLag_Value
            pinot_server_realtimeIngestionUpstreamOffset_Value pinot_server_realtimeIngestionConsumingOffset_Value pinot_server_highestStreamOffsetConsumed_Value
            pinot_server_llcPartitionConsuming_Value pinot_server_lastRealtimeSegmentCreationDurationSeconds_Value pinot_server_tableNotRunning_Value pinot_controller_llcStreamDataLoss_Count
            pinot_controller_numRowsThreshold_Value pinot_controller_missingConsumingSegmentTotalCount_Value pinot_controller_tableConsumptionPaused_Value""".split()),
                             {line.split()[2] for line in page.body.splitlines() if line.startswith("# TYPE ")})

    def test_the_page_lists_tables_and_endpoints(self):
        page = self.serve.ask("GET", "/")
        self.assertIn("text/html", page.headers["Content-Type"])
        self.assertIn('<a href="/tables/events">events</a>', page.body)
        self.assertIn("/tables/{t}/forceCommit", page.body)
        self.assertRegex(page.body, r'<td>0 records</td><td><a href="/tables/events/consumingSegmentsInfo">\d+ ms')
        self.assertNotIn("<script", page.body)

    def test_bad_requests_are_answered_with_a_sentence(self):
        table = server.table(self.brokers)
        schema = server.SCHEMA
        for method, path, body, status, words in [
            ("GET", "/tables/nothing", None, 404, "nothing"), ("GET", "/tables/events?type=hybrid", None, 400, "type is HYBRID"), ("GET", "/nothing", None, 404, "there is no /nothing"),
            ("PATCH", "/tables", None, 405, "not by PATCH"), ("GET", "/schemas/nothing", None, 404, "nothing"), ("POST", "/schemas", "{", 400, ""), ("POST", "/schemas", {}, 400, "schemaName"),
            ("POST", "/schemas?override=false", schema, 409, "events"), ("DELETE", "/schemas/events", None, 409, "events"), ("DELETE", "/schemas/nothing", None, 404, "nothing"),
            ("PUT", "/schemas/events", {**schema, "metricFieldSpecs": []}, 400, "count"), ("PUT", "/schemas/nothing", {**schema, "schemaName": "nothing"}, 404, "nothing"),
            ("POST", "/tables", table, 409, "events"), ("POST", "/tables", {**table, "tableName": "other"}, 400, "other"), ("POST", "/tables", "[1]", 400, ""),
            ("PUT", "/tables/nothing", table, 404, "nothing"), ("DELETE", "/tables/nothing", None, 404, "nothing"), ("DELETE", "/tables/events?type=offline", None, 404, "no offline part"),
            ("POST", "/tableConfigs", {"tableName": "events", "schema": schema, "realtime": table}, 400, "already exists"), ("POST", "/tableConfigs", {}, 400, "no tableName"),
            ("POST", "/tableConfigs", {"tableName": "x"}, 400, "no realtime table"), ("POST", "/tableConfigs", {"tableName": "x", "offline": {}}, 400, "offline"),
            ("POST", "/tableConfigs", {"tableName": "x", "realtime": table}, 400, "names must be equal"), ("POST", "/tableConfigs", {"tableName": "x", "schema": []}, 400, "schema is not an object"),
            ("PUT", "/tableConfigs/nothing", {"tableName": "nothing", "realtime": {**table, "tableName": "nothing"}}, 404, "nothing"),
            ("POST", "/tableConfigs/validate", {"tableName": "y", "schema": {**schema, "schemaName": "y"}, "realtime": {"tableName": "y"}}, 400, ""),
            ("GET", "/segments/nothing", None, 404, "nothing"), ("GET", "/segments/events/none/metadata", None, 404, "none"),
            ("POST", "/tables/nothing/pauseConsumption", None, 404, "nothing"), ("POST", "/tables/events/resumeConsumption?consumeFrom=yesterday", None, 400, "consumeFrom is yesterday"),
            ("POST", "/tables/events/forceCommit?partitions=a", None, 400, "partitions has a"), ("POST", "/tables/events/forceCommit?partitions=0&segments=b", None, 400, "both"),
            ("POST", "/tables/events/forceCommit?partitions=0,,1", None, 400, "empty entry"), ("GET", "/tables/forceCommitStatus/none", None, 404, "none"),
            ("GET", "/periodictask/run?taskname=Other", None, 404, "Other"), ("GET", "/brokers/tenants/other", None, 404, "other"),
            ("POST", "/segments/events/none/reset", None, 404, "none"), ("POST", "/segments/nothing/reset", None, 404, "nothing"), ("DELETE", "/segments/events/none", None, 404, "none"),
            ("POST", "/query/sql", "select 1", 400, "not JSON"), ("POST", "/query/sql", {}, 400, "no sql"), ("GET", "/query/sql", None, 400, "no parameter sql"),
            ("POST", "/query/sql?getCursor=true", {"sql": "select 1"}, 501, "pages"), ("GET", "/users;.", None, 400, "semicolon"), ("GET", "/tables/..%2f..", None, 400, "slash"),
        ]:
            with self.subTest(f"{method} {path}", body=str(body)[:60]):
                answer = self.serve.ask(method, path, body)
                self.assertEqual(answer.status, status, answer.body)
                self.assertEqual(list(answer.json), ["code", "error"])
                self.assertEqual(answer.json["code"], status)
                self.assertIn(words, answer.json["error"])
        self.assertEqual(self.serve.ask("GET", "/tables").json, {"tables": ["events"]})

    def test_pages_of_other_origins_are_kept_out(self):
        for headers, status in [({"Origin": "http://evil.example"}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Host": "evil.example"}, 421), ({"Origin": self.serve.controller}, 200)]:
            with self.subTest(headers):
                self.assertEqual(self.serve.ask("POST", "/query/sql", {"sql": "select 1 from events limit 1"}, headers=headers).status, status)
                self.assertEqual(self.serve.ask("GET", "/tables", headers=headers).status, status)

    def test_unknown_keys_are_given_back_and_warnings_said(self):
        answer = self.serve.ask("POST", "/tables/validate", server.table(self.brokers, odd={"a": 1}))
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(answer.json["unrecognizedProperties"], {"odd": {"a": 1}})
        self.assertEqual(answer.json["REALTIME"]["tableName"], "events_REALTIME")

    def test_what_is_validated_is_shown_without_its_secrets(self):
        config = server.table(self.brokers)
        config["tableIndexConfig"]["streamConfigs"] |= {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.jaas.config": 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="hunter2";'}
        for path, body in [("/tables/validate", config), ("/tableConfigs/validate", {"tableName": "events", "schema": server.SCHEMA, "realtime": config})]:
            answer = self.serve.ask("POST", path, body)
            self.assertEqual(answer.status, 200, answer.body)
            self.assertNotIn("hunter2", answer.body)

    def test_a_validation_asks_the_stream_only_where_that_is_wanted(self):
        both = lambda config: {"tableName": config["tableName"], "schema": {**server.SCHEMA, "schemaName": config["tableName"]}, "realtime": config}
        with socket.create_server(("127.0.0.1", 0)) as silent:
            silent.setblocking(False)
            config = server.table("127.0.0.1:%d" % silent.getsockname()[1])
            for path, body in [("/tables/validate", config), ("/tableConfigs/validate", both(config)), ("/tables/validate?connect=false", config)]:
                answer = self.serve.ask("POST", path, body)
                self.assertEqual(answer.status, 200, answer.body)
                self.assertNotIn("connection", answer.json)
            self.assertRaises(BlockingIOError, silent.accept)
            closed = server.table("127.0.0.1:%d" % silent.getsockname()[1])
        partitions = len(self.serve.ask("GET", "/tables/events/consumingSegmentsInfo").json["_segmentToConsumingInfoMap"])
        for path, wrap in [("/tables/validate?connect=true&consumeFrom=smallest", lambda config: config), ("/tableConfigs/validate?connect=true&consumeFrom=smallest", both)]:
            with self.subTest(path):
                answer = self.serve.ask("POST", path, wrap(server.table(self.brokers)))
                self.assertEqual(answer.status, 200, answer.body)
                self.assertEqual(answer.json["connection"], {"topic": "events", "partitions": partitions})
                for config, words in [(closed, closed["tableIndexConfig"]["streamConfigs"]["stream.kafka.broker.list"]), (server.table(self.brokers, topic="no-such-topic"), "no-such-topic")]:
                    refused = self.serve.ask("POST", path, wrap(config))
                    self.assertEqual(refused.status, 400, refused.body)
                    self.assertIn("Table events_REALTIME: its stream cannot be read: ", refused.json["error"])
                    self.assertIn(words, refused.json["error"])
        self.assertIn("connect is maybe", self.serve.ask("POST", "/tables/validate?connect=maybe", server.table(self.brokers)).json["error"])

    def test_a_validation_says_what_the_real_call_would(self):
        config, schema = server.table(self.brokers), server.SCHEMA
        less = {**schema, "metricFieldSpecs": []}
        typed = {**schema, "metricFieldSpecs": [{"name": "count", "dataType": "LONG"}]}
        other_topic = server.table(self.brokers, topic="orders")
        both = lambda schema, config: {"tableName": config["tableName"], "schema": schema, "realtime": config}
        missing = both({**schema, "schemaName": "missing"}, server.table(self.brokers, "missing"))
        clash = both({**schema, "schemaName": "Events"}, server.table(self.brokers, "Events"))
        self.assertEqual(self.serve.ask("POST", "/schemas", {**schema, "schemaName": "lonely"}).status, 200)
        lonely = both({**less, "schemaName": "lonely"}, server.table(self.brokers, "lonely"))
        for method, real, validate, body, status in [
            ("POST", "/tables", "/tables/validate?update=false", config, 409), ("POST", "/tableConfigs", "/tableConfigs/validate?update=false", both(schema, config), 400),
            ("PUT", "/tableConfigs/events", "/tableConfigs/validate?update=true", both(less, config), 400), ("PUT", "/tableConfigs/events", "/tableConfigs/validate", both(typed, config), 400),
            ("PUT", "/tables/events", "/tables/validate?update=true", other_topic, 400), ("PUT", "/tables/events", "/tables/validate", other_topic, 400),
            ("PUT", "/tables/events?consumeFrom=nowhere", "/tables/validate?consumeFrom=nowhere", other_topic, 400),
            ("PUT", "/tables/missing", "/tables/validate?update=true", missing["realtime"], 404), ("POST", "/tables", "/tables/validate", missing["realtime"], 400),
            ("POST", "/tableConfigs", "/tableConfigs/validate", clash, 409), ("POST", "/tableConfigs", "/tableConfigs/validate", lonely, 400),
        ]:
            with self.subTest(validate, body=str(body)[:60]):
                validated, done = self.serve.ask("POST", validate, body), self.serve.ask(method, real, body)
                self.assertEqual((validated.status, validated.json), (done.status, done.json))
                self.assertEqual(validated.status, status, validated.body)
        self.assertEqual(self.serve.ask("DELETE", "/schemas/lonely").status, 200)
        warnings = lambda path, body: self.serve.ask("POST", path, body).json.get("warnings", [])
        exists = "Table events_REALTIME exists: PUT changes it, POST is refused"
        for path, body in [("/tables/validate", config), ("/tableConfigs/validate", both(schema, config)), ("/tableConfigs/validate?force=true", both(typed, config))]:
            self.assertIn(exists, warnings(path, body))
        for path, body in [("/tables/validate?update=true", config), ("/tables/validate?update=true&consumeFrom=smallest", other_topic), ("/tableConfigs/validate?update=false", missing), ("/tableConfigs/validate", missing)]:
            self.assertEqual(self.serve.ask("POST", path, body).status, 200)
            self.assertNotIn(exists, warnings(path, body))
        self.assertIn("the brokers are others than those of table events_REALTIME", str(warnings("/tables/validate?update=true", server.table("127.0.0.1:1"))))
        self.assertIn("update is perhaps", self.serve.ask("POST", "/tables/validate?update=perhaps", config).json["error"])
        self.assertEqual([field["dataType"] for field in self.serve.ask("GET", "/tableConfigs/events").json["schema"]["metricFieldSpecs"]], ["INT"])
        self.assertEqual((self.serve.ask("GET", "/tables").json, self.serve.ask("GET", "/schemas").json), ({"tables": ["events"]}, ["events"]))

    def test_a_dry_run_says_what_would_be_refused(self):
        run = lambda *more: lotic("AddTable", "-tableConfigFile", self.config, "-controllerPort", self.port, *more)
        refused = run("-schemaFile", self.schema)
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertIn("TableConfigs events already exists", refused.stderr)
        self.assertIn("Would change the table events_REALTIME and its schema", run("-schemaFile", self.schema, "-update").stdout)
        less = server.write(self.folder, "less-schema.json", {**server.SCHEMA, "metricFieldSpecs": []})
        self.assertIn("backward incompatible", run("-schemaFile", less, "-update").stderr)
        moved = server.write(self.folder, "moved-table.json", server.table(self.brokers, topic="orders"))
        move = lambda *more: lotic("AddTable", "-tableConfigFile", moved, "-controllerPort", self.port, "-update", *more)
        self.assertIn("consumeFrom", move().stderr)
        self.assertIn("Would change the table events_REALTIME", move("-consumeFrom", "2d").stdout)

    def test_a_dry_run_can_test_the_connection(self):
        schema = server.write(self.folder, "tried-schema.json", {**server.SCHEMA, "schemaName": "tried"})
        run = lambda topic: lotic("AddTable", "-schemaFile", schema, "-tableConfigFile", server.write(self.folder, "tried-table.json", server.table(self.brokers, "tried", topic)), "-controllerPort", self.port, "-connect")
        found = run("events")
        self.assertEqual(found.returncode, 0, found.stderr)
        self.assertRegex(found.stdout, r"It reaches the topic events: \d+ partitions?\.\n")
        missing = run("no-such-topic")
        self.assertEqual((missing.returncode, missing.stdout), (1, ""))
        self.assertIn("no-such-topic", missing.stderr)
        with socket.create_server(("127.0.0.1", 0)) as closed:
            free = str(closed.getsockname()[1])
        alone = lotic("AddTable", "-schemaFile", schema, "-tableConfigFile", f"{self.folder}/tried-table.json", "-controllerPort", free, "-connect")
        self.assertEqual((alone.returncode, alone.stdout), (3, ""), alone.stderr)

    def test_of_creations_at_once_one_makes_both_parts(self):
        for round_ in range(5):
            name = f"twice{round_}"
            bodies = []
            for columns in ["a", "a", "ab"]:
                schema = {**server.SCHEMA, "schemaName": name, "dimensionFieldSpecs": [{"name": column, "dataType": "STRING"} for column in columns]}
                bodies.append({"tableName": name, "schema": schema, "realtime": server.table(self.brokers, name)})
            with concurrent.futures.ThreadPoolExecutor(len(bodies)) as pool:
                answers = list(pool.map(lambda body: self.serve.ask("POST", "/tableConfigs", body), bodies))
            try:
                made = [i for i, answer in enumerate(answers) if answer.status == 200]
                self.assertEqual(len(made), 1, [answer.body for answer in answers])
                self.assertTrue(all(answer.status in (200, 400, 409) for answer in answers), [answer.body for answer in answers])
                kept = self.serve.ask("GET", f"/tableConfigs/{name}").json
                self.assertEqual(len(kept["schema"]["dimensionFieldSpecs"]), len(bodies[made[0]]["schema"]["dimensionFieldSpecs"]))
            finally:
                self.serve.ask("DELETE", f"/tableConfigs/{name}")

    def test_a_dry_run_makes_nothing(self):
        config = server.write(self.folder, "other-table.json", server.table(self.brokers, "other"))
        schema = server.write(self.folder, "other-schema.json", {**server.SCHEMA, "schemaName": "other"})
        dry = lotic("AddTable", "-schemaFile", schema, "-tableConfigFile", config, "-controllerPort", self.port)
        self.assertEqual(dry.returncode, 0, dry.stderr)
        self.assertIn("finds the files valid", dry.stdout)
        self.assertIn("Would make the table other_REALTIME and its schema. Nothing was done", dry.stdout)
        self.assertEqual(self.serve.ask("GET", "/tables").json, {"tables": ["events"]})
        with socket.create_server(("127.0.0.1", 0)) as closed:
            free = str(closed.getsockname()[1])
        here = lotic("AddTable", "-schemaFile", schema, "-tableConfigFile", config, "-controllerPort", free)
        self.assertEqual(here.returncode, 0, here.stderr)
        self.assertIn(f"No controller answers at http://localhost:{free}; checked here, the files are valid.", here.stdout)
        bad = server.write(self.folder, "bad-table.json", {"tableName": "other"})
        for port in (self.port, free):
            refused = lotic("AddTable", "-schemaFile", schema, "-tableConfigFile", bad, "-controllerPort", port)
            self.assertEqual((refused.returncode, refused.stdout), (1, ""))
            self.assertIn("error: ", refused.stderr)

    def test_add_table_says_what_is_wrong(self):
        for arguments, code, words in [
            ([], 2, "needs -tableConfigFile FILE"), (["-tableConfigFile", self.config], 2, "needs -schemaFile FILE"), (["-schemaFile"], 2, "needs a value"), (["-nothing"], 2, "no option -nothing"),
            (["events"], 2, "takes options only"), (["-schemaFile", self.schema, "-tableConfigFile", self.config, "-controllerPort", "x"], 2, "number from 1 to 65535"),
            (["-schemaFile", self.schema, "-tableConfigFile", self.config, "-controllerProtocol", "ftp"], 2, "http or https"), (["-offlineTableConfigFile", "x"], 2, "offline tables are not served"),
            (["-schemaFile", self.schema, "-tableConfigFile", self.config, "-connect", "-exec"], 2, "-connect goes without -exec"),
            (["-schemaFile", self.schema, "-tableConfigFile", f"{self.folder}/none.json"], 1, "No such file or directory"), (["-schemaFile", self.schema, "-tableConfigFile", self.schema], 1, "has no tableName"),
            (["-schemaFile", self.schema, "-tableConfigFile", self.config, "-controllerPort", self.port, "-exec"], 1, "already exists"),
        ]:
            with self.subTest(arguments):
                done = lotic("AddTable", *arguments)
                self.assertEqual(done.returncode if code != 1 else 1 if done.returncode in (1, 3) else done.returncode, code, done.stderr)
                self.assertIn(words, done.stderr)

    def test_serve_says_what_is_wrong(self):
        file = server.write(self.folder, "a-file", {})
        for arguments, code, words in [([], 2, "needs --data DIR"), (["--data", self.data, "x"], 2, 'got "x"'), (["--data", self.data, "--broker-port", "70000"], 2, "0 to 65535"),
                                       (["--data", self.data, "--controller-port", "0", "--broker-port", "0"], 1, str(self.serve.process.pid)),
                                       (["--data", f"{self.folder}/new", "--host", "0.0.0.0"], 1, "serving on 0.0.0.0 is refused"),
                                       (["--data", f"{self.folder}/new", "--controller-port", self.port, "--broker-port", "0"], 3, "Address already in use"),
                                       (["--data", f"{self.folder}/new", "--allow-files", f"{self.folder}/none"], 1, f"--allow-files {self.folder}/none: No such file or directory"),
                                       (["--data", f"{self.folder}/new", "--allow-files", file], 1, "it is no folder"), (["--data", file], None, "a-file")]:
            with self.subTest(arguments):
                done = lotic("serve", "-q", *arguments)
                self.assertNotEqual(done.returncode, 0)
                if code is not None:
                    self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(words, done.stderr)
                self.assertEqual(done.stdout, "")


class DamageTest(unittest.TestCase):
    def test_a_query_that_meets_damage_has_it_mended(self):
        with tempfile.TemporaryDirectory(prefix="lotic-damage.") as folder, server.Broker(DEMO_BROKER) as broker, server.Serve(LOTIC, f"{folder}/data", "-q") as serve:
            made = serve.ask("POST", "/tableConfigs", {"tableName": "events", "schema": server.SCHEMA, "realtime": server.table(broker.address)})
            self.assertEqual(made.status, 200, made.body)
            lags = lambda: [replica["partitionOffsetInfo"]["recordsLagMap"].popitem()[1] for (replica,) in serve.ask("GET", "/tables/events/consumingSegmentsInfo").json["_segmentToConsumingInfoMap"].values()]
            server.wait_for("the end of the topic", lambda: serve.rows("select count(*) from events")[0][0] > 0 and set(lags()) == {"0"})
            rows = serve.rows("select count(*), sum(count) from events")
            job = serve.ask("POST", "/tables/events/forceCommit").json["forceCommitJobId"]
            server.wait_for("the commit", lambda: serve.ask("GET", f"/tables/forceCommitStatus/{job}").json["numberOfSegmentsYetToBeCommitted"] == 0)
            files = sorted(pathlib.Path(folder, "data", "tables", "events_REALTIME").glob("p*/*.parquet"))
            self.assertGreater(len(files), 2)
            for path in files:
                content = bytearray(path.read_bytes())
                content[len(content) // 2] ^= 1
                path.write_bytes(content)
            (exception,) = serve.query("select count(*), sum(count) from events")["exceptions"]
            self.assertEqual(exception["errorCode"], 305, exception)
            self.assertIn("fails its checksum", exception["message"])
            # The owner by itself looks at one segment a minute.
            server.wait_for("the damaged segments", lambda: serve.query("select count(*), sum(count) from events").get("resultTable", {}).get("rows") == rows)


class LifeTest(unittest.TestCase):
    def test_tables_pauses_and_rows_outlive_a_restart(self):
        with tempfile.TemporaryDirectory(prefix="lotic-life.") as folder, server.Broker(DEMO_BROKER) as broker:
            log = pathlib.Path(folder, "log").open("w+")
            with log, server.Serve(LOTIC, f"{folder}/data", log=log) as first:
                both = {"tableName": "events", "schema": server.SCHEMA, "realtime": server.table(broker.address)}
                made = first.ask("POST", "/tableConfigs", both)
                self.assertEqual(made.json, {"unrecognizedProperties": {}, "status": "TableConfigs events successfully added", **({"warnings": made.json["warnings"]} if "warnings" in made.json else {})})
                caught_up = lambda one: all(replica["partitionOffsetInfo"]["recordsLagMap"].popitem()[1] == "0" for (replica,) in one.ask("GET", "/tables/events/consumingSegmentsInfo").json["_segmentToConsumingInfoMap"].values())
                server.wait_for("the end of the topic", lambda: first.rows("select count(*) from events")[0][0] > 0 and caught_up(first))
                rows = first.rows("select count(*), sum(count), min(ts), max(ts) from events")
                job = first.ask("POST", "/tables/events/forceCommit").json
                self.assertEqual((job["forceCommitStatus"], job["jobMetaZKWriteStatus"]), ("SUCCESS", "SUCCESS"))
                server.wait_for("the commit", lambda: first.ask("GET", f"/tables/forceCommitStatus/{job['forceCommitJobId']}").json["numberOfSegmentsYetToBeCommitted"] == 0)
                self.assertEqual(first.rows("select count(*), sum(count), min(ts), max(ts) from events"), rows)
                empty = first.query("select sum(count) from events")  # its consuming segments hold nothing yet
                self.assertGreater(empty["minConsumingFreshnessTimeMs"], 1_600_000_000_000)
                self.assertEqual(empty["numSegmentsPrunedByValue"], 0)
                paused = first.ask("POST", "/tables/events/pauseConsumption?comment=a%20rest").json
                self.assertEqual((paused["pauseFlag"], paused["reasonCode"], paused["comment"]), (True, "ADMINISTRATIVE", "a rest"))
                self.assertRegex(paused["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
                self.assertEqual(first.stop(), 0)
                log.seek(0)
                lines = log.read().splitlines()
                self.assertTrue(lines)
            with server.Serve(LOTIC, f"{folder}/data", "-q") as second:
                self.assertEqual(second.ask("GET", "/tables").json, {"tables": ["events"]})
                status = second.ask("GET", "/tables/events/pauseStatus").json
                self.assertEqual((status["pauseFlag"], status["comment"], status["consumingSegments"]), (True, "a rest", []))
                self.assertEqual(second.rows("select count(*), sum(count), min(ts), max(ts) from events"), rows)
                self.assertEqual(second.query("select count(*) from events")["minConsumingFreshnessTimeMs"], 0)  # nothing is consuming
                self.assertIs(second.ask("POST", "/tables/events/resumeConsumption").json["pauseFlag"], False)
                self.assertGreater(second.query("select count(*) from events")["minConsumingFreshnessTimeMs"], 1_600_000_000_000)
                changed = second.ask("PUT", "/schemas/events", {**server.SCHEMA, "dimensionFieldSpecs": [{"name": "uuid", "dataType": "STRING"}, {"name": "extra", "dataType": "INT"}]})
                self.assertEqual(changed.json["status"], "events successfully added")
                self.assertEqual(second.rows("select extra, count(*) from events group by extra"), [[-2147483648, rows[0][0]]])
                self.assertEqual(second.ask("DELETE", "/tables/events").json, {"status": "Tables: [events_REALTIME] deleted"})
                self.assertEqual(second.ask("GET", "/tables").json, {"tables": []})
                self.assertEqual(second.ask("DELETE", "/schemas/events").json, {"status": "Schema events deleted"})
                self.assertEqual(second.stop(), 0)


if __name__ == "__main__":
    unittest.main()
