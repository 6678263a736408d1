# SPDX-License-Identifier: Apache-2.0
"""Lambda's runtime interface, version 2018-06-01, as a test plays it: next, response, error and init/error on loopback."""

import http.server
import json
import queue
import sys
import threading
import time

RESPONSE_LIMIT = 6_291_556
PREFIX = "/2018-06-01/runtime/"


class Answer:
    """What a bootstrap posted: kind is response, error or init/error."""

    def __init__(self, kind, request_id, body, headers):
        self.kind = kind
        self.request_id = request_id
        self.body = body
        self.error_type = headers.get("Lambda-Runtime-Function-Error-Type")

    def error(self):
        return json.loads(self.body)


class RuntimeApi:
    def __init__(self, timeout_s=30.0):
        self.events = queue.Queue()
        self.answers = queue.Queue()
        self.timeout_s = timeout_s
        self.connections = 0
        self.waiting = threading.Event()  # a bootstrap asks for the next invocation
        self.running = None  # the id of the invocation that is not answered yet: one at a time
        self.overlapped = False
        self.count = 0
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                api.connections += 1

            def log_message(self, *_):
                pass

            def reply(self, status, body, headers=()):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                if self.path != PREFIX + "invocation/next":
                    return self.reply(404, b"{}")
                api.waiting.set()
                event = api.events.get()
                api.waiting.clear()
                if event is None:  # the service goes away
                    self.close_connection = True
                    return
                request_id, payload = event
                api.overlapped |= api.running is not None
                api.running = request_id
                self.reply(200, payload, [
                    ("Content-Type", "application/json"),
                    ("Lambda-Runtime-Aws-Request-Id", request_id),
                    ("Lambda-Runtime-Deadline-Ms", str(int((time.time() + api.timeout_s) * 1000))),
                    ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:012345678912:function:function"),
                    ("Lambda-Runtime-Trace-Id", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"),
                ])

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                resource = self.path.removeprefix(PREFIX)
                if resource == "init/error":
                    api.answers.put(Answer(resource, None, body, self.headers))
                    return self.reply(202, b'{"status":"OK"}')
                _, request_id, kind = resource.split("/")
                if request_id != api.running or kind not in ("response", "error"):
                    return self.reply(400, b'{"errorType":"InvalidRequestID"}')
                api.running = None
                too_long = kind == "response" and len(body) > RESPONSE_LIMIT
                self.reply(413 if too_long else 202, b'{"status":"OK"}')
                api.answers.put(Answer("too long" if too_long else kind, request_id, body, self.headers))

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, request, client_address):
                if not isinstance(sys.exc_info()[1], ConnectionError):
                    super().handle_error(request, client_address)  # a bootstrap that ends is none

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()
        self.address = "127.0.0.1:%d" % self.server.server_address[1]

    def give(self, payload):
        self.count += 1
        request_id = "00000000-0000-4000-8000-%012d" % self.count
        self.events.put((request_id, payload if isinstance(payload, bytes) else json.dumps(payload).encode()))
        return request_id

    def take(self):
        return self.answers.get(timeout=20)

    def invoke(self, payload):
        request_id = self.give(payload)
        answer = self.take()
        assert answer.request_id == request_id, (answer.request_id, request_id)
        return answer

    def close(self):
        self.events.put(None)
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
