#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random filters and limits over a topic, each answered twice: by the scan with all its pushdown, and by DuckDB over a copy of the topic.

random_queries_test.py LOTIC DEMO_BROKER [SEED]: the seed of a failing run is printed and can be given again.
"""

import random
import subprocess
import sys

QUERIES = 250
TIMES = ["now()", "now() - INTERVAL 10 MINUTES", "now() - INTERVAL 30 MINUTES", "TIMESTAMPTZ '1960-01-01'", "TIMESTAMPTZ 'epoch'"]
# The topic holds gaps and tombstones; values on both sides of what it holds, and at its edges.
COLUMNS = {
    "customer_id": ["0", "1", "5", "100", "1094", "999999", "-1"],
    "name": ["'Emil Berg'", "'Ines Garcia'", "''", "'A'", "'zz'"],
    "city": ["'Lyon'", "'Zürich'", "'x'"],
    "tier": ["'plus'", "'gold'", "'basic'"],
    "updated_at": TIMES,
    "_partition_id": ["0", "1", "-1"],
    "_partition_offset": ["-5", "0", "1", "10", "4000", "8999", "9000", "20000"],
    "_timestamp": TIMES,
    "_timestamp_ms": ["-1", "0", "1", "epoch_ms(now() - INTERVAL 20 MINUTES)"],
    "_timestamp_type": ["'CREATE_TIME'", "'NONE'"],
    "_key": ["'1094'", "'5'", "''"],
    "_message_length": ["0", "50", "100", "120"],
}
HIDDEN = [name for name in COLUMNS if name.startswith("_")]


def condition(rng):
    column = rng.choice(list(COLUMNS))

    def value():
        return rng.choice(COLUMNS[column])

    kind = rng.random()
    if kind < 0.5:
        return f"{column} {rng.choice(['=', '<>', '<', '<=', '>', '>=', 'IS DISTINCT FROM', 'IS NOT DISTINCT FROM'])} {value()}"
    if kind < 0.6:
        return f"{value()} {rng.choice(['=', '<', '>='])} {column}"
    if kind < 0.7:
        return f"{column} BETWEEN {value()} AND {value()}"
    if kind < 0.8:
        return f"{column} {rng.choice(['IN', 'NOT IN'])} ({', '.join(value() for _ in range(rng.randint(1, 4)))})"
    if kind < 0.9:
        return f"{column} IS {rng.choice(['', 'NOT '])}NULL"
    return f"NOT ({column} > {value()})"


def expression(rng, depth=0):
    kind = rng.random()
    if depth > 2 or kind < 0.4:
        return condition(rng)
    if kind < 0.7:
        return f"({expression(rng, depth + 1)} AND {expression(rng, depth + 1)})"
    if kind < 0.92:
        return f"({expression(rng, depth + 1)} OR {expression(rng, depth + 1)})"
    return f"NOT ({expression(rng, depth + 1)})"


def query(rng, table):
    where = expression(rng)
    columns = rng.sample(list(COLUMNS), rng.randint(1, 4))
    kind = rng.random()
    if kind < 0.6:
        digest = " + ".join(f"coalesce(hash({column}) % 1000003, 7) * {i + 1}" for i, column in enumerate(columns))
        return f"SELECT count(*), sum({digest}) FROM {table} WHERE {where}"
    if kind < 0.8:  # which rows a LIMIT takes is not said, how many it does
        inner = f"SELECT {columns[0]} FROM {table} WHERE {where} LIMIT {rng.randint(0, 50)} OFFSET {rng.randint(0, 50)}"
        return f"SELECT count(*) FROM (SELECT 1 FROM ({inner}) LIMIT {rng.randint(0, 20)} OFFSET {rng.randint(0, 5)})"
    ordered = f"SELECT {columns[0]} AS c FROM {table} WHERE {where} ORDER BY {columns[0]}, _partition_offset LIMIT 9"
    return f"SELECT count(*), min(c), max(c) FROM ({ordered})"


def main():
    lotic, demo_broker = sys.argv[1:3]
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 30)
    print(f"seed {seed}")
    broker = subprocess.Popen([demo_broker], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        address = broker.stdout.readline().strip()
        pairs = []
        for i in range(QUERIES):
            # The same draws for both; now() is the transaction's, so that both see one.
            pairs.append([query(random.Random(seed + i), table) for table in ("kafka.customers", "copy")])
        statements = [f"CREATE TABLE copy AS SELECT *, {', '.join(HIDDEN)} FROM kafka.customers", "CREATE TABLE outcome(n INTEGER, same BOOLEAN)"]
        for i, (scanned, copied) in enumerate(pairs):
            statements.append(f"INSERT INTO outcome SELECT {i}, count(*) = 0 FROM (({scanned}) EXCEPT ALL ({copied}))")
        statements.append("SELECT n FROM outcome WHERE NOT same")
        statements.append("SELECT count(*) FROM outcome")
        done = subprocess.run([lotic, "-q", "-b", address, "--format", "csv", "--no-header", *statements], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=100)
    finally:
        broker.stdin.close()
        broker.wait(20)
    lines = done.stdout.split()
    different = [int(line) for line in lines[:-1]]
    for number in different[:5]:
        print("answers differ:", pairs[number][0], sep="\n  ")
    if done.returncode != 0 or not lines or int(lines[-1]) != QUERIES or different:
        print(f"exit code {done.returncode}, {len(different)} of {QUERIES} answers differ\n{done.stderr[-2000:]}")
        sys.exit(1)
    print(f"{QUERIES} answers agree")


main()
