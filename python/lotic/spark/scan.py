# SPDX-License-Identifier: Apache-2.0
"""What the driver knows of the tables that one load() reads, and the plan of a reading. Needs no Spark."""

import difflib
import os
import re
import uuid
from dataclasses import dataclass, field, replace

import lotic
from lotic.connection import arrow_schema
from lotic.spark import certificates, offsets
from lotic.spark.options import Options, OptionError

_MAX_TABLES = 1000  # that one load() may name or match
_MAX_OPEN = 4  # connections that a process keeps


_connections = {}  # (connector, source, options) → Connection: the tasks of one process share connections and metadata


def connection_of(options):
    """The process's connection to the source that the options name."""
    key = (os.getpid(), options.connector, options.source, tuple(sorted(options.connector_options.items())))
    if key not in _connections:
        while len(_connections) >= _MAX_OPEN:
            _connections.pop(next(iter(_connections)))
        _connections[key] = lotic.connect(options.connector, options.source, options.connector_options)
    return _connections[key]


def for_executors(options):
    """The options without what only planning needs: a file that the driver alone has."""
    kept = {name: value for name, value in options.connector_options.items() if options.connector != "kafka" or name != "schema"}
    return replace(options, connector_options=kept)


@dataclass
class Column:
    name: str  # in the table
    type: str  # Lotic's
    arrow: object  # pyarrow.DataType


@dataclass
class Table:
    """One table of a load(), as its source described it when the load was made."""

    description: dict
    columns: list  # of Column: what load() shows of it

    @property
    def name(self):
        return self.description["name"]["table"]

    def column(self, name):
        return next((each for each in self.columns if each.name == name), None)


@dataclass
class Task:
    """What one Spark task reads: some splits of one planned table."""

    table: int
    splits: list
    certificate_folder: str = None
    number: int = 0


@dataclass
class PlannedTable:
    request: dict
    num_columns: int  # the first so many of the layout are those that `columns` names
    columns: list  # names in the table, in the order of the output; None where the table has no such column


@dataclass
class Plan:
    tables: list = field(default_factory=list)  # of PlannedTable
    tasks: list = field(default_factory=list)  # of Task


def _table_names(options, connection):
    schemas = connection.schemas()
    schema, names = options.schema, options.tables
    if schema is None and len(schemas) == 1:
        schema = schemas[0]
    if schema is None:  # load("schema.table")
        if names is None or len(names) != 1 or "." not in names[0]:
            raise OptionError(f'the source has the schemas {", ".join(schemas)}: .option("schema", ...), or load("schema.table")')
        schema, names = names[0].split(".", 1)[0], [names[0].split(".", 1)[1]]
    if names is None:
        try:
            pattern = re.compile(options.pattern)
        except re.error as error:
            raise OptionError(f'option "subscribePattern": {options.pattern!r} is no regular expression: {error}') from None
        names = [name for name in connection.tables(schema) if pattern.fullmatch(name)]
        if not names:
            raise OptionError(f'option "subscribePattern": no topic matches {options.pattern!r}')
    if len(names) > _MAX_TABLES:
        raise OptionError(f"{len(names)} tables are to be read; at most {_MAX_TABLES} are")
    return schema, names


def _find(name, columns):
    """A column by its exact name, else ignoring case."""
    for same in (lambda each: each == name, lambda each: each.lower() == name.lower()):
        found = [each for each in columns if same(each)]
        if len(found) > 1:
            raise OptionError(f'column "{name}" may be {" or ".join(found)}: write it exactly')
        if found:
            return found[0]
    return None


def describe(options):
    """The tables of a load(), and the columns that it shows of each."""
    connection = connection_of(options)
    schema, names = _table_names(options, connection)
    tables, wanted_somewhere, all_names = [], set(), set()
    for name in names:
        description = connection.table(schema, name)
        shown, hidden = description["columns"]["fields"], description["hidden"]["fields"]
        arrow = {field.name: field.type for field in [*arrow_schema(description["columns"]), *arrow_schema(description["hidden"])]}
        types = {field["name"]: field["type"] for field in [*shown, *hidden]}
        aliases = description["aliases"]
        chosen = []

        def choose(asked, among):
            found = _find(asked, [*among, *(alias for alias, real in aliases.items() if real in among)])
            found = aliases.get(found, found)
            if found is not None:
                wanted_somewhere.add(asked)
                if found not in chosen:
                    chosen.append(found)

        for asked in options.columns if options.columns is not None else [field["name"] for field in shown]:
            choose(asked, list(types))
        if options.metadata is not None:
            for asked in options.metadata or [field["name"] for field in hidden]:
                choose(asked, [field["name"] for field in hidden] if not options.metadata else list(types))
        all_names.update(types, aliases)
        tables.append(Table(description, [Column(each, types[each], arrow[each]) for each in chosen]))
    for asked in [*(options.columns or []), *(options.metadata or [])]:
        if asked not in wanted_somewhere:
            near = difflib.get_close_matches(asked, sorted(all_names), n=1)
            raise OptionError(f'{", ".join(table.name for table in tables)}: no column "{asked}"' + (f'; did you mean "{near[0]}"?' if near else ""))
    return tables


def output_columns(tables):
    """The columns of a load(), each once: those of the first table, then what the others add. One name must have one type."""
    columns, of = [], {}
    for table in tables:
        for column in table.columns:
            if column.name not in of:
                of[column.name] = (column, table)
                columns.append(column)
            elif of[column.name][0].type != column.type:
                first, owner = of[column.name]
                raise OptionError(f'column "{column.name}" is {first.type} in {owner.name} and {column.type} in {table.name}: read them apart, or leave it out with .option("columns", ...)')
    return columns


def make_plan(options, tables, names, constraints, load):
    """Plans the reading of the columns `names`; every table at one snapshot.

    constraints: canonical ones over columns that every table has, from Spark's filters. load: which load() this is, for its certificates."""
    connection = connection_of(options)
    plan = Plan()
    partitions = {}
    if options.starting_offsets is not None or options.ending_offsets is not None:
        partitions = {table.name: int(table.description["properties"]["partitions"]) for table in tables}
    starts = offsets.starts(options.starting_offsets, partitions)
    ends = offsets.ends(options.ending_offsets, partitions)
    if options.limit is not None and len(tables) > 1:
        raise OptionError('option "limit" is for one table; Spark\'s own .limit(...) works for several')
    for number, table in enumerate(tables):
        present = [name if table.column(name) else None for name in names]
        asked = [name for name in present if name is not None]
        request = lotic.request(table.description, asked, options.filter, constraints or None, options.limit)
        request["policy"].update(options.policy)
        if table.name in starts:
            request["start"] = starts[table.name]
        if options.starting_timestamp is not None:
            request["start"] = {"kind": "time", "time_ms": str(options.starting_timestamp), "positions": {}}
        if options.ending_timestamp is not None:
            request["as_of_ms"] = str(options.ending_timestamp)
        prepared = connection.prepare(table.description, request)
        request["token"] = prepared["token"]
        request.pop("as_of_ms", None)  # the token holds its outcome
        splits = connection.splits(request, prepared)
        if table.name in starts or table.name in ends:
            splits = offsets.clip(table.name, splits, prepared, request["start"], ends.get(table.name, {}))
        # A limit is exact only where one reader counts; else each split is a task of its own.
        tasks = [list(range(len(splits)))] if options.limit is not None else [[i] for i in range(len(splits))]
        folder = None
        if options.certificate is not None:
            folder = certificates.write_plan(options.certificate, load, request, prepared, splits, tasks)
        plan.tables.append(PlannedTable(request, len(asked), present))
        for task, of in enumerate(tasks):
            plan.tasks.append(Task(number, [splits[i] for i in of], folder, task))
    return plan


def new_load():
    """A name for one load()."""
    return uuid.uuid4().hex
