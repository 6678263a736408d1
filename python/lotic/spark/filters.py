# SPDX-License-Identifier: Apache-2.0
"""Spark's filters as Lotic's constraints. Only what means exactly the same is translated; the rest stays with Spark."""

import base64
import datetime
import decimal
import re

_WHOLE = {
    "TINYINT": (-(2**7), 2**7 - 1),
    "SMALLINT": (-(2**15), 2**15 - 1),
    "INTEGER": (-(2**31), 2**31 - 1),
    "BIGINT": (-(2**63), 2**63 - 1),
    "UTINYINT": (0, 2**8 - 1),
    "USMALLINT": (0, 2**16 - 1),
    "UINTEGER": (0, 2**32 - 1),
    "UBIGINT": (0, 2**64 - 1),
}
_EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()
_EPOCH = datetime.datetime(1970, 1, 1)
_UTC = datetime.timezone.utc
_FRACTION = {0: 1, 3: 10**3, 6: 10**6, 9: 10**9}  # digits of a timestamp type → units in a second
_LAST_BEFORE_SURROGATES, _FIRST_AFTER_SURROGATES, _LAST_CODE_POINT = 0xD7FF, 0xE000, 0x10FFFF


class NotTheSame(Exception):
    """The filter has no counterpart that means exactly the same."""


def encode(type_text, value):
    """A literal in the canonical form of a column's type. Raises NotTheSame where the type cannot hold it."""
    if type_text in _WHOLE:
        low, high = _WHOLE[type_text]
        if isinstance(value, decimal.Decimal) and value == value.to_integral_value():  # UBIGINT is a decimal in Spark
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return str(value)
    elif type_text == "BOOLEAN":
        if isinstance(value, bool):
            return value
    elif type_text in ("REAL", "DOUBLE"):
        if isinstance(value, float):
            return repr(value)
    elif type_text == "VARCHAR":
        if isinstance(value, str):
            return value
    elif type_text == "VARBINARY":
        if isinstance(value, (bytes, bytearray)):
            return base64.b64encode(bytes(value)).decode()
    elif type_text == "DATE":
        if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
            return str(value.toordinal() - _EPOCH_DAY)
    elif match := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", type_text):
        precision, scale = int(match.group(1)), int(match.group(2))
        if isinstance(value, decimal.Decimal) and value.is_finite():
            with decimal.localcontext() as context:
                context.prec = 80
                unscaled = value.scaleb(scale)
                if unscaled == unscaled.to_integral_value() and abs(unscaled) < 10**precision:
                    return str(int(unscaled))
    elif match := re.fullmatch(r"TIMESTAMP\((\d)\)( UTC)?", type_text):
        if isinstance(value, datetime.datetime) and (value.tzinfo is not None) == (match.group(2) is not None):
            plain = value.astimezone(_UTC).replace(tzinfo=None) if value.tzinfo is not None else value
            micros = (plain - _EPOCH) // datetime.timedelta(microseconds=1)
            units, rest = divmod(micros * _FRACTION[int(match.group(1))], 10**6)
            if rest == 0 and -(2**63) <= units < 2**63:
                return str(units)
    raise NotTheSame


def _after(prefix):
    """The first text behind every text with this prefix, in the order of code points; None: there is none."""
    points = [ord(c) for c in prefix]
    while points:
        last = points.pop()
        if last == _LAST_CODE_POINT:
            continue
        points.append(_FIRST_AFTER_SURROGATES if last == _LAST_BEFORE_SURROGATES else last + 1)
        return "".join(map(chr, points))
    return None


def _range(low=None, low_inclusive=True, high=None, high_inclusive=True):
    bounds = {}
    if low is not None:
        bounds.update(low=low, low_inclusive=low_inclusive)
    if high is not None:
        bounds.update(high=high, high_inclusive=high_inclusive)
    return {"kind": "ranges", "null_allowed": False, "ranges": [bounds]}


def _listed(values, null_allowed=False):
    return {"kind": "listed", "null_allowed": null_allowed, "values": values}


def _unlisted(values, null_allowed=False):
    return {"kind": "unlisted", "null_allowed": null_allowed, "values": values}


_NULLS = {"kind": "none", "null_allowed": True}
_VALUES = {"kind": "all", "null_allowed": False}
_COMPARISONS = {  # name: (the set of values, the name of its opposite among values that are not NULL)
    "GreaterThan": (lambda value: _range(low=value, low_inclusive=False), "LessThanOrEqual"),
    "GreaterThanOrEqual": (lambda value: _range(low=value), "LessThan"),
    "LessThan": (lambda value: _range(high=value, high_inclusive=False), "GreaterThanOrEqual"),
    "LessThanOrEqual": (lambda value: _range(high=value), "GreaterThan"),
}


def _value_set(name, negated, type_text, value):
    if name in ("IsNull", "IsNotNull"):
        return _NULLS if (name == "IsNull") != negated else _VALUES
    if name == "EqualNullSafe":
        if value is None:
            return _VALUES if negated else _NULLS
        one = [encode(type_text, value)]
        return _unlisted(one, null_allowed=True) if negated else _listed(one)
    if name == "EqualTo":
        one = [encode(type_text, value)]
        return _unlisted(one) if negated else _listed(one)
    if name == "In":
        if negated and None in value:  # never true
            raise NotTheSame
        some = [encode(type_text, each) for each in value if each is not None]
        return _unlisted(some) if negated else _listed(some)
    if name in _COMPARISONS:
        return _COMPARISONS[_COMPARISONS[name][1] if negated else name][0](encode(type_text, value))
    if name == "StringStartsWith" and type_text == "VARCHAR" and not negated:
        after = _after(value)
        return _range(low=value) if after is None else _range(low=value, high=after, high_inclusive=False)
    raise NotTheSame


def constraint_of(filter, columns):
    """(column, constraints in canonical form) of one Spark filter. `columns`: name in Spark → (name of the column, its type).
    Raises NotTheSame."""
    name, negated = type(filter).__name__, False
    while name == "Not":
        filter, negated = filter.child, not negated
        name = type(filter).__name__
    attribute = getattr(filter, "attribute", None)
    if attribute is None or len(attribute) != 1 or attribute[0] not in columns:
        raise NotTheSame
    column, type_text = columns[attribute[0]]
    if "<" in type_text:  # nested: it can be NULL or not, for us as for Spark, but no connector prunes by it
        raise NotTheSame
    value_set = _value_set(name, negated, type_text, getattr(filter, "value", None))
    return column, {"columns": [{"column": column, **value_set}], "expressions": []}
