# SPDX-License-Identifier: Apache-2.0
"""format("lotic"): Spark's data source interface over lotic.spark.scan. Spark's driver plans, its executors read."""

import difflib
import sys

import pyspark

if tuple(int(part) for part in pyspark.__version__.split(".")[:1]) < (4,):
    raise ImportError(f"lotic needs Apache Spark 4.0 or newer, whose Python data sources it is; this is {pyspark.__version__}")

import pyarrow as pa
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.types import StructField, StructType

from lotic.spark import options as user_options
from lotic.spark import scan
from lotic.spark.certificates import TaskCertificate
from lotic.spark.filters import NotTheSame, constraint_of
from lotic.spark.options import OptionError
from lotic.spark.types import NotInSpark, as_spark_takes_it, spark_names, spark_type

_TASK_MEMORY = 128 << 20  # bytes of a task's reader: beside Spark's own, within what executors are given for Python by default
_PUSHDOWN_WORKER = "pyspark.sql.worker.data_source_pushdown_filters"


class LoticDataSource(DataSource):
    """spark.read.format("lotic").option("connector", "kafka").option("kafka.bootstrap.servers", "…").load("orders")"""

    # Made by describe(), which Spark's schema() call begins; travels with this object to the process that plans.
    _tables = None
    _load = None

    @classmethod
    def name(cls):
        return "lotic"

    def _describe(self):
        if self._tables is None:
            parsed = user_options.parse(dict(self.options))
            self._tables = scan.describe(parsed)
            self._load = scan.new_load()
        return self._tables

    def _fields(self):
        """name in Spark → (name in the tables, Lotic's type, Spark's type, Spark's layout), in order."""
        columns = scan.output_columns(self._describe())
        fields = {}
        for shown, column in zip(spark_names([each.name for each in columns]), columns):
            try:
                theirs, layout = spark_type(column.arrow)
            except NotInSpark as error:
                raise OptionError(f'column "{column.name}" is {column.type}, and this Spark ({pyspark.__version__}) has no such type ({error}); leave it out with .option("columns", ...)') from None
            fields[shown] = (column.name, column.type, theirs, layout)
        return fields

    def schema(self):
        return StructType([StructField(name, theirs, True) for name, (_, _, theirs, _) in self._fields().items()])

    def reader(self, schema):
        fields = self._fields()
        by_lower = {name.lower(): name for name in fields}
        output = []
        for asked in schema.fields:  # all of schema(), or what .schema(...) of the user leaves of it
            name = by_lower.get(asked.name.lower())
            if name is None:
                near = difflib.get_close_matches(asked.name, list(fields), n=1)
                raise OptionError(f'the given schema has a column "{asked.name}", which is not there' + (f'; did you mean "{near[0]}"?' if near else ""))
            column, type_text, theirs, layout = fields[name]
            if theirs != asked.dataType:
                raise OptionError(f'the given schema has column "{asked.name}" as {asked.dataType.simpleString()}; it is {theirs.simpleString()}: cast it in the query')
            output.append((asked.name, column, layout))
        parsed = user_options.parse(dict(self.options))
        columns = {name: (column, type_text) for name, (column, type_text, _, _) in fields.items()}
        if _spark_pushes_filters():
            return _FilteringReader(parsed, self._describe(), self._load, output, columns)
        reader = _PlainReader(parsed, self._describe(), self._load, output, columns)
        reader._planned()
        return reader

    def streamReader(self, schema):
        raise NotImplementedError('readStream of format "lotic" is not built yet; spark.read reads what is there')

    def simpleStreamReader(self, schema):
        raise NotImplementedError('readStream of format "lotic" is not built yet; spark.read reads what is there')

    def writer(self, schema, overwrite):
        raise NotImplementedError('writing through format "lotic" is not built yet')

    def streamWriter(self, schema, overwrite):
        raise NotImplementedError('writing through format "lotic" is not built yet')


def _spark_pushes_filters():
    """Whether this process is the one in which Spark pushes filters. A reader that has pushFilters while Spark does not push is an error of Spark's
    (4.1+, spark.sql.python.filterPushdown.enabled), and the reader is not told; but only that process runs that module."""
    main = getattr(sys.modules.get("__main__"), "__spec__", None)
    return _PUSHDOWN_WORKER in sys.modules or (main is not None and main.name == _PUSHDOWN_WORKER)


class _Splits(InputPartition):
    """What one task reads."""

    def __init__(self, task):
        super().__init__(task)


class _PlainReader(DataSourceReader):
    """Planned in the driver, once all is known, before Spark takes it there for the executors: the plan travels with it, the splits with the
    partitions."""

    def __init__(self, options, tables, load, output, columns):
        self._options = options
        self._tables = tables
        self._load = load
        self._output = output  # (name in Spark, name in the tables, layout)
        self._columns = columns  # name in Spark → (name in the tables, type)
        self._constraints = []
        self._plan = None

    def _planned(self):
        if self._plan is None:
            self._plan = scan.make_plan(self._options, self._tables, [column for _, column, _ in self._output], self._constraints, self._load)
        return self._plan

    def __getstate__(self):
        # Executors need the request of the plan, and nothing of what only planning needs.
        state = dict(self.__dict__, _tables=None, _columns=None, _constraints=None, _options=scan.for_executors(self._options))
        plan = self._planned()
        state["_plan"] = scan.Plan(plan.tables, [])
        return state

    def partitions(self):
        return [_Splits(task) for task in self._planned().tasks] or [_Splits(None)]

    def read(self, partition):
        task = partition.value
        if task is None:
            return iter(())
        return self._batches(task, self._plan.tables[task.table])

    def _batches(self, task, table):
        certificate = None
        if task.certificate_folder is not None:
            certificate = TaskCertificate(task.certificate_folder, task.number, **_attempt())
        reader = scan.connection_of(self._options).open(table.request, task.splits, table.num_columns, _TASK_MEMORY)
        finished = False
        try:
            for batch in reader:
                yield self._as_spark_takes_it(batch, table)
            finished = True
        finally:
            reader.close()
            if certificate is not None:
                (certificate.finish if finished else certificate.stop)(reader.certificates())

    def _as_spark_takes_it(self, batch, table):
        arrays, at = [], 0
        for (name, _, layout), column in zip(self._output, table.columns):
            if column is None:
                arrays.append(pa.nulls(batch.num_rows, layout))
                continue
            arrays.append(as_spark_takes_it(batch.column(at), layout, name))
            at += 1
        return pa.RecordBatch.from_arrays(arrays, schema=pa.schema([pa.field(name, layout, True) for name, _, layout in self._output]))


class _FilteringReader(_PlainReader):
    def pushFilters(self, filters):
        """What Lotic applies exactly is taken; the rest goes back to Spark."""
        everywhere = {name: column for name, column in self._columns.items() if all(table.column(column[0]) for table in self._tables)}
        for each in filters:
            # A limit of the load comes before the query's filters; and once planned nothing more can be taken.
            if self._options.limit is not None or self._plan is not None:
                yield each
                continue
            try:
                self._constraints.append(constraint_of(each, everywhere)[1])
            except NotTheSame:
                yield each
        self._planned()


def _attempt():
    """What tells this attempt of the task from others."""
    from pyspark import TaskContext

    context = TaskContext.get()
    if context is None:
        return {}
    return {"stage_attempt": 0, "attempt": context.attemptNumber(), "attempt_id": context.taskAttemptId()}
