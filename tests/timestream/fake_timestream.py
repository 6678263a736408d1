# SPDX-License-Identifier: Apache-2.0
"""A fake Timestream on loopback: both of its APIs, every request's signature checked, queries evaluated by DuckDB.

    python3 fake_timestream.py        prints its URL and serves until its input ends; POST /script sets faults (FakeTimestream.script)

It needs DuckDB for Python (requirements.txt) in PYTHONPATH.
"""

import collections
import http.server
import json
import pathlib
import random
import re
import socket
import sys
import threading

import duckdb

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "aws"))
import dialect  # noqa: E402
import sigv4_verifier  # noqa: E402

KEYS = {"AKIDEXAMPLE": ("fake-secret", "")}
REGION = "us-east-1"
MAX_TOKEN_USES = 5
DESCRIBED = {"VARCHAR": "varchar", "DOUBLE": "double", "BIGINT": "bigint", "INTEGER": "int", "BOOLEAN": "boolean", "TIMESTAMP_NS": "timestamp", "DATE": "date", "TIME": "time"}


class Refusal(Exception):
    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class Query:
    """A query that has run: its rows, and how far they have been fetched."""

    def __init__(self, number, text, columns, rows, pages):
        self.id = f"Q{number:08d}"
        self.text, self.columns, self.rows = text, columns, rows
        self.pages = pages  # lists of rows still to come
        self.token = ""  # the newest
        self.spent = ""  # the one that brought the page given last: good until the newest is used
        self.uses = 0    # of it
        self.first = self.last = None
        self.given = 0
        self.cancelled = False


class FakeTimestream:
    """Attributes that tests may set between queries:

    page_rows: rows of a page; odd_pages: empty pages (the first ones without ColumnInfo) and pages of one row among the others, by `random`;
    script: operation -> list of faults, taken one a call: "throttle", "internal", "cut" (half an answer), "drop" (none), "wrong_cell", "empty"
    (Query: an empty page more), or {"raw": text, "status": 200}.
    Attributes that tests may read: operations, queries (texts run), cancelled (query ids), page_calls, glue_catalogs.
    """

    def __init__(self, discovery=False):
        self.database = duckdb.connect(":memory:")
        for statement in dialect.SETUP.split(";"):
            if statement.strip():
                self.database.execute(statement)
        self.tables = {}  # (database, table) -> [(column, duckdb type, attribute)]
        self.databases = set()
        self.lock = threading.Lock()
        self.random = random.Random(7)
        self.page_rows, self.odd_pages = 1000, False
        self.script, self.operations, self.queries, self.cancelled = {}, [], [], []
        self.page_calls = 0
        self.running, self.by_client_token = {}, {}
        self.glue_tables = {}  # (database, table) -> Glue's Table; Glue is "not there" while it is None
        self.glue_catalogs = set()  # that were asked, None for the caller's own
        self.judge, self.wrong, self.judged = None, [], collections.Counter()  # judge(method, target, headers, body) sees each request of lotic's that is signed rightly
        self.discovery = discovery
        self.servers = []
        self.url = self.start("regional")
        self.cell = self.start("cell") if discovery else None

    # What the tests put in.

    def create_table(self, database, table, columns, rows=()):
        """columns: (name, DuckDB type, attribute)."""
        if database not in self.databases:
            self.databases.add(database)
            self.database.execute(f'CREATE SCHEMA {quoted(database)}')
        self.tables[database, table] = list(columns)
        where = f"{quoted(database)}.{quoted(table)}"
        self.database.execute(f"CREATE TABLE {where} ({', '.join(f'{quoted(name)} {kind}' for name, kind, _ in columns)})")
        if rows:
            self.database.executemany(f"INSERT INTO {where} VALUES ({', '.join('?' for _ in columns)})", rows)

    def move_cell(self):
        """A new cell; the old one answers 421 from now on."""
        self.cell = self.start("cell")

    # The server.

    def start(self, role):
        fake = self
        verifiers = {service: sigv4_verifier.Verifier(KEYS, service, REGION) for service in ("timestream", "glue")}

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path == "/script":
                    with fake.lock:
                        for name, value in json.loads(body).items():
                            setattr(fake, name, value)
                        answer = {"operations": fake.operations, "queries": fake.queries, "cancelled": fake.cancelled, "page_calls": fake.page_calls}
                    return self.send(200, json.dumps(answer).encode())
                fault = None
                try:
                    version, _, operation = self.headers["X-Amz-Target"].partition(".")
                    glue = version == "AWSGlue"
                    verifiers["glue" if glue else "timestream"].verify("POST", self.path, list(self.headers.items()), body)
                    fake.judge_request(self.path, self.headers, body, ("Glue" if glue else "") + operation)
                    if glue and self.headers["Content-Type"] == "application/x-amz-json-1.1" and fake.glue_tables is not None:
                        return self.send(200, json.dumps(fake.glue(operation, json.loads(body))).encode())
                    if version != "Timestream_20181101" or self.headers["Content-Type"] != "application/x-amz-json-1.0":
                        raise Refusal("UnknownOperationException", self.headers["X-Amz-Target"])
                    with fake.lock:
                        fault = fake.take_fault(operation)
                        status, answer = fake.answer(self.server, role, operation, json.loads(body), fault)
                except sigv4_verifier.Refused as refused:
                    status, answer = 400, {"__type": "com.amazon.coral.service#InvalidSignatureException", "message": str(refused)}
                except Refusal as refusal:
                    status, answer = refusal.status, {"__type": "com.amazonaws.timestream.v20181101#" + refusal.code, "Message": refusal.message}
                text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                if fault in ("cut", "drop"):
                    if fault == "cut":
                        self.send(status, text[: len(text) // 2], len(text))
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return None
                return self.send(status, text)

            def send(self, status, text, length=None):
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("x-amzn-RequestId", f"request-{fake.page_calls}")
                self.send_header("Content-Length", str(len(text) if length is None else length))
                self._headers_buffer.append(b"\r\n" + text)
                self.flush_headers()

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
        self.database.close()

    def judge_request(self, target, headers, body, operation):
        if self.judge is None or "lotic" not in headers.get("User-Agent", ""):
            return
        try:
            self.judge("POST", target, list(headers.items()), body)
            with self.lock:
                self.judged[operation] += 1
        except AssertionError as wrong:
            with self.lock:
                self.wrong.append(f"{operation}: {wrong}")

    def glue(self, operation, request):
        with self.lock:
            self.operations.append("Glue" + operation)
            self.glue_catalogs.add(request.get("CatalogId"))
            fault = self.take_fault("Glue" + operation)
            if fault == "denied":
                raise Refusal("AccessDeniedException", "User: me is not authorized to perform: glue:GetTable")
            if fault == "throttle":
                raise Refusal("ThrottlingException", "Rate exceeded")
            if fault == "internal":
                raise Refusal("InternalServiceException", "Something went wrong", 500)
            table = self.glue_tables.get((request.get("DatabaseName"), request.get("Name")))
            if operation != "GetTable" or table is None:
                raise Refusal("EntityNotFoundException", f"Entity Not Found: {request.get('Name')}")
            return {"Table": table}

    def take_fault(self, operation):
        faults = self.script.get(operation)
        return faults.pop(0) if faults else None

    def answer(self, server, role, operation, request, fault):
        self.operations.append(operation)
        here = f"http://127.0.0.1:{server.server_address[1]}"
        if operation == "DescribeEndpoints":
            return 200, {"Endpoints": [{"Address": self.cell or self.url, "CachePeriodInMinutes": 1440}]}
        if fault == "wrong_cell" or (self.discovery and here != self.cell):
            raise Refusal("InvalidEndpointException", "The requested endpoint was not valid.", 421)
        if fault == "throttle":
            raise Refusal("ThrottlingException", "Rate exceeded")
        if fault == "internal":
            raise Refusal("InternalServerException", "Something went wrong", 500)
        if isinstance(fault, dict):
            return fault.get("status", 200), fault["raw"].encode()
        handler = getattr(self, "do_" + operation, None)
        if handler is None:
            raise Refusal("UnknownOperationException", operation)
        return 200, handler(request, fault)

    # The operations.

    def do_ListDatabases(self, request, _fault):
        return self.page(request, "Databases", [{"DatabaseName": name, "TableCount": 1} for name in sorted(self.databases, reverse=True)])

    def do_ListTables(self, request, _fault):
        database = request.get("DatabaseName")
        if database not in self.databases:
            raise Refusal("ResourceNotFoundException", f"The database {database} does not exist.")
        return self.page(request, "Tables", [{"DatabaseName": database, "TableName": table, "TableStatus": "ACTIVE"} for owner, table in sorted(self.tables, reverse=True) if owner == database])

    @staticmethod
    def page(request, name, items):
        most = request.get("MaxResults", 20)
        if not 1 <= most <= 20:
            raise Refusal("ValidationException", "MaxResults must be between 1 and 20")
        start = int(request.get("NextToken", "0"))
        answer = {name: items[start : start + most]}
        if start + most < len(items):
            answer["NextToken"] = str(start + most)
        return answer

    def do_PrepareQuery(self, request, _fault):
        if request.get("ValidateOnly") is not True:
            raise Refusal("ValidationException", "ValidateOnly must be true")
        columns, _ = self.evaluate(request["QueryString"], describe=True)
        return {"QueryString": request["QueryString"], "Columns": columns, "Parameters": []}

    def do_CancelQuery(self, request, _fault):
        self.cancelled.append(request["QueryId"])
        query = self.running.get(request["QueryId"])
        if query is None:
            raise Refusal("ValidationException", f"no query {request['QueryId']}")
        query.cancelled = True
        return {"CancellationMessage": "cancelled"}

    def do_Query(self, request, fault):
        self.page_calls += 1
        text = request["QueryString"]
        token = request.get("NextToken")
        if token:
            query = self.running.get(token.partition("/")[0])
            if query is None or token not in (query.token, query.spent):
                raise Refusal("ValidationException", "The pagination token is invalid or expired.")
            if query.text != text:
                raise Refusal("ValidationException", "The query string does not match the pagination token.")
            if fault == "cancel":  # as if someone else had cancelled it
                query.cancelled = True
            if query.cancelled:
                raise Refusal("ConflictException", "The query was cancelled.", 409)
            if token == query.spent:
                query.uses += 1
                if query.uses > MAX_TOKEN_USES:
                    raise Refusal("ValidationException", "The pagination token was used too often.")
                return query.last
            query.spent, query.uses = token, 1
        else:
            client_token = request.get("ClientToken")
            if client_token is not None and not 32 <= len(client_token) <= 128:
                raise Refusal("ValidationException", "ClientToken must have 32 to 128 characters")
            if client_token in self.by_client_token:
                query = self.by_client_token[client_token]
                if query.text != text:
                    raise Refusal("ValidationException", "The client token was used with another query.")
                return query.first
            columns, rows = self.evaluate(text)
            self.queries.append(text)
            query = Query(len(self.queries), text, columns, rows, self.cut(rows, request.get("MaxRows")))
            self.running[query.id] = query
            if client_token is not None:
                self.by_client_token[client_token] = query
        query.last = self.next_page(query, fault)
        query.first = query.first or query.last
        return query.last

    def cut(self, rows, max_rows):
        most = min(max_rows or self.page_rows, self.page_rows)
        pages, at = [], 0
        if self.odd_pages:
            pages += [None] * self.random.randrange(3)  # not even columns
        while at < len(rows):
            size = most
            if self.odd_pages:
                size = self.random.choice([0, 1, 1, 2, most])
            pages.append(rows[at : at + size])
            at += size
        if self.odd_pages or not pages:
            pages.append([])
        return pages

    def next_page(self, query, fault):
        page = [] if fault == "empty" else query.pages.pop(0)
        answer = {"QueryId": query.id, "Rows": page or [], "QueryStatus": {"ProgressPercentage": 100.0, "CumulativeBytesScanned": 1000, "CumulativeBytesMetered": 10_000_000}}
        if page is not None:
            answer["ColumnInfo"] = query.columns
        query.given += 1
        query.token = f"{query.id}/{query.given}" if query.pages else ""
        if query.token:
            answer["NextToken"] = query.token
        return answer

    def evaluate(self, text, describe=False):
        """ColumnInfo and rows of a query."""
        described = re.fullmatch(r'\s*DESCRIBE\s+("(?:[^"]|"")*")\.("(?:[^"]|"")*")\s*', text)
        if described:
            columns = self.tables.get((dialect.unquote(described[1]), dialect.unquote(described[2])))
            if columns is None:
                raise Refusal("ValidationException", f"line 1:1: Table {described[1]}.{described[2]} does not exist")
            info = [{"Name": name, "Type": {"ScalarType": "VARCHAR"}} for name in ("Column", "Type", "Timestream attribute type")]
            return info, [{"Data": [{"ScalarValue": value} for value in (name, DESCRIBED[kind], attribute)]} for name, kind, attribute in columns]
        doubles = {name for columns in self.tables.values() for name, kind, _ in columns if kind == "DOUBLE"}
        try:
            sql = dialect.to_duckdb(text, doubles)
            cursor = self.database.cursor()
            relation = cursor.sql(sql)
            if relation is None:
                raise Refusal("ValidationException", "only queries")
            names, types = relation.columns, relation.types
            info = [dialect.column_info(name, kind) for name, kind in zip(names, types)]
            if describe:
                return info, []
            shown = ", ".join(f"CAST(#{i} AS VARCHAR)" if dialect.is_time(kind) else f"#{i}" for i, kind in enumerate(types, 1))
            rows = cursor.execute(f"SELECT {shown} FROM ({sql}) q").fetchall()
        except (duckdb.Error, dialect.DialectError) as error:
            raise Refusal("ValidationException", str(error)) from None
        return info, [{"Data": [dialect.datum(value, column) for value, column in zip(row, info)]} for row in rows]


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


MULTI = [("host", "VARCHAR", "DIMENSION"), ("zone", "VARCHAR", "DIMENSION"), ("measure_name", "VARCHAR", "MEASURE_NAME"), ("time", "TIMESTAMP_NS", "TIMESTAMP"),
         ("load", "DOUBLE", "MULTI"), ("hits", "BIGINT", "MULTI"), ("up", "BOOLEAN", "MULTI"), ("note", "VARCHAR", "MULTI"), ("seen", "TIMESTAMP_NS", "MULTI"),
         ("day", "DATE", "MULTI"), ("small", "INTEGER", "MULTI"), ("at", "TIME", "MULTI"), ('odd "name"::x', "DOUBLE", "MULTI")]
TEXTS = ["a", "b", "o'hare", 'say "x"', "", "ä", "\U0001f600", "\ufb01", "A", "a b", "%", "line\nbreak", "back\\slash", "~"]
DOUBLES = [0.0, -0.0, 1.0, -1.0, 0.5, 1e10, -2.5e-7, 1e308, 5e-324, float("nan"), float("inf"), float("-inf"), 123456.789, 0.1, 3.0, 1e7, 1e-3]
LONGS = [0, 1, -1, 2**63 - 1, -(2**63), 2**31, 42, 43, 10**15]
INTS = [0, 1, -1, 2**31 - 1, -(2**31), 7]
NANOS = [0, 1, 999, 1_000, 999_999, 1_000_000, 1_000_001, 999_999_999, 500_000_000, 500_000_500]
TIMES = ["1677-09-22 00:00:00.000000001", "2262-04-11 23:47:16.854775806", "1969-12-31 23:59:59.999999999", "1970-01-01 00:00:00.000000000"]
DAYS = ["1970-01-01", "2262-04-11", "2026-08-01", "2026-08-02", "2000-02-29"]


def add_test_tables(fake, rows=160):
    """ops.multi: every scalar type, with NULLs, NaN, times below a microsecond, quotes and borders; ops.cpu: single measures; ops.wide names and others."""
    chance = random.Random(11)

    def pick(values):
        return None if chance.random() < 0.15 else chance.choice(values)

    def time():
        if chance.random() < 0.05:
            return chance.choice(TIMES)
        return f"2026-08-01 00:00:{chance.randrange(4):02d}.{chance.choice(NANOS):09d}"

    fake.create_table("ops", "multi", MULTI, [
        [pick(TEXTS), pick(TEXTS), "m", time(), pick(DOUBLES), pick(LONGS), pick([True, False]), pick(TEXTS), None if chance.random() < 0.15 else time(), pick(DAYS), pick(INTS),
         pick(["00:00:00.000000", "22:21:55.186000"]), pick(DOUBLES)] for _ in range(rows)])
    cpu = [("host", "VARCHAR", "DIMENSION"), ("measure_name", "VARCHAR", "MEASURE_NAME"), ("time", "TIMESTAMP_NS", "TIMESTAMP"), ("measure_value::double", "DOUBLE", "MEASURE_VALUE"),
           ("measure_value::bigint", "BIGINT", "MEASURE_VALUE")]
    fake.create_table("ops", "cpu", cpu, [[f"h{i % 3}", "usage" if i % 2 else "count", f"2026-08-01 00:{i // 60:02d}:{i % 60:02d}.000000000", i / 2 if i % 2 else None, None if i % 2 else i]
                                          for i in range(120)])
    fake.create_table("Green House", "Sensors", [("house", "VARCHAR", "DIMENSION"), ("probe", "VARCHAR", "DIMENSION"), ("measure_name", "VARCHAR", "MEASURE_NAME"),
                                                 ("time", "TIMESTAMP_NS", "TIMESTAMP"), ("measure_value::double", "DOUBLE", "MEASURE_VALUE")],
                      [["north", "p1", "humidity", "2026-08-01 00:00:00", 61.5], ["north", "p1", "humidity", "2026-08-01 00:10:00", 60.25], ["south", "p2", "humidity", "2026-08-01 00:00:00", 40.0]])


if __name__ == "__main__":
    served = FakeTimestream()
    add_test_tables(served)
    print(served.url, flush=True)
    sys.stdin.read()
    served.close()
