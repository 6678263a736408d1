# SPDX-License-Identifier: Apache-2.0
"""A fake Kinesis on loopback, in real time: streams in memory, every request's signature checked."""

import base64
import http.server
import json
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "aws"))
import sigv4_verifier  # noqa: E402

KEYS = {"AKIDEXAMPLE": ("fake-secret", "")}
REGION = "us-east-1"
SHARDS = ["shardId-000000000000", "shardId-000000000001"]


class Stream:
    def __init__(self, name):
        self.name = name
        self.arn = f"arn:aws:kinesis:{REGION}:111122223333:stream/{name}"
        self.created = 1_700_000_000
        self.records = {shard: [] for shard in SHARDS}  # (arrival in seconds, key, bytes)

    def put(self, shard, value, arrival):
        records = self.records[SHARDS[shard]]
        records.append((arrival, f"key-{len(records)}", json.dumps(value).encode()))


class FakeKinesis:
    def __init__(self):
        self.streams = {}
        self.operations = []
        self.throttles = 0
        self.lock = threading.Lock()
        fake = self
        verifier = sigv4_verifier.Verifier(KEYS, "kinesis", REGION)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                try:
                    verifier.verify("POST", self.path, list(self.headers.items()), body)
                    operation = self.headers["X-Amz-Target"].partition(".")[2]
                    with fake.lock:
                        fake.operations.append(operation)
                        status, answer = fake.answer(operation, json.loads(body))
                except sigv4_verifier.Refused as refused:
                    status, answer = 400, {"__type": "InvalidSignatureException", "message": str(refused)}
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def stream_of(self, request):
        for stream in self.streams.values():
            if request.get("StreamName") == stream.name or request.get("StreamARN") == stream.arn:
                return stream
        return None

    def answer(self, operation, request):
        if operation == "ListStreams":
            return 200, {"StreamNames": sorted(self.streams), "HasMoreStreams": False}
        stream = self.stream_of(request)
        if stream is None:
            return 400, {"__type": "ResourceNotFoundException", "message": f"Stream {request.get('StreamName')} not found."}
        if operation == "DescribeStreamSummary":
            return 200, {"StreamDescriptionSummary": {"StreamName": stream.name, "StreamARN": stream.arn, "StreamStatus": "ACTIVE",
                                                      "StreamCreationTimestamp": stream.created, "OpenShardCount": len(SHARDS)}}
        if operation == "ListShards":
            return 200, {"Shards": [{"ShardId": shard, "SequenceNumberRange": {"StartingSequenceNumber": "0"}} for shard in SHARDS]}
        if operation == "GetShardIterator":
            records = stream.records[request["ShardId"]]
            kind = request["ShardIteratorType"]
            index = 0
            if kind == "AT_TIMESTAMP":
                index = next((i for i, record in enumerate(records) if record[0] >= request["Timestamp"]), len(records))
            elif kind == "AFTER_SEQUENCE_NUMBER":
                index = int(request["StartingSequenceNumber"]) + 1
            return 200, {"ShardIterator": f"{request['ShardId']}/{index}"}
        if operation == "GetRecords":
            if self.throttles > 0:
                self.throttles -= 1
                return 400, {"__type": "ProvisionedThroughputExceededException", "message": "slow down"}
            shard, _, index = request["ShardIterator"].partition("/")
            records = stream.records[shard]
            end = min(int(index) + request["Limit"], len(records))
            found = [{"SequenceNumber": str(i), "PartitionKey": records[i][1], "Data": base64.b64encode(records[i][2]).decode(),
                      "ApproximateArrivalTimestamp": round(records[i][0], 3)} for i in range(int(index), end)]
            behind = 0 if end == len(records) else int((time.time() - records[end][0]) * 1000)
            return 200, {"Records": found, "NextShardIterator": f"{shard}/{end}", "MillisBehindLatest": behind}
        return 400, {"__type": "UnknownOperationException", "message": operation}
