# SPDX-License-Identifier: Apache-2.0
"""A fake Kinesis on loopback, in real time: streams in memory, every request's signature checked, faults on script.

fake = FakeKinesis()                       fake.url; keys: KEYS; ends with fake.close()
stream = fake.streams["clicks"] = Stream("clicks", shards=2)
stream.put(0, {"a": 1}, time.time())       # into the first shard; put_key() goes by the hash of the key, as the service does
stream.split(id); stream.merge(id, id)     # and so does SplitShard, MergeShards
fake.script("GetRecords", "throttle", "expired", "cut", "repeat", "empty", "wrong")   # what happens to the next calls of the operation, one each (None: nothing)
fake.skew = -3600                          # seconds by which the service's clock is off
fake.judge = lambda method, target, headers, body: ...   # sees every request that was signed rightly; what it raises is kept in fake.wrong
"""

import base64
import bisect
import collections
import hashlib
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
HASHES = 1 << 128
MAX_RECORDS, MAX_ANSWER_BYTES, SHARDS_PER_PAGE = 10_000, 10 << 20, 1_000
PUTTABLE = 500


class Refusal(Exception):
    def __init__(self, code, message="scripted", status=400):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def shard_name(number):
    return f"shardId-{number:012d}"


class Shard:
    def __init__(self, name, low, high, parents=(), first=0):
        self.name, self.low, self.high, self.parents = name, low, high, list(parents)
        self.first, self.last = first, None  # sequence numbers; the last one only once it is closed
        self.records = []  # (arrival in seconds, key, bytes, sequence number)
        self.numbers = []
        self.closed_at = None

    def describe(self):
        numbers = {"StartingSequenceNumber": str(self.first)}
        if self.last is not None:
            numbers["EndingSequenceNumber"] = str(self.last)
        found = {"ShardId": self.name, "HashKeyRange": {"StartingHashKey": str(self.low), "EndingHashKey": str(self.high)}, "SequenceNumberRange": numbers}
        if self.parents:
            found["ParentShardId"] = self.parents[0]
        if len(self.parents) > 1:
            found["AdjacentParentShardId"] = self.parents[1]
        return found


class Stream:
    def __init__(self, name, shards=2):
        self.name = name
        self.arn = f"arn:aws:kinesis:{REGION}:111122223333:stream/{name}"
        self.created = 1_700_000_000
        self.number = 49_665 * 10**51  # as long as the service's, and rising by odd steps
        self.shards = {}
        for index in range(shards):
            self._open(HASHES * index // shards, HASHES * (index + 1) // shards - 1, ())

    def next_number(self):
        self.number += 7
        return self.number

    def _open(self, low, high, parents):
        shard = Shard(shard_name(len(self.shards)), low, high, parents, self.next_number())
        self.shards[shard.name] = shard
        return shard

    def open_shards(self):
        return [shard for shard in self.shards.values() if shard.last is None]

    def _append(self, shard, key, data, arrival):
        number = self.next_number()
        shard.records.append((arrival, key, data, number))
        shard.numbers.append(number)
        return shard.name, str(number)

    def put(self, shard, value, arrival):
        shard = self.shards[shard_name(shard)]
        return self._append(shard, f"key-{len(shard.records)}", json.dumps(value).encode(), arrival)

    def put_key(self, key, data, arrival, explicit_hash=None):
        point = int(explicit_hash) if explicit_hash else int.from_bytes(hashlib.md5(key.encode()).digest(), "big")
        [shard] = [shard for shard in self.open_shards() if shard.low <= point <= shard.high]
        return self._append(shard, key, data, arrival)

    def _close(self, name):
        shard = self.shards.get(name)
        if shard is None:
            raise Refusal("ResourceNotFoundException", f"Shard {name} not found.")
        if shard.last is not None:
            raise Refusal("InvalidArgumentException", f"Shard {name} is closed.")
        shard.last, shard.closed_at = self.next_number(), time.time()
        return shard

    def split(self, name, start=None):
        shard = self._close(name)
        start = (shard.low + shard.high) // 2 + 1 if start is None else int(start)
        return self._open(shard.low, start - 1, [name]), self._open(start, shard.high, [name])

    def merge(self, name, other):
        one, two = self._close(name), self._close(other)
        return self._open(min(one.low, two.low), max(one.high, two.high), [name, other])


class FakeKinesis:
    def __init__(self):
        self.streams = {}
        self.operations = []  # of every request that was signed rightly
        self.throttles = 0  # so many GetRecords are refused
        self.skew = 0
        self.scripts = collections.defaultdict(collections.deque)
        self.judge, self.wrong, self.judged = None, [], collections.Counter()
        self.lock = threading.RLock()
        fake = self
        verifier = sigv4_verifier.Verifier(KEYS, "kinesis", REGION, now=self.now)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def date_time_string(self, timestamp=None):
                return super().date_time_string(fake.now() if timestamp is None else timestamp)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                cut = False
                try:
                    verifier.verify("POST", self.path, list(self.headers.items()), body)
                    operation = self.headers["X-Amz-Target"].partition(".")[2]
                    fake.judge_request(self.headers.get("User-Agent", ""), "POST", self.path, list(self.headers.items()), body, operation)
                    with fake.lock:
                        fake.operations.append(operation)
                        ours = self.headers.get("User-Agent", "").startswith("lotic")  # a peer that writes is left in peace
                        fault = fake.scripts[operation].popleft() if ours and fake.scripts[operation] else None
                        cut = fault == "cut"
                        status, answer = 200, fake.answer(operation, json.loads(body), fault)
                except sigv4_verifier.Refused as refused:
                    status, answer = 400, {"__type": "InvalidSignatureException", "message": str(refused)}
                except Refusal as refusal:
                    status, answer = refusal.status, {"__type": refusal.code, "message": refusal.message}
                text = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("x-amzn-RequestId", "00000000-0000-0000-0000-000000000000")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text[: len(text) // 2] if cut else text)
                self.close_connection = cut

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                if not isinstance(sys.exc_info()[1], ConnectionError):  # a client may hang up
                    super().handle_error(request, client_address)

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def now(self):
        return time.time() + self.skew

    def script(self, operation, *faults):
        with self.lock:
            self.scripts[operation].extend(faults)

    def judge_request(self, agent, method, target, headers, body, operation):
        if self.judge is None or not agent.startswith("lotic"):
            return
        try:
            self.judge(method, target, headers, body)
            with self.lock:
                self.judged[operation] += 1
        except AssertionError as wrong:
            with self.lock:
                self.wrong.append(f"{operation}: {wrong}")

    def stream_of(self, request):
        for stream in self.streams.values():
            if request.get("StreamName", stream.name) == stream.name and request.get("StreamARN", stream.arn) == stream.arn:
                if "StreamName" in request or "StreamARN" in request:
                    return stream
        raise Refusal("ResourceNotFoundException", f"Stream {request.get('StreamName') or request.get('StreamARN')} not found.")

    def answer(self, operation, request, fault):
        refusals = {"throttle": Refusal("ProvisionedThroughputExceededException"), "expired": Refusal("ExpiredIteratorException"),
                    "failure": Refusal("InternalFailure", status=500), "limit": Refusal("LimitExceededException")}
        if fault in refusals:
            raise refusals[fault]
        if fault == "wrong":
            return {"Records": 7, "Shards": 7, "ShardIterator": 7, "StreamDescriptionSummary": 7}
        method = getattr(self, "do_" + operation, None)
        if method is None:
            raise Refusal("UnknownOperationException", operation)
        return method(request, fault)

    def do_ListStreams(self, request, _):
        names = [name for name in sorted(self.streams) if name > request.get("ExclusiveStartStreamName", "")]
        limit = request.get("Limit", 100)
        return {"StreamNames": names[:limit], "HasMoreStreams": len(names) > limit}

    def do_CreateStream(self, request, _):
        stream = self.streams[request["StreamName"]] = Stream(request["StreamName"], request.get("ShardCount", 4))
        stream.created = int(self.now())

    def do_DescribeStreamSummary(self, request, _):
        stream = self.stream_of(request)
        return {"StreamDescriptionSummary": {"StreamName": stream.name, "StreamARN": stream.arn, "StreamStatus": "ACTIVE", "RetentionPeriodHours": 24,
                                             "StreamCreationTimestamp": stream.created, "EnhancedMonitoring": [],
                                             "OpenShardCount": len(stream.open_shards())}}

    def do_ListShards(self, request, _):
        if "NextToken" in request:
            if "StreamName" in request or "StreamARN" in request:
                raise Refusal("InvalidArgumentException", "NextToken and StreamName cannot be provided together.")
            name, after, since = json.loads(request["NextToken"])
            stream = self.streams[name]
        else:
            stream, after, since = self.stream_of(request), request.get("ExclusiveStartShardId", ""), 0
            chosen = request.get("ShardFilter", {})
            if chosen.get("Type") == "FROM_TIMESTAMP":
                since = chosen["Timestamp"]
            elif chosen.get("Type") == "AFTER_SHARD_ID":
                after = chosen["ShardId"]
        shards = [shard for shard in stream.shards.values() if shard.name > after and (shard.closed_at is None or shard.closed_at >= since)]
        page = {"Shards": [shard.describe() for shard in shards[: min(request.get("MaxResults", SHARDS_PER_PAGE), SHARDS_PER_PAGE)]]}
        if len(page["Shards"]) < len(shards):
            page["NextToken"] = json.dumps([stream.name, page["Shards"][-1]["ShardId"], since])
        return page

    def do_GetShardIterator(self, request, _):
        stream = self.stream_of(request)
        shard = stream.shards.get(request["ShardId"])
        if shard is None:
            raise Refusal("ResourceNotFoundException", f"Shard {request['ShardId']} not found.")
        kind = request["ShardIteratorType"]
        index = 0
        if kind == "AT_TIMESTAMP":
            if request["Timestamp"] > self.now() + 1:
                raise Refusal("InvalidArgumentException", "The timestampInMillis parameter cannot be greater than the current time.")
            index = next((i for i, record in enumerate(shard.records) if record[0] >= request["Timestamp"]), len(shard.records))
        elif kind == "AFTER_SEQUENCE_NUMBER":
            index = bisect.bisect_right(shard.numbers, int(request["StartingSequenceNumber"]))
        elif kind == "AT_SEQUENCE_NUMBER":
            index = bisect.bisect_left(shard.numbers, int(request["StartingSequenceNumber"]))
        elif kind == "LATEST":
            index = len(shard.records)
        return {"ShardIterator": f"{stream.name}/{shard.name}/{index}"}

    def do_GetRecords(self, request, fault):
        if self.throttles > 0:
            self.throttles -= 1
            raise Refusal("ProvisionedThroughputExceededException", "slow down")
        name, shard, index = request["ShardIterator"].split("/")
        stream, index = self.streams[name], int(index)
        shard = stream.shards[shard]
        if request.get("StreamARN", stream.arn) != stream.arn:
            raise Refusal("InvalidArgumentException", "StreamARN does not belong to the iterator.")
        if fault == "repeat":
            index = max(0, index - 100)
        end, size = index, 0
        while fault != "empty" and end < len(shard.records) and end - index < request.get("Limit", MAX_RECORDS) and size < MAX_ANSWER_BYTES:
            size += len(shard.records[end][2]) + len(shard.records[end][1])
            end += 1
        found = [{"SequenceNumber": str(number), "PartitionKey": key, "Data": base64.b64encode(data).decode(),
                  "ApproximateArrivalTimestamp": round(arrival, 3)} for arrival, key, data, number in shard.records[index:end]]
        behind = 0 if end == len(shard.records) else max(1, int((self.now() - shard.records[end][0]) * 1000))
        answer = {"Records": found, "MillisBehindLatest": behind}
        if end < len(shard.records) or shard.last is None or fault == "empty":
            answer["NextShardIterator"] = f"{stream.name}/{shard.name}/{end}"
        else:
            answer["ChildShards"] = [{"ShardId": child.name, "ParentShards": child.parents, "HashKeyRange": child.describe()["HashKeyRange"]}
                                     for child in stream.shards.values() if shard.name in child.parents]
        return answer

    def do_PutRecord(self, request, _):
        shard, number = self.stream_of(request).put_key(request["PartitionKey"], base64.b64decode(request["Data"], validate=True), self.now(),
                                                        request.get("ExplicitHashKey"))
        return {"ShardId": shard, "SequenceNumber": number}

    def do_PutRecords(self, request, fault):
        stream = self.stream_of(request)
        if not 1 <= len(request["Records"]) <= PUTTABLE:
            raise Refusal("InvalidArgumentException", f"{len(request['Records'])} records")
        done = []
        for index, record in enumerate(request["Records"]):
            if fault == "partial" and index % 3 == 1:
                done.append({"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded for shard."})
                continue
            shard, number = stream.put_key(record["PartitionKey"], base64.b64decode(record["Data"], validate=True), self.now(),
                                           record.get("ExplicitHashKey"))
            done.append({"ShardId": shard, "SequenceNumber": number})
        return {"FailedRecordCount": sum("ErrorCode" in result for result in done), "Records": done}

    def do_SplitShard(self, request, _):
        self.stream_of(request).split(request["ShardToSplit"], request["NewStartingHashKey"])

    def do_MergeShards(self, request, _):
        self.stream_of(request).merge(request["ShardToMerge"], request["AdjacentShardToMerge"])
