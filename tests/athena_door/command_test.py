#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`lotic athena` as a user meets it: command_test.py LOTIC LOTIC_ATHENA DEMO_BROKER.

Functions are addresses (`lotic lambda local`) and commands (lotic-athena, and a scripted one), the topics are the demo's.
"""

import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

LOTIC, LOTIC_ATHENA, DEMO_BROKER = sys.argv[1:4]
del sys.argv[1:4]

# A function by hand, as a command: every request is answered as a Ping is; where one holds END, the script ends.
SCRIPTED = """
import json, os, sys, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as request:
        name, payload = request.headers["Lambda-Runtime-Aws-Request-Id"], request.read().decode()
    if "END" in payload:
        sys.exit(7)
    pong = {"@type": "PingResponse", "catalogName": "lotic", "queryId": json.loads(payload).get("queryId", ""), "sourceType": "scripted", "capabilities": 24, "serDeVersion": 6}
    urllib.request.urlopen(urllib.request.Request(api + name + "/response", data=json.dumps(pong).encode()))
"""

PATIENCE = 300  # seconds for a command: to validate the orders of Kafka takes two minutes under the thread sanitizer
FRACTION = re.compile(r"(:\d\d(?:\.\d*[1-9])?)\.?0+(?=[+\"])")


def environment(**variables):
    return {key: value for key, value in os.environ.items() if not key.startswith(("LOTIC_", "AWS_", "example_", "spill_"))} | variables


def athena(*arguments, **variables):
    return subprocess.run([LOTIC, "athena", *arguments], env=environment(**variables), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)


class Endpoint:
    """`lotic lambda local NAME` for the length of a test."""

    def __init__(self, name, *variables):
        assignments = [word for variable in variables for word in ("--env", variable)]
        self.process = subprocess.Popen([LOTIC, "lambda", "local", name, "-q", *assignments], env=environment(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise AssertionError(f"lotic lambda local {name}: no invoke URL")

    def close(self):
        self.process.terminate()
        self.process.communicate(timeout=20)


class BentEndpoint:
    """An address that passes invocations on to another, and changes the answers."""

    def __init__(self, url, change):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802
                request = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    with urllib.request.urlopen(urllib.request.Request(url, data=request)) as answer:
                        error, body = answer.headers.get("X-Amz-Function-Error"), answer.read()
                except urllib.error.HTTPError as refused:
                    error, body = "Unhandled", refused.read()
                if not error:
                    body = json.dumps(change(json.loads(request), json.loads(body))).encode()
                self.send_response(200)
                if error:
                    self.send_header("X-Amz-Function-Error", error)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def repeat_a_split(request, answer):
    if answer["@type"] == "GetSplitsResponse":
        again = json.loads(json.dumps(answer["splits"][0]))
        again["spillLocation"]["key"] += "-again"  # a split of its own
        answer["splits"].append(again)
    return answer


def forget_a_split(request, answer):
    if answer["@type"] == "GetSplitsResponse":
        answer["splits"].pop()
    return answer


class CommandTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="lotic-athena-command-")
        spill = "spill_bucket=file://" + cls.folder.name
        cls.memory = Endpoint("memory", spill)
        cls.example = Endpoint("example", spill)
        cls.broker = subprocess.Popen([DEMO_BROKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.topics = cls.broker.stdout.readline().strip()
        topics = "kafka_endpoint=" + cls.topics
        cls.kafka = Endpoint("kafka", topics, spill)
        cls.uncommitted = Endpoint("kafka", topics, "isolation_level=read_uncommitted")
        cls.tombstones = Endpoint("kafka", topics, "tombstones=emit")
        cls.endpoints = [cls.memory, cls.example, cls.kafka, cls.uncommitted, cls.tombstones]
        cls.scripted = pathlib.Path(cls.folder.name, "scripted.py")
        cls.scripted.write_text(SCRIPTED, encoding="utf-8")

    @classmethod
    def tearDownClass(cls):
        for endpoint in cls.endpoints:
            endpoint.close()
        cls.broker.communicate(timeout=20)
        cls.folder.cleanup()

    def command(self, name):
        return f"LOTIC_CONNECTOR={name} spill_bucket=file://{self.folder.name} {LOTIC_ATHENA}"

    def rows(self, *arguments, **variables):
        done = athena(*arguments, **variables)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def shell(self, *arguments):
        done = subprocess.run([LOTIC, "-q", "--format", "jsonl", *arguments], env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def fails(self, code, *arguments):
        done = athena(*arguments)
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        return done.stderr

    # ---- Each command, asked of an address and of a command.

    def test_a_command_answers_what_the_address_answers(self):
        for arguments in (("schemas",), ("tables", "--schema", "default"), ("table", "--table", "types"), ("read", "--table", "types"),
                          ("read", "--table", "orders", "--where", "qty > 5 AND customer IS NOT NULL", "--columns", "id,qty,price"),
                          ("read", "--table", "orders", "--inline-bytes", "0", "--block-bytes", "2000")):
            there = self.rows(*arguments, "--target", self.memory.url)
            self.assertTrue(there, arguments)
            self.assertEqual(self.rows(*arguments, "--target", self.command("memory")), there, arguments)

    def test_ping_says_what_answers(self):
        for target in (self.memory.url, self.command("memory")):
            (row,) = self.rows("ping", "--target", target)
            self.assertEqual((row["source_type"], row["capabilities"], row["serde_version"]), ("memory", 24, 6))

    def test_splits_say_where_they_spill_and_never_their_keys(self):
        for target in (self.memory.url, self.command("memory")):
            done = athena("splits", "--table", "orders", "--target", target)
            splits = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual([(split["page"], split["split"], split["encrypted"]) for split in splits], [(0, 0, True), (0, 1, True), (0, 2, True)])
            self.assertEqual(len({split["spill_location"] for split in splits}), 3)
            self.assertNotIn("nonce", done.stdout)

    def test_rows_can_be_constrained_projected_and_limited(self):
        every = self.rows("read", "--table", "orders", "--target", self.memory.url)
        wanted = [{"id": row["id"], "qty": row["qty"]} for row in every if row["qty"] is not None and row["qty"] > 5]
        arguments = ("read", "--table", "orders", "--target", self.memory.url, "--where", "qty > 5", "--columns", "id,qty")
        self.assertEqual(sorted(self.rows(*arguments), key=str), sorted(wanted, key=str))
        self.assertEqual(len(self.rows(*arguments, "--limit", "7")), 7)
        self.assertIn('"many" is no value of column "qty"', self.fails(1, "read", "--table", "orders", "--target", self.memory.url, "--where", "qty > many"))

    def test_a_variable_before_a_command_is_the_commands(self):
        (row,) = self.rows("ping", "--target", self.command("example"), LOTIC_CONNECTOR="memory")
        self.assertEqual(row["source_type"], "example")

    def test_a_command_that_cannot_answer_says_how_it_ended(self):
        self.assertIn("exit code 5", self.fails(3, "ping", "--target", "sh -c 'exit 5'"))
        self.assertIn("exit code 127", self.fails(3, "ping", "--target", "no-such-program-anywhere"))
        self.assertIn('no connector is called "nothing"', self.fails(3, "ping", "--target", self.command("nothing")))
        # It answers the first question, and ends at the next.
        self.assertIn("exit code 7", self.fails(3, "udf", "--target", f"python3 {self.scripted}", "--method", "END", "--returns", "INTEGER"))

    def test_a_command_does_not_outlive_the_program_however_that_ends(self):
        # It asks for nothing, and so does not notice by itself that nobody is left.
        waits = "import os, sys, time; print(os.getpid(), file=open(sys.argv[1], 'w'), flush=True); time.sleep(1000)"
        script = pathlib.Path(self.folder.name, "waits.py")
        script.write_text(waits, encoding="utf-8")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
            told = pathlib.Path(self.folder.name, f"pid-{number}")
            program = subprocess.Popen([LOTIC, "athena", "ping", "--target", f"python3 {script} {told}"], env=environment(), stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while not told.exists() or not told.read_text(encoding="utf-8").endswith("\n"):
                self.assertIsNone(program.poll(), "it ended before its command had begun")
                time.sleep(0.01)
            command = int(told.read_text(encoding="utf-8"))
            program.send_signal(number)
            self.assertEqual(program.wait(20), 130 if number == signal.SIGINT else -number)
            end = time.monotonic() + 20
            while self.runs(command):
                self.assertLess(time.monotonic(), end, f"after {number.name} the command goes on")
                time.sleep(0.01)

    @staticmethod
    def runs(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False

    # ---- Scalar functions.

    def test_a_function_is_called_with_every_kind_of_argument(self):
        transaction = 'STRUCT<"id" INTEGER, "completed" BOOLEAN>'
        payload = self.rows("read", "--schema", "schema1", "--table", "table1", "--where", "year=2012,month=3,day=4", "--columns", "transaction,encrypted_payload",
                            "--target", self.example.url)
        self.assertEqual(len(payload), 10)
        for target in (self.example.url, self.command("example")):
            def call(method, returns, *arguments, target=target):
                (row,) = self.rows("udf", "--target", target, "--method", method, "--returns", returns, *(word for argument in arguments for word in ("--arg", argument)))
                return row["result"]
            self.assertEqual(call("extract_tx_id", "INTEGER", transaction + '={"id":7,"completed":true}'), 7)
            self.assertEqual(call("extract_tx_id", "INTEGER", transaction), -1)
            clear = {call("decrypt", "VARCHAR", "VARCHAR=" + row["encrypted_payload"]) for row in payload[:2] if row["encrypted_payload"]}
            self.assertTrue(clear and all(text.startswith("payload-") for text in clear), clear)
            self.assertIsNone(call("decrypt", "VARCHAR", "VARCHAR"))

    def test_a_call_that_cannot_be_made_says_why(self):
        target = ("udf", "--target", self.example.url)
        self.assertIn("no function encrypt(VARCHAR)", self.fails(1, *target, "--method", "encrypt", "--returns", "VARCHAR", "--arg", "VARCHAR=x"))
        self.assertIn("needs --method", self.fails(2, *target, "--returns", "VARCHAR"))
        self.assertIn('--arg 1: "{" is no JSON', self.fails(1, *target, "--method", "extract_tx_id", "--returns", "INTEGER", "--arg", 'STRUCT<"id" INTEGER>={'))
        self.assertIn("--returns: ", self.fails(1, *target, "--method", "decrypt", "--returns", "STRNG", "--arg", "VARCHAR=x"))

    # ---- In the shell.

    @unittest.skipUnless(os.environ.get("LOTIC_TEST_SQL") == "1", "built without SQL")
    def test_a_function_is_a_table_of_the_shell(self):
        def same(got, wanted):
            # The zeros at the end of a fraction of seconds are the one thing that both write differently.
            got, wanted = (sorted(FRACTION.sub(r"\1", json.dumps(row, sort_keys=True)) for row in rows) for rows in (got, wanted))
            self.assertEqual(len(got), len(wanted))
            different = [pair for pair in zip(got, wanted) if pair[0] != pair[1]]
            self.assertEqual(different[:1], [], f"{len(different)} rows differ")

        for endpoint, table, least in ((self.memory, "types", 240), (self.memory, "orders", 120), (self.memory, "empty", 0), (self.kafka, "orders", 12000), (self.kafka, "payments", 1000),
                                       (self.kafka, "customers", 100)):
            with self.subTest(table=table, source="memory" if endpoint is self.memory else "kafka"):
                read = self.rows("read", "--table", table, "--target", endpoint.url)
                self.assertGreaterEqual(len(read), least)
                called = f"athena_connector('{endpoint.url}', 'default', '{table}')"
                same(self.shell(f"SELECT * FROM {called}"), read)
                same(self.shell(f"ATTACH '{endpoint.url}' AS lake (TYPE athena)", f'SELECT * FROM lake."default".{table}'), read)
                if endpoint is self.kafka:
                    own = self.shell("-b", self.topics, "--tombstones", "skip", f"SELECT _partition_id, _partition_offset, * FROM {table}")
                    columns = ", ".join(f'"{column}"' for column in own[0])
                    same(self.shell(f"SELECT {columns} FROM {called}"), own)
        (row,) = self.shell(f"SELECT count(*) AS n, sum(id) AS ids FROM athena_connector('{self.memory.url}', 'default', 'orders') WHERE qty > 5")
        wanted = self.rows("read", "--table", "orders", "--target", self.memory.url, "--where", "qty > 5", "--columns", "id")
        self.assertEqual((row["n"], int(row["ids"])), (len(wanted), sum(int(one["id"]) for one in wanted)))

    # ---- validate.

    def test_our_functions_pass_every_check(self):
        # What a function does not offer, or was not asked for, is skipped; nothing else may be.
        nothing_asked = ["get_table_layout.constraints", "passthrough.capability", "read_records.constraints"]
        large = sorted([*nothing_asked, "read_records.expressions"])
        for target, skipped in ((self.memory.url, nothing_asked), (self.example.url, large), (self.kafka.url, nothing_asked), (self.command("memory"), nothing_asked), (self.command("example"), large)):
            checks = self.rows("validate", "--target", target)
            self.assertGreater(len(checks), 60)
            self.assertEqual([check for check in checks if check["verdict"] == "FAIL"], [], target)
            self.assertEqual(sorted(check["check"] for check in checks if check["verdict"] == "SKIP"), skipped, target)
            self.assertEqual([check for check in checks if check["verdict"] == "SKIP" and not check["detail"]], [])
        checks = self.rows("validate", "--target", self.kafka.url, "--schema", "default", "--table", "orders", "--constraints", "_partition_id=1,_partition_offset>=10")
        self.assertEqual([check["check"] for check in checks if check["verdict"] != "PASS"], ["passthrough.capability"])

    def test_a_function_that_breaks_its_promises_is_exit_code_1(self):
        # It answers every request with a PingResponse, and ends at a document that is none.
        wrong = ["capabilities.known", "list_schemas.answers", "requests.numbers", "passthrough.refusals", "errors.have_a_qualified_type", "udf.unknown_function", "requests.malformed",
                 "requests.odd_documents"]
        for target, failed in ((f"python3 {self.scripted}", wrong), ("http://127.0.0.1:9", ["ping.answers"]), ("false", ["ping.answers"])):
            done = athena("validate", "--target", target)
            self.assertEqual(done.returncode, 1, done.stderr)
            checks = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual([check["check"] for check in checks if check["verdict"] == "FAIL"], failed)
            self.assertRegex(done.stderr, rf"\d+ passed, {len(failed)} failed, [1-9]\d* skipped")

    def test_planning_alone_can_be_validated(self):
        checks = {check["check"]: check for check in self.rows("validate", "-p", "--target", self.memory.url)}
        for name in ("read_records.answers", "read_records.schema", "read_records.projection"):
            self.assertEqual((checks[name]["verdict"], checks[name]["detail"]), ("SKIP", "planning only"), name)
        self.assertEqual(checks["get_splits.answers"]["verdict"], "PASS")

    # ---- diff.

    def diff(self, left, right, table, *more):
        done = athena("diff", "--left", left, "--right", right, "--table", table, *more)
        return done, [json.loads(line) for line in done.stdout.splitlines()]

    def bent(self, endpoint, change):
        bent = BentEndpoint(endpoint.url, change)
        self.addCleanup(bent.close)
        return bent.url

    def test_an_address_and_a_command_of_one_connector_are_the_same(self):
        done, differences = self.diff(self.memory.url, self.command("memory"), "orders")
        self.assertEqual((done.returncode, differences), (0, []), done.stderr)
        self.assertIn("same: 120 rows on the left, 120 on the right, 0 without a counterpart", done.stderr)

    def test_aborted_records_are_explained(self):
        done, differences = self.diff(self.uncommitted.url, self.kafka.url, "payments")
        self.assertEqual(done.returncode, 1, done.stderr)
        rows = [difference for difference in differences if difference["what"] == "row"]
        self.assertTrue(rows)
        self.assertEqual({difference["reason"].split(":")[0] for difference in rows}, {"aborted", "behind the end"}, rows[:3])

    def test_tombstones_are_explained(self):
        done, differences = self.diff(self.kafka.url, self.tombstones.url, "customers")
        self.assertEqual(done.returncode, 1, done.stderr)
        reasons = {difference["reason"].split(":")[0] for difference in differences if difference["what"] == "row"}
        self.assertEqual(reasons, {"tombstone"}, differences[:3])

    def test_duplicates_are_explained(self):
        done, differences = self.diff(self.memory.url, self.bent(self.memory, repeat_a_split), "orders")
        self.assertEqual(done.returncode, 1, done.stderr)
        rows = [difference for difference in differences if difference["what"] == "row"]
        self.assertEqual(len(rows), 40)
        self.assertEqual({difference["reason"] for difference in rows}, {"duplicate: 2 times on the right, 1 on the left"})

    def test_rows_of_one_side_alone_are_named(self):
        done, differences = self.diff(self.bent(self.memory, forget_a_split), self.memory.url, "orders")
        self.assertEqual(done.returncode, 1, done.stderr)
        reasons = {difference["reason"].split(":")[0] for difference in differences if difference["what"] == "row"}
        self.assertEqual(reasons, {"behind the end"}, "no record of a whole partition is there")
        self.assertIn("different: 80 rows on the left, 120 on the right, 40 without a counterpart", done.stderr)


if __name__ == "__main__":
    unittest.main()
