#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The Python package without Spark: package_test.py LIBRARY BROKER SOURCE DEPS. LIBRARY: liblotic.so; BROKER: broker_main."""

import datetime
import decimal
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

LIBRARY, BROKER, SOURCE, DEPS = sys.argv[1:5]
del sys.argv[1:5]
PYARROW = next(iter(sorted(pathlib.Path(DEPS).glob("pyarrow-*"))), None)
if PYARROW is None:
    print("no pyarrow here: scripts/setup --test")
    sys.exit(77)
os.environ["LOTIC_LIBRARY"] = LIBRARY
sys.path[:0] = [str(pathlib.Path(SOURCE, "python")), str(PYARROW)]

import lotic  # noqa: E402
from lotic.spark import certificate, certificates, filters, offsets, options, scan  # noqa: E402


def rows(reader):
    return [row for batch in reader for row in batch.to_pylist()]


class TheLibraryFromPython(unittest.TestCase):
    def test_tables_are_listed_described_and_read(self):
        source = lotic.connect("memory", "sample")
        self.assertEqual(source.schemas(), ["default"])
        self.assertEqual(source.tables("default"), ["empty", "numbers", "types"])
        reader = source.read("numbers", filter="id < 5")
        self.assertEqual(sorted(row["id"] for row in rows(reader)), [0, 1, 2, 3, 4])
        self.assertTrue(all(each["complete"] for each in reader.certificates()))
        [row] = rows(source.read("types", columns=["id", "name", "tags", "place"], filter="id = 8"))
        self.assertEqual(row, {"id": 8, "name": None, "tags": None, "place": None})
        self.assertEqual(rows(source.read("empty")), [])

    def test_a_failure_is_an_exception_with_its_kind(self):
        with self.assertRaises(lotic.LoticError) as caught:
            lotic.connect("kafak", "host:1")
        self.assertEqual(caught.exception.status, "NotFound")
        self.assertIn("did you mean 'kafka'", str(caught.exception))
        with self.assertRaises(lotic.LoticError) as caught:
            lotic.connect("memory", "sample").read("numbers", filter="id > many")
        self.assertEqual(caught.exception.status, "Invalid")
        self.assertIn('"many" is no value of column "id"', str(caught.exception))

    def test_a_cancelled_reader_ends_with_that(self):
        reader = lotic.connect("memory", "sample").read("numbers")
        reader.cancel()
        with self.assertRaises(lotic.LoticError) as caught:
            rows(reader)
        self.assertEqual(caught.exception.status, "Cancelled")
        reader.close()
        self.assertFalse(all(each["complete"] for each in reader.certificates()))

    def test_a_library_that_is_not_there_is_named(self):
        code = "import lotic\ntry: lotic.version()\nexcept lotic.LoticError as error: print(error)"
        for variable, expected in (("/nowhere/liblotic.so", "LOTIC_LIBRARY=/nowhere/liblotic.so: there is no such file"), ("", "installed without it"), (__file__, "cannot be loaded")):
            environment = dict(os.environ, PYTHONPATH=os.path.join(SOURCE, "python"), LOTIC_LIBRARY=variable, PYTHONDONTWRITEBYTECODE="1")
            said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
            self.assertIn(expected, said.stdout, said.stderr)


    def test_the_library_exports_its_own_names_only(self):
        listed = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], capture_output=True, text=True, check=True, timeout=60).stdout
        declared = re.findall(r"LOTIC_EXPORT [^;(]*?(lotic_\w+)\(", pathlib.Path(SOURCE, "include/lotic/c.h").read_text())
        self.assertGreater(len(declared), 20)
        self.assertEqual(sorted(line.split()[-1] for line in listed.splitlines()), sorted(declared))

    def test_an_old_spark_is_told_what_it_lacks(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "pyspark.py").write_text('__version__ = "3.5.4"\n')
            environment = dict(os.environ, PYTHONPATH=os.pathsep.join([folder, os.path.join(SOURCE, "python"), str(PYARROW)]), PYTHONDONTWRITEBYTECODE="1")
            said = subprocess.run([sys.executable, "-c", "import lotic.spark, pyspark_lotic"], env=environment, capture_output=True, text=True, timeout=60)
            self.assertIn("lotic needs Apache Spark 4.0 or newer, whose Python data sources it is; this is 3.5.4", said.stderr)


class Installing(unittest.TestCase):
    def test_the_package_brings_the_library(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder, "python")
            shutil.copytree(pathlib.Path(SOURCE, "python"), source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
            setup = [sys.executable, "-W", "ignore", "setup.py", "-q", "build", "--build-lib", os.path.join(folder, "built")]
            without = subprocess.run(setup, cwd=source, env=dict(os.environ, LOTIC_LIBRARY=os.path.join(folder, "none.so")), capture_output=True, text=True, timeout=120)
            self.assertNotEqual(without.returncode, 0)
            self.assertIn("cmake --build build/release --target lotic_c", without.stderr)
            subprocess.run(setup, cwd=source, check=True, capture_output=True, timeout=120)
            environment = {name: value for name, value in os.environ.items() if name != "LOTIC_LIBRARY"}
            environment.update(PYTHONPATH=os.path.join(folder, "built"), PYTHONDONTWRITEBYTECODE="1")
            said = subprocess.run([sys.executable, "-c", "import lotic; print(lotic.connector_types())"], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
            self.assertIn("'kafka'", said.stdout, said.stderr)
            self.assertTrue(pathlib.Path(folder, "built", "pyspark_lotic.py").is_file())
            if pathlib.Path(LIBRARY).with_name("liblotic_sql.so").is_file():  # what reads sealed segments, with DuckDB; used by tests/realtime/readers_test.py
                for name in ("liblotic_sql.so", "libduckdb.so", "LICENSE.duckdb"):
                    self.assertTrue(pathlib.Path(folder, "built", "lotic", "lib", name).is_file(), name)


class OptionsOfUsers(unittest.TestCase):
    BASE = {"connector": "kafka", "kafka.bootstrap.servers": "h:1", "path": "orders"}

    def parse(self, without=(), **more):
        given = {name: value for name, value in self.BASE.items() if name not in without}
        given.update({name.replace("__", ".").lower(): value for name, value in more.items()})
        return options.parse(given)

    def test_options_are_what_spark_users_write(self):
        parsed = self.parse(columns='status, "a,b"', limit="5", metadata="all", failOnDataLoss="false", minPartitions="8", kafka__sasl__username="me", kafka__isolation__level="read_uncommitted")
        self.assertEqual((parsed.source, parsed.tables, parsed.columns, parsed.limit, parsed.metadata), ("h:1", ["orders"], ["status", "a,b"], 5, []))
        self.assertEqual(parsed.policy, {"isolation": "read_uncommitted", "on_data_loss": "warn"})
        self.assertEqual(parsed.connector_options, {"sasl.username": "me", "parallel_splits": "8"})
        self.assertEqual(self.parse(["path"], subscribe="a, b").tables, ["a", "b"])
        self.assertEqual(self.parse(["path"], subscribePattern="o.*").pattern, "o.*")
        self.assertEqual(self.parse(["connector"]).connector, "kafka")
        self.assertEqual(self.parse(metadata='["_key", "_offset"]').metadata, ["_key", "_offset"])
        for folder, path in (("/certs/run", "/certs/run"), ("file:///certs/run/", "/certs/run"), ("file:/certs/run", "/certs/run"), ("certs/", os.path.abspath("certs"))):
            self.assertEqual(self.parse(certificate=folder).certificate, path)
        # Executors have working directories of their own.
        self.assertEqual(options.parse({"connector": "tables", "source": "./data", "path": "events"}).source, os.path.abspath("data"))
        self.assertEqual(options.parse({"connector": "memory", "source": "sample", "path": "types"}).source, "sample")

    def test_what_cannot_be_is_an_error_that_says_how_to_go_on(self):
        cases = [
            (dict(lmit="3"), 'did you mean "limit"'),
            (dict(startingOffset="earliest"), 'did you mean "startingOffsets"'),
            (dict(assign='{"orders":[0]}'), "filter by _partition_id"),
            (dict(includeHeaders="true"), '"metadata", "_headers"'),
            (dict(kafka__group__id="g"), "no consumer group is used"),
            (dict(startingOffsetsByTimestamp="{}"), "startingTimestamp"),
            (dict(limit="-1"), "no whole number from 0"),
            (dict(limit="many"), "'many' is no whole number"),
            (dict(minPartitions="0"), "no whole number from 1"),
            (dict(minPartitions="5000"), "minPartitions=5000: at most 1024"),
            (dict(minPartitions="8", kafka__parallel_splits="4"), "minPartitions and parallel_splits exclude each other"),
            (dict(failOnDataLoss="perhaps"), "neither true nor false"),
            (dict(onError="ignore"), "none of null, skip, fail"),
            (dict(columns=" , "), "empty name"),
            (dict(columns="[1]"), "no array of texts"),
            (dict(columns="[a"), "no JSON array"),
            (dict(certificate="s3://bucket/certs"), "is no folder"),
            (dict(certificate="hdfs:/certs"), "is no folder"),
            (dict(certificate=""), "is no folder"),
            (dict(subscribe="other"), "name what to read once"),
            (dict(table="other"), "named twice"),
            (dict(startingOffsets="earliest", startingTimestamp="5"), "exclude each other"),
            (dict(kafka__isolation__level="none"), "none of read_committed"),
            (dict(region="eu"), "is not known"),
            (dict(sasl_password="se" + "cret"), "is not known"),
        ]
        for more, expected in cases:
            with self.subTest(**more), self.assertRaises(options.OptionError) as caught:
                self.parse(**more)
            self.assertIn(expected, str(caught.exception))
            self.assertNotIn("se" + "cret", str(caught.exception))
        self.assertNotIn("hidden", repr(self.parse(kafka__sasl__password="hidden")))
        with self.assertRaisesRegex(options.OptionError, "nothing says what to read"):
            self.parse(["path"])
        with self.assertRaisesRegex(options.OptionError, "bootstrap.servers"):
            self.parse(["kafka.bootstrap.servers"])
        with self.assertRaisesRegex(options.OptionError, "belongs to connector kafka"):
            options.parse({"connector": "kinesis", "path": "clicks", "minpartitions": "8"})
        with self.assertRaisesRegex(options.OptionError, "needs .option.*: kafka, kinesis, timestream, athena, tables or memory"):
            options.parse({"path": "orders"})


class OffsetsOfUsers(unittest.TestCase):
    def test_each_partition_has_its_own(self):
        made = offsets.starts('{"a": {"0": 5, "1": -2}}', {"a": 2})
        self.assertEqual(made, {"a": {"kind": "positions", "time_ms": "0", "positions": {"0": "5"}}})
        self.assertEqual(offsets.ends('{"a": {"0": 7, "1": -1}}', {"a": 2}), {"a": {"0": 7}})
        self.assertEqual((offsets.starts("earliest", {}), offsets.ends("latest", {})), ({}, {}))

    def clip(self, ends, start=(), left_out=()):
        """What clip() makes of three splits of topic a, and what it says of it in the plan."""
        plan = {"left_out": list(left_out), "attributes": []}
        return offsets.clip("a", self.SPLITS, plan, {"positions": dict(start)}, ends), plan

    SPLITS = [{"partition": "0", "start": "0", "end": "10"}, {"partition": "0", "start": "10", "end": "20"}, {"partition": "1", "start": "3", "end": "9"}]

    def test_splits_are_clipped_and_the_plan_says_so(self):
        clipped, plan = self.clip({"0": 4})
        self.assertEqual(clipped, [{"partition": "0", "start": "0", "end": "4"}, self.SPLITS[2]])
        self.assertEqual(plan, {"left_out": [], "attributes": [{"name": "endingOffsets", "value": '{"0": 4}'}]})
        clipped, plan = self.clip({"1": 2})
        self.assertEqual(clipped, self.SPLITS[:2])
        [nothing] = plan["left_out"]
        self.assertEqual((nothing["partition"], nothing["planned_start"], nothing["planned_end"], nothing["complete"]), ("1", "3", "3", True))
        self.assertEqual(nothing["notes"], ["endingOffsets leave nothing to read: 2 is not behind 3, where reading would begin"])
        self.assertEqual(self.clip({}, {"0": "0"}), (self.SPLITS, {"left_out": [], "attributes": []}))

    def test_offsets_that_the_log_does_not_have_are_errors(self):
        empty = [{"partition": "2", "reason": "end", "planned_start": "0"}]
        for expected, arguments in (
            ('option "endingOffsets": 21 of a, partition 0, is behind what can be read, which ends at 20', dict(ends={"0": 21})),
            ('option "endingOffsets": 1 of a, partition 2, is behind', dict(ends={"2": 1}, left_out=empty)),
            ('option "startingOffsets": 21 of a, partition 0, is behind what can be read, which ends at 20', dict(ends={}, start={"0": "21"})),
            ('option "startingOffsets": 5 of a, partition 2, is behind', dict(ends={}, start={"2": "5"}, left_out=empty)),
            ('option "endingOffsets": 4 of a, partition 0, lies before its startingOffsets, 7', dict(ends={"0": 4}, start={"0": "7"})),
        ):
            with self.subTest(expected), self.assertRaises(options.OptionError) as caught:
                self.clip(**arguments)
            self.assertIn(expected, str(caught.exception))

    def test_wrong_ones_are_errors(self):
        for text, expected in (
            ("latest", "leaves nothing to read"),
            ("sometime", "neither earliest, latest"),
            ('{"a": 5}', "neither earliest, latest"),
            ('{"b": {"0": 1}}', "names the topics"),
            ('{"a": {"0": 1}}', "name them all"),
            ('{"a": {"0": 1, "1": -3}}', "-3 is no offset"),
            ('{"a": {"0": 1, "1": "x"}}', "'x' is no offset"),
            ('{"a": {"0": 1, "1": -1}}', "leaves nothing to read"),
        ):
            with self.subTest(text=text), self.assertRaisesRegex(options.OptionError, expected):
                offsets.starts(text, {"a": 2})


class Named:
    """Spark's filters are told by the names of their classes."""

    def __init__(self, **members):
        self.__dict__.update(members)


def spark_filter(name, column, value=None):
    return type(name, (Named,), {})(attribute=tuple(column.split(".")), value=value)


def negated(child):
    return type("Not", (Named,), {})(child=child)


class FiltersOfSpark(unittest.TestCase):
    TYPES = {"id": "BIGINT", "flag": "BOOLEAN", "utiny": "UTINYINT", "real8": "DOUBLE", "price": "DECIMAL(12,2)", "name": "VARCHAR", "raw": "VARBINARY", "day": "DATE", "at_ms": "TIMESTAMP(3)", "at_us": "TIMESTAMP(6) UTC"}

    @classmethod
    def setUpClass(cls):
        cls.source = lotic.connect("memory", "sample")
        cls.table = cls.source.table("default", "types")
        cls.all = rows(cls.source.read("types", columns=list(cls.TYPES)))

    def kept(self, filter):
        """Ids of the rows that the constraint of a filter lets pass, read through the library."""
        column, constraint = filters.constraint_of(filter, {name: (name, text) for name, text in self.TYPES.items()})
        wanted = lotic.request(self.table, ["id"], constraints=[constraint])
        plan = self.source.prepare(self.table, wanted)
        wanted["token"] = plan["token"]
        return sorted(row["id"] for row in rows(self.source.open(wanted, self.source.splits(wanted, plan), 1)))

    def expected(self, column, holds):
        """The same by Python, under SQL's rule that NULL satisfies no comparison."""
        return sorted(row["id"] for row in self.all if row[column] is not None and holds(row[column]))

    def test_each_filter_keeps_the_rows_that_spark_would(self):
        at = datetime.datetime.fromtimestamp(0, datetime.timezone.utc)
        some = sorted(row["at_us"] for row in self.all if row["at_us"] is not None)[50]
        self.assertGreater(some, at)
        day = sorted(row["day"] for row in self.all if row["day"] is not None)[70]
        name = "name-5-ü😀"
        for column, value in (("id", 100), ("flag", True), ("utiny", 200), ("real8", 20.0), ("price", decimal.Decimal("-12.50")), ("name", name), ("raw", b"\xff\0\x7f" + b"5"), ("day", day), ("at_us", some)):
            with self.subTest(column=column):
                self.assertEqual(self.kept(spark_filter("EqualTo", column, value)), self.expected(column, lambda x: x == value))
                self.assertEqual(self.kept(negated(spark_filter("EqualTo", column, value))), self.expected(column, lambda x: x != value))
                self.assertEqual(self.kept(spark_filter("In", column, (value, None))), self.expected(column, lambda x: x == value))
                if column in ("flag", "real8"):  # NaN is above every number for Spark and for us, but not for Python
                    continue
                self.assertEqual(self.kept(spark_filter("GreaterThan", column, value)), self.expected(column, lambda x: x > value))
                self.assertEqual(self.kept(spark_filter("GreaterThanOrEqual", column, value)), self.expected(column, lambda x: x >= value))
                self.assertEqual(self.kept(spark_filter("LessThan", column, value)), self.expected(column, lambda x: x < value))
                self.assertEqual(self.kept(spark_filter("LessThanOrEqual", column, value)), self.expected(column, lambda x: x <= value))
                self.assertEqual(self.kept(negated(spark_filter("LessThan", column, value))), self.expected(column, lambda x: x >= value))
        self.assertEqual(self.kept(spark_filter("StringStartsWith", "name", "name-1")), self.expected("name", lambda x: x.startswith("name-1")))
        nulls = sorted(row["id"] for row in self.all if row["name"] is None)
        self.assertEqual(len(nulls), 26)
        self.assertEqual(self.kept(spark_filter("IsNull", "name")), nulls)
        self.assertEqual(self.kept(negated(spark_filter("IsNotNull", "name"))), nulls)
        self.assertEqual(self.kept(spark_filter("EqualNullSafe", "name", None)), nulls)
        self.assertEqual(len(self.kept(spark_filter("IsNotNull", "name"))), 240 - 26)
        self.assertEqual(self.kept(negated(spark_filter("EqualNullSafe", "name", name))), sorted(row["id"] for row in self.all if row["name"] != name))

    def test_what_does_not_mean_the_same_is_left_to_spark(self):
        columns = {name: (name, text) for name, text in self.TYPES.items()}
        columns["tags"] = ("tags", "LIST<VARCHAR>")
        for filter in (
            spark_filter("StringContains", "name", "x"),
            spark_filter("StringEndsWith", "name", "x"),
            negated(spark_filter("StringStartsWith", "name", "x")),
            negated(spark_filter("In", "id", (1, None))),
            spark_filter("EqualTo", "id", None),
            spark_filter("EqualTo", "id", True),
            spark_filter("EqualTo", "utiny", 256),
            spark_filter("GreaterThan", "utiny", -1),
            spark_filter("EqualTo", "price", decimal.Decimal("1.005")),
            spark_filter("EqualTo", "at_ms", datetime.datetime(2024, 1, 1, 0, 0, 0, 1)),
            spark_filter("EqualTo", "at_us", datetime.datetime(2024, 1, 1)),
            spark_filter("EqualTo", "tags", ["a"]),
            spark_filter("IsNull", "tags"),
            spark_filter("EqualTo", "place.city", "x"),
            spark_filter("EqualTo", "nothing", 1),
            spark_filter("SomethingNew", "id", 1),
        ):
            with self.subTest(filter=type(filter).__name__, column=getattr(filter, "attribute", None)), self.assertRaises(filters.NotTheSame):
                filters.constraint_of(filter, columns)

    def test_the_range_of_a_prefix_ends_behind_its_last_text(self):
        self.assertEqual(filters._after("ab"), "ac")
        self.assertEqual(filters._after("a\ud7ff"), "a\ue000")
        self.assertEqual(filters._after("a\U0010ffff"), "b")
        self.assertIsNone(filters._after("\U0010ffff"))
        self.assertIsNone(filters._after(""))


class CertificatesOfTasks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = subprocess.Popen([BROKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.address = cls.broker.stdout.readline().strip()

    @classmethod
    def tearDownClass(cls):
        cls.broker.stdin.close()
        cls.broker.wait(20)
        cls.broker.stdout.close()

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name, "certificates")

    def plan(self, load="one", **more):
        given = {"connector": "kafka", "kafka.bootstrap.servers": self.address, "path": "orders", "certificate": str(self.folder), **more}
        parsed = options.parse(given)
        tables = scan.describe(parsed)
        return parsed, scan.make_plan(parsed, tables, [column.name for column in tables[0].columns], [], load)

    def run_task(self, parsed, plan, task, attempt, finish=True, hand_over=True):
        mine = certificates.TaskCertificate(task.certificate_folder, task.number, attempt_id=attempt)
        if not finish:
            return
        planned = plan.tables[task.table]
        reader = scan.connection_of(parsed).open(planned.request, task.splits, planned.num_columns)
        for _ in reader:
            pass
        (mine.finish if hand_over else mine.stop)(reader.certificates())

    def test_every_task_counts_once(self):
        parsed, plan = self.plan()
        self.assertEqual(len(plan.tasks), 4)
        self.run_task(parsed, plan, plan.tasks[2], attempt=1, finish=False)  # killed
        for number, task in enumerate(plan.tasks):
            self.run_task(parsed, plan, task, attempt=10 + number)
        self.run_task(parsed, plan, plan.tasks[0], attempt=20)  # a second time, as after a lost shuffle file
        self.run_task(parsed, plan, plan.tasks[0], attempt=30, finish=False)  # and a third, killed
        [table] = certificate(str(self.folder))["tables"]
        self.assertTrue(table["complete"])
        self.assertEqual([each["rows"] for each in table["partitions"]], [3000] * 4)
        self.assertEqual(certificate("file://" + str(self.folder))["tables"], [table])

    def test_a_relative_folder_is_the_drivers(self):
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder.parent)
        parsed, plan = self.plan(certificate="certs/")
        os.chdir("/")  # an executor has a working directory of its own
        for task in plan.tasks:
            self.run_task(parsed, plan, task, attempt=1)
        os.chdir(self.folder.parent)
        [table] = certificate("certs/")["tables"]
        self.assertTrue(table["complete"])

    def test_a_task_without_a_finished_certificate_makes_it_incomplete(self):
        parsed, plan = self.plan()
        for task in plan.tasks[:2]:
            self.run_task(parsed, plan, task, attempt=1)
        self.run_task(parsed, plan, plan.tasks[2], attempt=1, finish=False)
        [table] = certificate(self.folder)["tables"]
        self.assertFalse(table["complete"])
        self.assertEqual(table["reason"], "2 of 4 certificates missing")
        self.assertEqual([each["complete"] for each in table["partitions"]], [True, True, False, False])

    def test_what_was_read_and_not_handed_over_is_not_complete(self):
        parsed, plan = self.plan()
        for task in plan.tasks[1:]:
            self.run_task(parsed, plan, task, attempt=1)
        self.run_task(parsed, plan, plan.tasks[0], attempt=1, hand_over=False)  # as when a value of the last batch does not fit Spark's type
        [table] = certificate(self.folder)["tables"]
        self.assertFalse(table["complete"])
        self.assertEqual([each["complete"] for each in table["partitions"]], [False, True, True, True])

    def test_a_plan_that_was_never_run_counts_only_if_nothing_of_its_load_was(self):
        parsed, plan = self.plan("one")
        [table] = certificate(self.folder)["tables"]
        self.assertEqual((table["complete"], table["reason"]), (False, "4 of 4 certificates missing"))
        parsed, plan = self.plan("one")
        for task in plan.tasks:
            self.run_task(parsed, plan, task, attempt=1)
        [table] = certificate(self.folder)["tables"]
        self.assertTrue(table["complete"])
        self.plan("two")  # of another load: it was to be read, and was not
        self.assertEqual([each["complete"] for each in certificate(self.folder)["tables"]], [True, False])

    def test_a_plan_without_splits_is_complete(self):
        self.plan(filter="_partition_id = 77")
        [table] = certificate(self.folder)["tables"]
        self.assertTrue(table["complete"])

    def test_foreign_files_are_errors(self):
        with self.assertRaisesRegex(FileNotFoundError, "is no folder"):
            certificate(self.folder)
        self.folder.mkdir()
        with self.assertRaisesRegex(FileNotFoundError, "holds no plan"):
            certificate(self.folder)
        parsed, plan = self.plan()
        own = pathlib.Path(plan.tasks[0].certificate_folder)
        (own / "task-00001.x.json").write_text('{"format": 1, "finis')
        with self.assertRaisesRegex(ValueError, "task-00001.x.json is no certificate file"):
            certificate(self.folder)
        (own / "task-00001.x.json").write_text('{"format": 9}')
        with self.assertRaisesRegex(ValueError, "its format is 9"):
            certificate(self.folder)
        (own / "task-00001.x.json").unlink()
        (own / "task-00044.x.json").write_text("{}")
        with self.assertRaisesRegex(ValueError, "the plan has 4 tasks"):
            certificate(self.folder)

    def test_the_limit_is_one_task_that_counts(self):
        parsed, plan = self.plan(limit="7", filter="amount > 1")
        [task] = plan.tasks
        self.assertEqual(len(task.splits), 4)
        self.run_task(parsed, plan, task, attempt=1)
        [table] = certificate(self.folder)["tables"]
        self.assertTrue(table["complete"])
        self.assertEqual(table["reason"], "limit")

    def test_offsets_and_pieces_become_splits(self):
        ends = {partition: int(self.ask(f"end orders {partition}")) for partition in range(4)}
        starting = json.dumps({"orders": {partition: end - 10 for partition, end in ends.items()}})
        ending = json.dumps({"orders": {"0": ends[0] - 5, "1": -1, "2": ends[2] - 10, "3": -1}})
        parsed, plan = self.plan(startingoffsets=starting, endingoffsets=ending)
        sizes = [(split["partition"], int(split["end"]) - int(split["start"])) for task in plan.tasks for split in task.splits]
        self.assertEqual(sizes, [("0", 5), ("1", 10), ("3", 10)])
        for task in plan.tasks:
            self.run_task(parsed, plan, task, attempt=1)
        [table] = certificate(self.folder)["tables"]
        self.assertTrue(table["complete"])
        self.assertEqual(json.loads(table["endingOffsets"]), {"0": ends[0] - 5, "2": ends[2] - 10})
        self.assertEqual([(each["partition"], each["rows"]) for each in table["partitions"]], [(0, 5), (1, 10), (2, 0), (3, 10)])
        self.assertIn("endingOffsets leave nothing to read", table["partitions"][2]["notes"][0])
        parsed, plan = self.plan(minpartitions="9")
        self.assertGreaterEqual(len(plan.tasks), 8)
        for task in plan.tasks:
            self.run_task(parsed, plan, task, attempt=1)
        with self.assertRaisesRegex(options.OptionError, "is behind what can be read"):
            self.plan(endingoffsets=json.dumps({"orders": {**ends, 0: ends[0] + 1}}))
        with self.assertRaisesRegex(options.OptionError, 'option "startingOffsets": [0-9]+ of orders, partition 3, is behind what can be read'):
            self.plan(startingoffsets=json.dumps({"orders": {**ends, 3: ends[3] + 1}}))

    def ask(self, line):
        self.broker.stdin.write(line + "\n")
        self.broker.stdin.flush()
        return self.broker.stdout.readline().strip()


class TablesOfALoad(unittest.TestCase):
    def test_names_are_resolved_and_missing_columns_are_named(self):
        base = {"connector": "memory", "source": "sample", "path": "types"}
        [table] = scan.describe(options.parse({**base, "columns": "ID, name"}))
        self.assertEqual([(each.name, each.type) for each in table.columns], [("id", "BIGINT"), ("name", "VARCHAR")])
        with self.assertRaisesRegex(options.OptionError, 'no column "nmae"; did you mean "name"'):
            scan.describe(options.parse({**base, "columns": "nmae"}))
        with self.assertRaises(lotic.LoticError) as caught:
            scan.describe(options.parse({**base, "path": "typse"}))
        self.assertIn("types", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
