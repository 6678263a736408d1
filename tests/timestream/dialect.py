# SPDX-License-Identifier: Apache-2.0
"""Timestream's SQL as DuckDB reads it, and DuckDB's values as the Query API writes them. Covers what the tests send, and refuses what it does not know.

Where the two differ and the tests look: a comparison with NaN is false in Timestream, while DuckDB takes NaN for the greatest number; is_nan, infinity and
CREATE_TIME_SERIES have other names or none.
"""

import math
import re

TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
      | (?P<text>'(?:[^']|'')*')
      | (?P<name>"(?:[^"]|"")*")
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<word>\w+)
      | (?P<op><>|<=|>=|!=|\|\||::|.)""",
    re.VERBOSE | re.DOTALL,
)
COMPARISONS = {"=", "<>", "<", "<=", ">", ">="}
FUNCTIONS = {"is_nan": "isnan", "create_time_series": "create_time_series", "count": "count", "avg": "avg", "min": "min", "max": "max", "sum": "sum",
             "array_agg": "list", "row": "row", "sequence": "range", "cast": "CAST", "date": "DATE", "in": "IN", "and": "AND", "or": "OR", "not": "NOT",
             "as": "AS", "from": "FROM", "where": "WHERE", "by": "BY", "select": "SELECT", "over": "OVER", "values": "VALUES", "varchar": "VARCHAR", "on": "ON"}


class DialectError(Exception):
    pass


def tokens_of(sql):
    out = []
    at = 0
    while at < len(sql):
        match = TOKEN.match(sql, at)
        if not match:
            raise DialectError(f"line 1:{at + 1}: mismatched input")
        at = match.end()
        if match.lastgroup != "space":
            out.append((match.lastgroup, match.group()))
    return out


def unquote(name):
    return name[1:-1].replace('""', '"')


def literal_end(tokens, at):
    """The index behind the operand that begins at `at`: a literal with its sign, a call, or what is in parentheses."""
    if tokens[at][1] in "+-":
        at += 1
    if tokens[at][1] == "(":
        return closing(tokens, at) + 1
    if tokens[at][0] == "word" and tokens[at][1].upper() == "DATE" and tokens[at + 1][0] == "text":
        return at + 2
    if tokens[at][0] == "word" and at + 1 < len(tokens) and tokens[at + 1][1] == "(":
        return closing(tokens, at + 1) + 1
    return at + 1


def closing(tokens, at):
    depth = 0
    for i in range(at, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[i][1], 0)
        if depth == 0:
            return i
    raise DialectError("missing ')'")


def to_duckdb(sql, doubles):
    """`doubles`: the names of columns that are DOUBLE; their comparisons are false for NaN."""
    return render(tokens_of(sql), doubles)


def render(tokens, doubles):
    out = []
    at = 0
    while at < len(tokens):
        kind, text = tokens[at]
        following = tokens[at + 1][1] if at + 1 < len(tokens) else ""
        if kind == "name" and unquote(text) in doubles:
            upper = following.upper()
            if following in COMPARISONS:
                end = literal_end(tokens, at + 2)
                out.append(f"({text} {following} {render(tokens[at + 2:end], doubles)} AND NOT isnan({text}))")
                at = end
                continue
            if upper == "IN" or (upper == "NOT" and at + 2 < len(tokens) and tokens[at + 2][1].upper() == "IN"):
                list_at = at + (2 if upper == "IN" else 3)
                end = closing(tokens, list_at) + 1
                out.append(f"({text} {'' if upper == 'IN' else 'NOT '}IN {render(tokens[list_at:end], doubles)} AND NOT isnan({text}))")
                at = end
                continue
        if kind == "word" and text.lower() == "infinity" and following == "(":
            out.append("'infinity'::DOUBLE")
            at = closing(tokens, at + 1) + 1
            continue
        if kind == "word" and following == "(" and text.lower() not in FUNCTIONS:
            raise DialectError(f"Function {text} not registered")
        if kind == "word" and following == "(":
            text = FUNCTIONS[text.lower()]
        if kind == "text" and text.startswith("'1677-09-21 "):
            text = "'1677-09-22 00:00:00'"  # DuckDB reads nothing earlier, and the tests hold nothing earlier
        if text == "'2262-04-11 23:47:16.854775807'":
            text = "'infinity'::TIMESTAMP_NS"  # the last nanosecond, which DuckDB keeps for itself
        # measure_value::double is one name in Timestream, quoted or not.
        if kind == "word" and text.lower() == "measure_value" and following == "::":
            out.append('"measure_value::' + tokens[at + 2][1] + '"')
            at += 3
            continue
        out.append(text)
        at += 1
    return " ".join(out)


SETUP = """
CREATE MACRO create_time_series(t, v) AS list(struct_pack(__time := CAST(t AS VARCHAR), __value := v) ORDER BY t) FILTER (WHERE v IS NOT NULL)
"""


def java_double(value):
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value != 0 and not 1e-3 <= abs(value) < 1e7:
        digits, _, exponent = f"{value!r}".partition("e")
        if not exponent:  # Python writes an exponent from 1e16 and below 1e-4 only
            digits, _, exponent = f"{value:.17e}".partition("e")
            for precision in range(17):
                short = f"{value:.{precision}e}"
                if float(short) == value:
                    digits, _, exponent = short.partition("e")
                    break
        return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"
    return repr(value)


def nanos_text(text):
    """DuckDB's text of a time, with all nine digits of the fraction."""
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction:0<9}"


SCALARS = {"VARCHAR": "VARCHAR", "DOUBLE": "DOUBLE", "BIGINT": "BIGINT", "INTEGER": "INTEGER", "BOOLEAN": "BOOLEAN", "TIMESTAMP": "TIMESTAMP", "TIMESTAMP_NS": "TIMESTAMP",
           "DATE": "DATE", "TIME": "TIME", "NULL": "UNKNOWN"}


def column_info(name, duck_type):
    """ColumnInfo of a DuckDBPyType."""
    kind = duck_type.id
    info = {"Name": name} if name else {}
    if kind == "list":
        inner = duck_type.children[0][1]
        if inner.id == "struct" and [member for member, _ in inner.children] == ["__time", "__value"]:
            info["Type"] = {"TimeSeriesMeasureValueColumnInfo": column_info("", inner.children[1][1])}
        else:
            info["Type"] = {"ArrayColumnInfo": column_info("", inner)}
    elif kind == "struct":
        info["Type"] = {"RowColumnInfo": [column_info(member, member_type) for member, member_type in duck_type.children]}
    else:
        text = str(duck_type).strip('"')
        if text not in SCALARS:
            raise DialectError(f"the fake has no type {text}")
        info["Type"] = {"ScalarType": SCALARS[text]}
    return info


def is_time(duck_type):
    return str(duck_type) in ("TIMESTAMP", "TIMESTAMP_NS", "DATE", "TIME")


def datum(value, info):
    if value is None:
        return {"NullValue": True}
    kind = info["Type"]
    if "TimeSeriesMeasureValueColumnInfo" in kind:
        inner = kind["TimeSeriesMeasureValueColumnInfo"]
        return {"TimeSeriesValue": [{"Time": nanos_text(point["__time"]), "Value": datum(point["__value"], inner)} for point in value]}
    if "ArrayColumnInfo" in kind:
        return {"ArrayValue": [datum(item, kind["ArrayColumnInfo"]) for item in value]}
    if "RowColumnInfo" in kind:
        values = list(value.values()) if isinstance(value, dict) else list(value)
        return {"RowValue": {"Data": [datum(member, member_info) for member, member_info in zip(values, kind["RowColumnInfo"])]}}
    scalar = kind["ScalarType"]
    if scalar == "DOUBLE":
        text = java_double(value)
    elif scalar == "BOOLEAN":
        text = "true" if value else "false"
    elif scalar in ("TIMESTAMP", "TIME"):
        text = nanos_text(str(value))
    else:
        text = str(value)
    return {"ScalarValue": text}
