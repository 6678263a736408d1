#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Arrow C++ as the judge of our IPC messages: arrow_test.py IPC_ECHO

Arrow writes schemas and batches, we read them and write them again, Arrow reads that: equal in every value and every piece of metadata. What Arrow may write and
Athena's protocol has no place for is refused by us, with a message.
"""

import base64
import random
import struct
import subprocess
import sys
import unittest

try:
    import pyarrow as pa
except ImportError:
    print("skipped: pyarrow is not there; scripts/setup --test fetches it")
    sys.exit(77)

IPC_ECHO = sys.argv.pop(1)
ROWS = (0, 1, 7, 8, 9, 63, 64, 1000)
MODERN = pa.ipc.IpcWriteOptions()
LEGACY = pa.ipc.IpcWriteOptions(metadata_version=pa.ipc.MetadataVersion.V4, use_legacy_format=True)


def date64(values):
    """Date(MILLISECOND) with times of day, which Arrow's own conversions would cut."""
    ints = pa.array(values, pa.int64())
    return pa.Array.from_buffers(pa.date64(), len(ints), ints.buffers(), ints.null_count)


class Maker:
    """Random arrays of every type of the protocol."""

    def __init__(self, seed, nulls):
        self.random = random.Random(seed)
        self.nulls = nulls

    def values(self, count, make):
        return [None if self.random.random() < self.nulls else make() for _ in range(count)]

    def integer(self, bits):
        return self.random.getrandbits(bits) - (1 << (bits - 1))

    def text(self):
        return self.random.choice(["", "a", "Ström", "水の流れ", "\U0001f30a" * 3, "x" * 40])

    def entries(self):
        return [(self.text() + str(i), self.random.choice([None, self.integer(32)])) for i in range(self.random.randrange(4))]

    def record(self):
        return {"m": self.random.choice([None, self.entries()]), "l": self.random.choice([None, [self.text(), None]])}

    def columns(self, count):
        item = pa.struct([("m", pa.map_(pa.string(), pa.int32())), ("l", pa.list_(pa.field("$data$", pa.string())))])
        kinds = [
            ("bit", pa.bool_(), lambda: self.random.random() < 0.5),
            ("tinyint", pa.int8(), lambda: self.integer(8)),
            ("smallint", pa.int16(), lambda: self.integer(16)),
            ("int", pa.int32(), lambda: self.integer(32)),
            ("bigint", pa.int64(), lambda: self.integer(64)),
            ("float4", pa.float32(), lambda: self.integer(20) / 8),
            ("float8", pa.float64(), lambda: self.random.choice([0.0, -0.0, float("inf"), self.random.gauss(0, 1e9)])),
            ("decimal", pa.decimal128(38, 9), lambda: __import__("decimal").Decimal(self.integer(90)).scaleb(-9)),
            ("varchar", pa.string(), self.text),
            ("varbinary", pa.binary(), lambda: self.random.randbytes(self.random.randrange(9))),
            ("dateday", pa.date32(), lambda: self.random.randrange(-700000, 2900000)),
            ("timestampmillitz", pa.timestamp("ms", "UTC"), lambda: self.integer(60)),
            ("timestampmicrotz", pa.timestamp("us", "Europe/Berlin"), lambda: self.integer(60)),
            ("list", pa.list_(pa.field("", pa.int32())), lambda: self.values(self.random.randrange(4), lambda: self.integer(32))),
            ("struct", pa.struct([("a", pa.int32()), ("B", pa.string())]), lambda: {"a": self.integer(32), "B": self.text()}),
            ("map", pa.map_(pa.string(), pa.int32()), self.entries),
            ("nested", pa.list_(item), lambda: [self.record() for _ in range(self.random.randrange(3))]),
            ("unsigned", pa.uint16(), lambda: self.random.getrandbits(16)),
            ("time", pa.time64("us"), lambda: self.random.randrange(86400 * 10**6)),
            ("naive", pa.timestamp("ns"), lambda: self.integer(60)),
        ]
        made = {}
        for name, kind, make in kinds:
            values = self.values(count, make)
            integral = pa.types.is_temporal(kind)
            made[name] = pa.array(values, pa.int32() if kind == pa.date32() else pa.int64()).view(kind) if integral else pa.array(values, kind)
        made["datemilli"] = date64(self.values(count, lambda: self.integer(60)))
        return made


class ArrowTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.echo = subprocess.Popen([IPC_ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    @classmethod
    def tearDownClass(cls):
        cls.echo.stdin.close()
        cls.echo.wait(20)
        cls.echo.stdout.close()

    def piece(self):
        (length,) = struct.unpack("<I", self.echo.stdout.read(4))
        return self.echo.stdout.read(length)

    def send(self, schema, batch):
        for piece in (schema, batch):
            self.echo.stdin.write(struct.pack("<I", len(piece)) + piece)
        self.echo.stdin.flush()
        return self.piece().decode()

    def write(self, batch, options):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema, options=options) as stream:
            stream.write_batch(batch)
        stream = sink.getvalue().to_pybytes()
        first, second = struct.unpack_from("<ii", stream)
        end = 8 + second if first == -1 else 4 + first
        return stream[:end], stream[end:]  # what follows the batch, the end marker, is none of its own bytes

    def check(self, batch, options):
        self.assertEqual(self.send(*self.write(batch, options)), "")
        modern = None
        for legacy in (False, True):
            schema_back, batch_back = self.piece(), self.piece()
            modern = modern or batch_back
            self.assertEqual(schema_back[:4] == b"\xff\xff\xff\xff", not legacy)
            schema = pa.ipc.read_schema(pa.py_buffer(schema_back))
            self.assertTrue(schema.equals(batch.schema, check_metadata=True), f"{schema}\n{batch.schema}")
            again = pa.ipc.read_record_batch(pa.py_buffer(batch_back), schema)
            for column in again.schema.names:
                if column != "datemilli":
                    again[column].validate(full=True)
            self.assertTrue(again.equals(batch), batch.schema)
            self.assertEqual([c.null_count for c in again], [c.null_count for c in batch])
        self.assertEqual(base64.b64decode(self.piece(), validate=True), modern)

    def test_every_type_round_trips(self):
        for rows in ROWS:
            for nulls in (0, 0.3, 1):
                for name, array in Maker(rows, nulls).columns(rows).items():
                    with self.subTest(rows=rows, nulls=nulls, type=name):
                        for options in (MODERN, LEGACY):
                            self.check(pa.record_batch([array], names=[name]), options)

    def test_all_columns_with_metadata(self):
        columns = Maker(5, 0.3).columns(200)
        fields = [pa.field(name, array.type, nullable=name != "bit", metadata={"mapping": f"a/{name}", "": "empty key"}) for name, array in columns.items()]
        columns["bit"] = pa.array([True] * 200)
        self.check(pa.record_batch(list(columns.values()), schema=pa.schema(fields, metadata={"comment": "ü", "z": "1"})), MODERN)

    def test_slices_are_taken_as_what_they_show(self):
        for name, array in Maker(6, 0.3).columns(300).items():
            for offset, length in ((1, 5), (8, 100), (13, 200), (299, 1)):
                with self.subTest(type=name, offset=offset):
                    self.check(pa.record_batch([array], names=[name]).slice(offset, length), MODERN)

    def test_no_columns_and_no_rows(self):
        self.check(pa.record_batch([pa.array([], pa.string())], names=["a"]), MODERN)
        self.check(pa.RecordBatch.from_struct_array(pa.array([{}] * 7, pa.struct([]))), MODERN)

    def test_what_the_protocol_has_no_place_for_is_refused(self):
        refused = {
            "dictionary-encoded": pa.array(["a", "b", "a"]).dictionary_encode(),
            "is held by no block of ours": pa.array(["a"], pa.large_string()),
            "FloatingPoint(HALF)": pa.array([None], pa.float16()),
            "FixedSizeBinary(2)": pa.array([b"ab"], pa.binary(2)),
            "Decimal(50, 2, 256)": pa.array([None], pa.decimal256(50, 2)),
            "a type that Athena's protocol does not know": pa.array(["a"], pa.string_view()),
            "Interval(MONTH_DAY_NANO)": pa.array([None], pa.month_day_nano_interval()),
        }
        for message, array in refused.items():
            with self.subTest(message):
                batch = pa.record_batch([array], names=["c"])
                plain = pa.record_batch([pa.array([1])], names=["c"])
                self.assertIn(message, self.send(batch.schema.serialize().to_pybytes(), self.write(plain, MODERN)[1]))
        numbers = pa.record_batch([pa.array(range(1000))], names=["c"])
        self.assertIn("compressed", self.send(*self.write(numbers, pa.ipc.IpcWriteOptions(compression="lz4"))))


if __name__ == "__main__":
    unittest.main()
