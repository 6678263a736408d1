#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small S3 on loopback for tests, standard library only.

fake_s3.py [--port 0] --bucket NAME [--bucket NAME ...] [--access-key ID --secret-key SECRET [--session-token TOKEN]]
           [--region us-east-1] [--until-eof]

Its first line of output is its URL. With keys every request's SigV4 signature is verified (headers or presigned); without keys none
is, but hashes and checksums are checked all the same. PUT, GET (Range), HEAD, DELETE of objects, HEAD of buckets, ListObjectsV2;
path style and virtual host (bucket.localhost); bodies plain or aws-chunked with signed chunks and trailers; Expect: 100-continue.
--until-eof ends it when its standard input does, so that it does not outlive the test that started it.

For the test, unsigned, under /_fake/:
  GET    /_fake/objects            [{"bucket", "key", "size", "sha256", "headers"}], in the order of keys
  GET    /_fake/requests           [{"method", "target", "operation", "status", "code", "headers", "chunked", "expect"}], oldest first
  POST   /_fake/script             {"HeadBucket": [403, 200], "PutObject": [{"status": 503, "code": "SlowDown", "headers": {}}, 0]}:
                                   what the next calls of an operation answer, in order; 0 is the real answer
  DELETE /_fake/objects            forgets the objects and the requests
"""

import argparse
import base64
import collections
import hashlib
import http.server
import json
import pathlib
import sys
import threading
import time
import urllib.parse
import xml.sax.saxutils

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from sigv4_verifier import Refused, Verifier, check_checksum, decode_chunked  # noqa: E402

MAX_BODY_BYTES = 512 << 20
MAX_REQUESTS_KEPT = 100_000
CODES = {301: "PermanentRedirect", 400: "InvalidRequest", 403: "AccessDenied", 404: "NoSuchBucket", 500: "InternalError",
         503: "SlowDown"}
# What S3 keeps with an object and sends back.
KEPT_HEADERS = ("content-type", "content-encoding", "cache-control", "content-disposition", "x-amz-server-side-encryption",
                "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-storage-class")


class Store:
    """Everything that is shared by the connections; guarded by `lock`."""

    def __init__(self, options):
        self.lock = threading.Lock()
        self.buckets = set(options.bucket)
        self.region = options.region
        self.objects = {}  # (bucket, key) -> (data, headers)
        self.requests = collections.deque(maxlen=MAX_REQUESTS_KEPT)
        self.script = collections.defaultdict(collections.deque)
        self.serial = 0
        keys = {options.access_key: (options.secret_key, options.session_token)} if options.access_key else None
        self.verifier = Verifier(keys, "s3", options.region) if keys else None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "fake-s3"
    disable_nagle_algorithm = True
    wbufsize = -1  # one write per answer

    def handle_expect_100(self):
        go_on = super().handle_expect_100()
        self.wfile.flush()  # a client of the AWS SDK for Java waits three seconds for it
        return go_on

    def log_message(self, *_):
        pass

    @property
    def store(self):
        return self.server.store

    # --- in and out

    def read_body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            data = bytearray()
            while True:
                size = int(self.rfile.readline(100).split(b";")[0], 16)
                data += self.rfile.read(size)
                self.rfile.readline(10)
                if size == 0:
                    return bytes(data)
                if len(data) > MAX_BODY_BYTES:
                    raise Refused(400, "EntityTooLarge", "too large for a stand-in")
        size = int(self.headers.get("Content-Length") or 0)
        if size > MAX_BODY_BYTES:
            self.close_connection = True
            raise Refused(400, "EntityTooLarge", "too large for a stand-in")
        return self.rfile.read(size)

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        with self.store.lock:
            self.store.serial += 1
            self.send_header("x-amz-request-id", f"FAKE{self.store.serial:012X}")
        named = {name.lower() for name, _ in headers}
        for name, value in headers:
            self.send_header(name, value)
        if status != 204 and "content-length" not in named:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def answer_error(self, status, code, message, headers=()):
        escape = xml.sax.saxutils.escape
        region = f"<Region>{self.store.region}</Region>" if status in (301, 400) and code != "InvalidRequest" else ""
        text = (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message>{region}'
                f"<Resource>{escape(self.path)}</Resource></Error>")
        self.answer(status, text.encode(), [("Content-Type", "application/xml"), *headers])

    # --- what is asked

    def place(self):
        """(bucket, key) of the request."""
        path = urllib.parse.unquote(self.path.partition("?")[0].removeprefix("/"))
        host = self.headers.get("Host", "").partition(":")[0]
        label = host.partition(".")[0]
        if "." in host and label in self.store.buckets and not host.replace(".", "").isdigit():
            return label, path
        bucket, _, key = path.partition("/")
        return bucket, key

    def operation(self, bucket, key):
        query = urllib.parse.parse_qs(self.path.partition("?")[2], keep_blank_values=True)
        if key:
            return {"PUT": "PutObject", "GET": "GetObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}.get(self.command)
        if self.command == "HEAD":
            return "HeadBucket"
        if self.command == "GET" and bucket and query.get("list-type") == ["2"]:
            return "ListObjectsV2"
        if self.command == "GET" and bucket and "location" in query:
            return "GetBucketLocation"
        return None

    def handle_any(self):
        if self.path.startswith("/_fake/"):
            self.handle_test()
            return
        record = {"method": self.command, "target": self.path, "operation": None, "status": 0, "code": "",
                  "headers": [list(item) for item in self.headers.items()], "chunked": False, "expect": self.headers.get("Expect", "")}
        send = self.send_response

        def note(status, message=None):
            record["status"] = status
            send(status, message)

        self.send_response = note
        try:
            self.handle_s3(record)
        except Refused as refused:
            record["code"] = refused.code
            self.answer_error(refused.status, refused.code, refused.message)
        finally:
            self.send_response = send
            with self.store.lock:
                self.store.requests.append(record)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = handle_any  # noqa: N815

    def handle_s3(self, record):
        body = self.read_body()
        bucket, key = self.place()
        operation = record["operation"] = self.operation(bucket, key)
        headers = list(self.headers.items())
        signed = None
        if self.store.verifier:
            signed = self.store.verifier.verify(self.command, self.path, headers, body)
        elif len(self.headers.get("x-amz-content-sha256", "")) == 64:
            if hashlib.sha256(body).hexdigest() != self.headers["x-amz-content-sha256"]:
                raise Refused(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
        if operation is None:
            raise Refused(501, "NotImplemented", f"this stand-in does not do {self.command} {self.path}")
        with self.store.lock:
            script = self.store.script[operation]
            step = script.popleft() if script else 0
        if step:
            step = step if isinstance(step, dict) else {"status": step}
            code = record["code"] = step.get("code", CODES.get(step["status"], "InternalError"))
            self.answer_error(step["status"], code, step.get("message", "as the test asked"), list(step.get("headers", {}).items()))
            return
        if bucket not in self.store.buckets:
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist")
        getattr(self, "do_" + operation)(record, bucket, key, body, headers, signed)

    def do_HeadBucket(self, *_):  # noqa: N802
        self.answer(200, headers=[("x-amz-bucket-region", self.store.region)])

    def do_GetBucketLocation(self, *_):  # noqa: N802
        region = "" if self.store.region == "us-east-1" else self.store.region
        self.answer(200, f"<LocationConstraint>{region}</LocationConstraint>".encode(), [("Content-Type", "application/xml")])

    def do_PutObject(self, record, bucket, key, body, headers, signed):  # noqa: N802
        values = {name.lower(): value for name, value in headers}
        answer_headers = []
        if values.get("x-amz-content-sha256", "").startswith("STREAMING-") or "aws-chunked" in values.get("content-encoding", ""):
            record["chunked"] = True
            body, trailers = decode_chunked(body, headers, signed)
            answer_headers += [(name, value) for name, value in trailers.items() if name.startswith("x-amz-checksum-")]
        for name, value in values.items():
            if name.startswith("x-amz-checksum-") and name not in ("x-amz-checksum-algorithm", "x-amz-checksum-type"):
                check_checksum(name, value, body)
        if "content-md5" in values and base64.b64encode(hashlib.md5(body).digest()).decode() != values["content-md5"]:
            raise Refused(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
        kept = {name: values[name] for name in KEPT_HEADERS if name in values}
        kept.update({name: value for name, value in values.items() if name.startswith("x-amz-meta-")})
        encodings = [part.strip() for part in kept.pop("content-encoding", "").split(",")]
        if encodings := [part for part in encodings if part and part != "aws-chunked"]:
            kept["content-encoding"] = ",".join(encodings)
        with self.store.lock:
            if values.get("if-none-match") == "*" and (bucket, key) in self.store.objects:
                raise Refused(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
            self.store.objects[bucket, key] = (body, kept)
        answer_headers += [(name, value) for name, value in kept.items() if name.startswith("x-amz-server-side-encryption")]
        self.answer(200, headers=[("ETag", f'"{hashlib.md5(body).hexdigest()}"'), *answer_headers])

    def find(self, bucket, key):
        with self.store.lock:
            found = self.store.objects.get((bucket, key))
        if found is None:
            raise Refused(404, "NoSuchKey", "The specified key does not exist.")
        return found

    def do_GetObject(self, _record, bucket, key, *_):  # noqa: N802
        data, kept = self.find(bucket, key)
        headers = [("ETag", f'"{hashlib.md5(data).hexdigest()}"'), ("Accept-Ranges", "bytes"), *kept.items()]
        if "content-type" not in kept:
            headers.append(("Content-Type", "binary/octet-stream"))
        wanted = self.headers.get("Range", "")
        if not wanted.startswith("bytes="):
            self.answer(200, data, [*headers, ("Content-Length", str(len(data)))])
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        begin = int(first) if first else max(0, len(data) - int(last))
        end = min(int(last) + 1, len(data)) if first and last else len(data)
        if begin >= len(data):
            raise Refused(416, "InvalidRange", "The requested range is not satisfiable")
        self.answer(206, data[begin:end], [*headers, ("Content-Range", f"bytes {begin}-{end - 1}/{len(data)}"),
                                           ("Content-Length", str(end - begin))])

    do_HeadObject = do_GetObject  # noqa: N815: answer() leaves the body out

    def do_DeleteObject(self, _record, bucket, key, *_):  # noqa: N802
        with self.store.lock:
            self.store.objects.pop((bucket, key), None)
        self.answer(204)

    def do_ListObjectsV2(self, _record, bucket, *_):  # noqa: N802
        query = dict(urllib.parse.parse_qsl(self.path.partition("?")[2], keep_blank_values=True))
        prefix, limit = query.get("prefix", ""), int(query.get("max-keys", "1000"))
        after = query.get("continuation-token", query.get("start-after", ""))
        escape = xml.sax.saxutils.escape
        with self.store.lock:
            found = sorted((name, len(data), hashlib.md5(data).hexdigest()) for (owner, name), (data, _kept) in self.store.objects.items()
                           if owner == bucket and name.startswith(prefix) and name > after)
        page = found[:limit]
        shown = (lambda name: urllib.parse.quote(name)) if query.get("encoding-type") == "url" else escape
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        parts = [f"<Contents><Key>{shown(name)}</Key><LastModified>{now}</LastModified><ETag>&quot;{etag}&quot;</ETag><Size>{size}</Size>"
                 "<StorageClass>STANDARD</StorageClass></Contents>" for name, size, etag in page]
        more = len(found) > len(page) and bool(page)
        token = f"<NextContinuationToken>{escape(page[-1][0])}</NextContinuationToken>" if more else ""
        text = (f'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>{bucket}</Name>'
                f"<Prefix>{shown(prefix)}</Prefix><KeyCount>{len(page)}</KeyCount><MaxKeys>{limit}</MaxKeys>"
                f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{token}{''.join(parts)}</ListBucketResult>")
        self.answer(200, text.encode(), [("Content-Type", "application/xml")])

    # --- for the test

    def handle_test(self):
        body = self.read_body()
        what = (self.command, self.path.removeprefix("/_fake/"))
        if what == ("GET", "objects"):
            with self.store.lock:
                result = [{"bucket": bucket, "key": key, "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "headers": kept}
                          for (bucket, key), (data, kept) in sorted(self.store.objects.items())]
        elif what == ("GET", "requests"):
            with self.store.lock:
                result = list(self.store.requests)
        elif what == ("POST", "script"):
            with self.store.lock:
                for operation, steps in json.loads(body).items():
                    self.store.script[operation] = collections.deque(steps)
            result = {}
        elif what == ("DELETE", "objects"):
            with self.store.lock:
                self.store.objects.clear()
                self.store.requests.clear()
            result = {}
        else:
            self.answer(404, b"no such thing\n")
            return
        self.answer(200, json.dumps(result).encode(), [("Content-Type", "application/json")])


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    parser = argparse.ArgumentParser(description="A small S3 on loopback for tests")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--bucket", action="append", required=True)
    parser.add_argument("--access-key", default="")
    parser.add_argument("--secret-key", default="")
    parser.add_argument("--session-token", default="")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--until-eof", action="store_true")
    options = parser.parse_args()
    if bool(options.access_key) != bool(options.secret_key):
        parser.error("--access-key and --secret-key belong together")
    server = Server(("127.0.0.1", options.port), Handler)
    server.store = Store(options)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    if options.until_eof:
        threading.Thread(target=lambda: (sys.stdin.buffer.read(), server.shutdown()), daemon=True).start()
    try:
        server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
