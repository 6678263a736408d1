#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Functions as processes: lambda_process_test.py FAKE_LAMBDA LOTIC_ATHENA.

FAKE_LAMBDA serves the functions of src/athena/test_functions.h, as `lotic lambda local` with arguments and as the bootstrap without.
"""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from runtime_api import RESPONSE_LIMIT, RuntimeApi  # noqa: E402

FAKE_LAMBDA, LOTIC_ATHENA = sys.argv[1:3]
del sys.argv[1:3]
THROTTLE = "com.amazonaws.athena.connector.lambda.exceptions.FederationThrottleException"


def start(arguments, **variables):
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("LOTIC_", "AWS_"))} | variables
    return subprocess.Popen(arguments, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process, signal_number=None):
    """(exit code, standard output, standard error), after a signal if one is given."""
    if signal_number is not None:
        process.send_signal(signal_number)
    try:
        out, err = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, out, err


class BootstrapTest(unittest.TestCase):
    def setUp(self):
        self.api = RuntimeApi()
        self.addCleanup(self.api.close)
        self.process = None

    def tearDown(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def boot(self, connector="obedient", **variables):
        self.process = start([FAKE_LAMBDA], AWS_LAMBDA_RUNTIME_API=self.api.address, LOTIC_CONNECTOR=connector, **variables)
        return self.process

    def test_invocations_come_one_by_one_over_one_connection(self):
        self.boot(kafka_endpoint="k:9092")
        ids = [self.api.give({"n": n}) for n in range(30)]
        for n, request_id in enumerate(ids):
            answer = self.api.take()
            self.assertEqual((answer.kind, answer.request_id, json.loads(answer.body)), ("response", request_id, {"n": n}))
        self.assertEqual(self.api.invoke("env kafka_endpoint").body, b'"k:9092"')
        context = json.loads(self.api.invoke("context").body)
        self.assertEqual(context["trace_id"].split(";")[0], "Root=1-5759e988-bd862e3fe1be46a994272793")
        self.assertTrue(25_000 < context["left_ms"] < 30_000, context)
        self.assertEqual(self.api.connections, 1)
        self.assertFalse(self.api.overlapped)
        code, out, err = finish(self.process, signal.SIGTERM)
        self.assertEqual((code, out), (0, ""), err)
        lines = [json.loads(line) for line in err.splitlines()]
        self.assertEqual([line["request_id"] for line in lines][:30], ids)
        self.assertEqual({line["event"] for line in lines}, {"invocation"})
        self.assertIn("Root=1-5759e988", lines[0]["trace_id"])

    def test_failures_are_posted_and_the_process_lives_on(self):
        self.boot()
        answer = self.api.invoke("throttled")
        self.assertEqual((answer.kind, answer.error_type, answer.error()["errorType"]), ("error", "Runtime.UserException", THROTTLE))
        self.assertEqual(list(answer.error()), ["errorMessage", "errorType", "stackTrace"])
        answer = self.api.invoke("denied")
        self.assertIn("AccessDeniedException", answer.error()["errorMessage"])
        self.assertIn("thrown", self.api.invoke("throw").error()["errorMessage"])
        self.assertEqual(self.api.invoke("well").kind, "response")

    def test_answers_keep_lambdas_limit(self):
        self.boot()
        answer = self.api.invoke(f"huge {RESPONSE_LIMIT}")
        self.assertEqual((answer.kind, len(answer.body)), ("response", RESPONSE_LIMIT))
        answer = self.api.invoke(f"huge {RESPONSE_LIMIT + 1}")
        self.assertEqual(answer.kind, "error")
        self.assertIn(str(RESPONSE_LIMIT + 1), answer.error()["errorMessage"])
        large = json.dumps("x" * 6_000_000).encode()
        self.assertEqual(self.api.invoke(large).body, large)

    def test_a_function_ends_before_its_invocation_does(self):
        self.api.timeout_s = 0.4
        self.boot()
        self.assertEqual(self.api.invoke("wait").error()["errorType"], THROTTLE)

    def test_sigterm_ends_an_idle_process(self):
        self.boot()
        self.assertTrue(self.api.waiting.wait(20))
        self.assertEqual(finish(self.process, signal.SIGTERM), (0, "", ""))

    def test_sigterm_answers_the_running_invocation_first(self):
        self.boot()
        self.api.give("wait")
        self.assertEqual(self.process.stderr.readline(), "waiting\n")
        code, _, err = finish(self.process, signal.SIGTERM)
        self.assertEqual(code, 0, err)
        answer = self.api.take()
        self.assertEqual(answer.kind, "error")
        self.assertIn("waiting for the end", answer.error()["errorMessage"])

    def test_a_service_that_goes_away_ends_the_process(self):
        self.boot()
        self.assertEqual(self.api.invoke(1).body, b"1")
        self.api.close()
        code, _, err = finish(self.process)
        self.assertEqual(code, 3, err)
        self.assertIn("invocation/next at " + self.api.address, err)
        self.api = RuntimeApi()  # for the clean-up

    def test_nonsense_ends_the_process(self):
        for nonsense, says in ((b"SSH-2.0-x\r\n", "not an HTTP status line"), (b"HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n", "status 500"),
                               (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "request id")):
            with self.subTest(nonsense), socket.create_server(("127.0.0.1", 0)) as server:
                process = start([FAKE_LAMBDA], AWS_LAMBDA_RUNTIME_API="127.0.0.1:%d" % server.getsockname()[1], LOTIC_CONNECTOR="obedient")
                connection, _ = server.accept()
                with connection:
                    self.assertIn(b"invocation/next", connection.recv(10_000))
                    connection.sendall(nonsense)
                    code, _, err = finish(process)
                self.assertEqual(code, 3)
                self.assertIn(says, err)

    def test_a_function_that_cannot_be_made_is_reported(self):
        self.boot("refuses")
        answer = self.api.take()
        self.assertEqual((answer.kind, answer.error_type), ("init/error", "Runtime.UnknownReason"))
        self.assertIn("connector refuses: the password", answer.error()["errorMessage"])
        code, _, err = finish(self.process)
        self.assertEqual(code, 3)
        self.assertIn("the password in credentials is not accepted", err)

    def test_lotic_athena_says_what_is_missing(self):
        for variables, says in (({}, "LOTIC_CONNECTOR is not set"), ({"LOTIC_CONNECTOR": "kafka"}, "AWS_LAMBDA_RUNTIME_API is not set"),
                                ({"LOTIC_CONNECTOR": "kafka", "AWS_LAMBDA_RUNTIME_API": "host:port"}, "AWS_LAMBDA_RUNTIME_API")):
            code, out, err = finish(start([LOTIC_ATHENA], **variables))
            self.assertEqual((code, out), (2, ""))
            self.assertIn(says, err)
        code, _, err = finish(start([LOTIC_ATHENA], LOTIC_CONNECTOR="cafka", AWS_LAMBDA_RUNTIME_API=self.api.address))
        answer = self.api.take()
        self.assertEqual((code, answer.kind, answer.error_type), (1, "init/error", "Runtime.ConfigInvalid"))
        for text in (err, answer.error()["errorMessage"]):
            self.assertIn('"cafka"', text)
            self.assertIn("kafka", text)


class LocalTest(unittest.TestCase):
    def setUp(self):
        self.processes = []

    def tearDown(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def serve(self, *arguments, **variables):
        process = start([FAKE_LAMBDA, "lambda", "local", *arguments], **variables)
        self.processes.append(process)
        url = urllib.parse.urlsplit(process.stdout.readline().strip())
        self.assertEqual(url.path, "/2015-03-31/functions/function/invocations", process.stderr.read() if process.poll() is not None else "")
        return process, url

    @staticmethod
    def ask(connection, payload):
        connection.request("POST", "/2015-03-31/functions/function/invocations", json.dumps(payload))
        answer = connection.getresponse()
        return answer, json.loads(answer.read())

    def test_it_answers_until_it_is_asked_to_end(self):
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            process, url = self.serve("obedient", "--env", "a=1", "--env", "b=x=y", "--timeout", "60", a="0", c="3")
            connection = http.client.HTTPConnection(url.netloc, timeout=20)
            self.assertEqual(self.ask(connection, {"q": 1})[1], {"q": 1})
            kept = connection.sock
            self.assertEqual([self.ask(connection, f"env {name}")[1] for name in "abcd"], ["1", "x=y", "3", None])
            answer, error = self.ask(connection, "throttled")
            self.assertEqual((answer.status, answer.headers["X-Amz-Function-Error"], error["errorType"]), (200, "Unhandled", THROTTLE))
            self.assertIs(connection.sock, kept)
            code, out, err = finish(process, signal_number)
            connection.close()
            self.assertEqual((code, out), (0, ""), err)
            lines = [json.loads(line) for line in err.splitlines()]
            self.assertEqual([line["level"] for line in lines], ["INFO"] * 5 + ["ERROR"])
            self.assertEqual(lines[-1]["request_id"], answer.headers["X-Amzn-RequestId"])

    def test_several_at_once_do_not_disturb_each_other(self):
        served = [self.serve("obedient", "-q", "--env", f"me={n}") for n in range(3)]
        wrong = []

        def work(url, me):
            connection = http.client.HTTPConnection(url.netloc, timeout=20)
            for n in range(20):
                payload = [me, n, "x" * (n * 977)]
                if self.ask(connection, payload)[1] != payload or self.ask(connection, "env me")[1] != str(me):
                    wrong.append((me, n))
            connection.close()

        threads = [threading.Thread(target=work, args=(url, me)) for me, (_, url) in enumerate(served) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        for process, _ in served:
            self.assertEqual(finish(process, signal.SIGTERM), (0, "", ""))

    def test_it_ends_although_an_invocation_runs(self):
        process, url = self.serve("obedient")
        connection = http.client.HTTPConnection(url.netloc, timeout=20)
        connection.request("POST", url.path, '"wait"')
        self.assertEqual(process.stderr.readline(), "waiting\n")
        code, _, err = finish(process, signal.SIGTERM)
        self.assertEqual(code, 0, err)
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.headers["X-Amz-Function-Error"]), (200, "Unhandled"))
        self.assertIn("waiting for the end", answer.read().decode())
        connection.close()

    def test_a_port_that_is_taken(self):
        _, url = self.serve("obedient")
        code, out, err = finish(start([FAKE_LAMBDA, "lambda", "local", "obedient", "--port", str(url.port)]))
        self.assertEqual((code, out), (3, ""))
        self.assertIn(f"cannot listen on 127.0.0.1:{url.port}", err)

    def test_what_cannot_be_served(self):
        for arguments, expected, says in ((["local", "cafka"], 1, "no connector is called cafka"), (["local", "refuses"], 3, "is not accepted"),
                                          ([], 2, "lotic lambda local NAME"), (["remote", "x"], 2, "remote"), (["local"], 2, "needs the name"),
                                          (["local", "a", "b"], 2, '"b"'), (["local", "a", "--port", "65536"], 2, "65536"),
                                          (["local", "a", "--port", "x"], 2, "--port"), (["local", "a", "--timeout", "soon"], 2, "soon"),
                                          (["local", "a", "--timeout", "0"], 2, "--timeout"), (["local", "a", "--prot", "1"], 2, "--prot")):
            with self.subTest(arguments):
                code, out, err = finish(start([FAKE_LAMBDA, "lambda", *arguments]))
                self.assertEqual((code, out), (expected, ""), err)
                self.assertIn(says, err)

    def test_a_secret_without_a_name_is_not_repeated(self):
        code, _, err = finish(start([FAKE_LAMBDA, "lambda", "local", "obedient", "--env", "geheim"]))
        self.assertEqual(code, 2)
        self.assertNotIn("geheim", err)

    def test_help(self):
        code, out, err = finish(start([FAKE_LAMBDA, "lambda", "--help"]))
        self.assertEqual((code, err), (0, ""))
        for option in ("--env", "--port", "--timeout", "--quiet"):
            self.assertIn(option, out)


if __name__ == "__main__":
    unittest.main()
