# SPDX-License-Identifier: Apache-2.0
"""Tables of a source over liblotic.so: listed, planned, read as Arrow batches. All texts are those of docs/reference/c-api.md, as Python values."""

import json
import os

from lotic import _library
from lotic._library import LoticError, call, encode, handle_of, text_of

_MAX_SPLITS = 1_000_000


def connector_types():
    """What `connect` can open: ["athena", "kafka", ...]."""
    return json.loads(text_of("lotic_connector_types"))


def arrow_schema(schema):
    """A schema of a table or request as a pyarrow.Schema."""
    import pyarrow

    struct, address = _library.room()
    call("lotic_arrow_schema", encode(json.dumps(schema)), address)
    return pyarrow.Schema._import_from_c(address)


class Connection:
    """A configured source. Any thread. It connects when it must; opening one does not touch the network."""

    def __init__(self, connector, path, options=None):
        self._handle = None
        self._owner = os.getpid()
        self._handle = handle_of("lotic_connector_open", encode(connector), encode(path), encode(json.dumps(options or {})))

    def __del__(self):
        if self._handle is not None and self._owner == os.getpid():  # a forked child leaves its parent's connections alone
            _library.library().lotic_connector_release(self._handle)

    def schemas(self):
        return json.loads(text_of("lotic_schemas", self._handle, None))

    def tables(self, schema):
        """The names of a schema's tables, sorted."""
        names, page = [], ""
        while True:
            answer = json.loads(text_of("lotic_tables", self._handle, None, encode(schema), encode(page), 0))
            names += [each["table"] for each in answer["tables"]]
            page = answer["next_page"]
            if not page:
                return names

    def table(self, schema, table):
        """Its description: columns, hidden columns, properties, notes."""
        return json.loads(text_of("lotic_table", self._handle, None, encode(schema), encode(table)))

    def prepare(self, table, request):
        """The plan of a request made from `table`'s description: snapshot, partitions, pushdown report, estimate. Reads no rows."""
        return json.loads(text_of("lotic_prepare", self._handle, None, encode(json.dumps(table)), encode(json.dumps(request))))

    def splits(self, request, plan):
        """Every split of a plan; `request` with the plan's token."""
        splits, page = [], ""
        request, plan = encode(json.dumps(request)), encode(json.dumps(plan))
        while True:
            answer = json.loads(text_of("lotic_splits", self._handle, None, request, plan, encode(page), 0))
            splits += answer["splits"]
            page = answer["next_page"]
            if len(splits) > _MAX_SPLITS:
                raise LoticError(f"the plan has more than {_MAX_SPLITS} splits", "CapacityError")
            if not page:
                return splits

    def open(self, request, splits, num_columns=-1, memory_budget=0):
        """A reader of some splits: the wanted rows, in the first `num_columns` columns of the request's layout.
        memory_budget: bytes of its buffers and of batches not yet taken; 0: the library's own."""
        return Reader(self, request, splits, num_columns, memory_budget)

    def read(self, table, columns=None, filter=None, limit=None, schema=None):
        """A reader of a whole table, planned now."""
        if schema is None:
            schemas = self.schemas()
            if len(schemas) != 1:
                raise LoticError(f"the source has the schemas {', '.join(schemas)}: say which, schema=...", "Invalid")
            schema = schemas[0]
        description = self.table(schema, table)
        wanted = request(description, columns, filter, limit=limit)
        num_columns = len(description["columns"]["fields"] if columns is None else columns)
        plan = self.prepare(description, wanted)
        wanted["token"] = plan["token"]
        return self.open(wanted, self.splits(wanted, plan), num_columns)


def request(table, columns=None, filter=None, constraints=None, limit=None):
    """A request for rows of a table, as Connection.table describes it. Its members (start, policy, as_of_ms, ...) may be changed."""
    return json.loads(
        text_of(
            "lotic_request",
            encode(json.dumps(table)),
            None if columns is None else encode(json.dumps(columns)),
            encode(filter),
            None if constraints is None else encode(json.dumps(constraints)),
            -1 if limit is None else limit,
        )
    )


def certificate_of(request, plan, splits, certificates):
    """The certificate document of a whole plan; None in place of a certificate makes it incomplete."""
    texts = (request, plan, splits, certificates)
    return json.loads(text_of("lotic_certificate", *(encode(json.dumps(each)) for each in texts)))


class Reader:
    """Iterates over pyarrow.RecordBatch. One thread at a time, except cancel()."""

    def __init__(self, connection, request, splits, num_columns, memory_budget):
        import pyarrow

        self._handle = self._batches = None
        self._connection = connection  # the library keeps what it needs; this keeps the library's order of releases simple
        self._num_splits = len(splits)
        context = _library.library().lotic_call_new(-1, memory_budget)
        try:
            self._handle = handle_of("lotic_open", connection._handle, context, encode(json.dumps(request)), encode(json.dumps(splits)))
        finally:
            _library.library().lotic_call_release(context)
        struct, address = _library.room()
        call("lotic_reader_stream", self._handle, num_columns, address)
        self._batches = pyarrow.RecordBatchReader._import_from_c(address)
        self.schema = self._batches.schema

    def __del__(self):
        self._batches = None
        if self._handle is not None:
            _library.library().lotic_reader_release(self._handle)

    def __iter__(self):
        return self

    def __next__(self):
        import pyarrow

        try:
            return self._batches.read_next_batch()
        except StopIteration:
            raise
        except (pyarrow.ArrowException, OSError) as error:
            call("lotic_reader_status", self._handle)  # raises what really happened
            raise LoticError(str(error)) from error

    def close(self):
        """Ends the reading: what still runs at the source is cancelled. Certificates stay."""
        if self._batches is not None:
            self._batches.close()
            self._batches = None

    def cancel(self):
        """Any thread: a waiting iteration ends with a LoticError, status "Cancelled"."""
        _library.library().lotic_reader_cancel(self._handle)

    def certificates(self):
        """What was read of each split so far, in the order of the splits."""
        return [json.loads(text_of("lotic_reader_certificate", self._handle, i)) for i in range(self._num_splits)]
