# SPDX-License-Identifier: Apache-2.0
"""Lotic's types in Spark, and the Arrow layout that Spark wants of them. What Spark cannot hold exactly is refused by the column's name."""

import pyarrow as pa
from pyspark.sql import types as spark

_PLAIN = [  # Arrow as liblotic gives it, Spark's type, Arrow as Spark takes it
    (pa.bool_(), spark.BooleanType(), pa.bool_()),
    (pa.int8(), spark.ByteType(), pa.int8()),
    (pa.int16(), spark.ShortType(), pa.int16()),
    (pa.int32(), spark.IntegerType(), pa.int32()),
    (pa.int64(), spark.LongType(), pa.int64()),
    (pa.uint8(), spark.ShortType(), pa.int16()),  # Spark has no unsigned integers: the next wider type holds each exactly
    (pa.uint16(), spark.IntegerType(), pa.int32()),
    (pa.uint32(), spark.LongType(), pa.int64()),
    (pa.uint64(), spark.DecimalType(20, 0), pa.decimal128(20, 0)),
    (pa.float32(), spark.FloatType(), pa.float32()),
    (pa.float64(), spark.DoubleType(), pa.float64()),
    (pa.string(), spark.StringType(), pa.string()),
    (pa.binary(), spark.BinaryType(), pa.binary()),
    (pa.date32(), spark.DateType(), pa.date32()),
]
if hasattr(spark, "TimeType"):  # since 4.1
    _PLAIN.append((pa.time64("us"), spark.TimeType(), pa.time64("ns")))


class NotInSpark(TypeError):
    """A type that this Spark does not have."""


def spark_type(arrow):
    """(Spark's type, the Arrow type in which Spark takes it) of a column. Raises NotInSpark."""
    for ours, theirs, layout in _PLAIN:
        if arrow.equals(ours):
            return theirs, layout
    if pa.types.is_decimal(arrow):
        return spark.DecimalType(arrow.precision, arrow.scale), arrow
    if pa.types.is_timestamp(arrow):  # of any unit: what microseconds cannot hold is an error when it is read
        if arrow.tz is None:
            return spark.TimestampNTZType(), pa.timestamp("us")
        return spark.TimestampType(), pa.timestamp("us", tz="UTC")
    if pa.types.is_list(arrow):
        item, layout = spark_type(arrow.value_type)
        return spark.ArrayType(item, True), pa.list_(pa.field("element", layout, True))
    if pa.types.is_map(arrow):
        key, key_layout = spark_type(arrow.key_type)
        value, value_layout = spark_type(arrow.item_type)
        return spark.MapType(key, value, True), pa.map_(pa.field("key", key_layout, False), pa.field("value", value_layout, True))
    if pa.types.is_struct(arrow):
        fields, layouts = [], []
        for each in arrow:
            member, layout = spark_type(each.type)
            fields.append(spark.StructField(each.name, member, True))
            layouts.append(pa.field(each.name, layout, True))
        return spark.StructType(fields), pa.struct(layouts)
    raise NotInSpark(str(arrow))


def spark_names(names):
    """Names that differ in more than case, as Spark wants them: a later ID is shown as ID_1."""
    made, taken = [], {name.lower() for name in names}
    seen = set()
    for name in names:
        shown, number = name, 0
        while shown.lower() in seen or (number > 0 and shown.lower() in taken):
            number += 1
            shown = f"{name}_{number}"
        seen.add(shown.lower())
        made.append(shown)
    return made


def as_spark_takes_it(column, layout, name):
    """An Arrow column in Spark's layout, the values unchanged. Raises ValueError where a value does not fit."""
    if column.type.equals(layout):
        return _relabelled(column, layout)
    try:
        return column.cast(layout)
    except pa.ArrowInvalid as error:
        raise ValueError(f'column "{name}": a value does not fit Spark\'s {layout}: {error}') from None


def _relabelled(column, layout):
    # Arrow takes types for equal whose inner fields have other names; Spark's own check may not.
    return column if str(column.type) == str(layout) else column.cast(layout)
