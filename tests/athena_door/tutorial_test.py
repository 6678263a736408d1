#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The queries of Athena's federation tutorial in the shell: tutorial_test.py LOTIC.

Each is asked of the built-in example and of `lotic lambda local example`, in both forms of USING FUNCTION.
"""

import json
import os
import subprocess
import sys
import unittest

LOTIC = sys.argv[1]
del sys.argv[1:2]

COUNT = 'SELECT count(*) AS n FROM "lambda:example"."custom_source"."fake_table" WHERE year > 2010'
QUERY = """
SELECT account_id, decrypt(encrypted_payload) AS clear, extract_tx_id(transaction) AS tx_id
FROM "lambda:example".schema1.table1 WHERE year = 2012 AND month = 3 AND day = 4"""
OLD_FORM = """USING FUNCTION extract_tx_id(value ROW(id INT, completed boolean)) RETURNS INT TYPE LAMBDA_INVOKE WITH (lambda_name = 'example'),
      FUNCTION decrypt(payload VARCHAR) RETURNS VARCHAR TYPE LAMBDA_INVOKE WITH (lambda_name = 'example')"""
NEW_FORM = """USING EXTERNAL FUNCTION extract_tx_id(tx ROW(id INT, completed BOOLEAN)) RETURNS INT LAMBDA 'example',
      EXTERNAL FUNCTION decrypt(payload VARCHAR) RETURNS VARCHAR LAMBDA 'example'"""
OTHER_KEY = "//////////////////////////////////////////8="


def environment(**variables):
    return {key: value for key, value in os.environ.items() if not key.startswith(("LOTIC_", "AWS_", "example_"))} | variables


def ask(*statements, **variables):
    """The rows of all statements, and the process."""
    done = subprocess.run([LOTIC, "-q", "--format", "jsonl", *statements], env=environment(**variables), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=90)
    return [json.loads(line) for line in done.stdout.splitlines()], done


def expected(clear):
    rows = []
    for r in range(14030, 14040):
        rows.append({"account_id": f"acct-{r % 100}",
                     "clear": None if r == 14039 or not clear else f"payload-{r}",
                     "tx_id": -1 if r in (14037, 14038) else r})
    return rows


class Endpoint:
    """`lotic lambda local example` for the length of a test."""

    def __init__(self, *options):
        self.process = subprocess.Popen([LOTIC, "lambda", "local", "example", "-q", *options], env=environment(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True)  # -q: it says nothing more

    def __enter__(self):
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise AssertionError("no invoke URL")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate(timeout=20)


class TutorialTest(unittest.TestCase):
    maxDiff = None

    def rows(self, *statements, **variables):
        rows, done = ask(*statements, **variables)
        self.assertEqual(done.returncode, 0, done.stderr)
        return rows

    def by_id(self, *statements, **variables):
        return sorted(self.rows(*statements, **variables), key=lambda row: int(row["account_id"][5:]))

    def test_years_after_2010_hold_23520_rows(self):
        self.assertEqual(self.rows(COUNT), [{"n": 23520}])
        rows, done = ask(COUNT.replace("> 2010", ">= 2017"))
        self.assertEqual((rows, done.stderr), ([{"n": 3360}], ""), "the function in this process logs nothing")
        self.assertEqual(self.rows(COUNT.replace("> 2010", ">= 2018")), [{"n": 0}])

    def test_both_forms_give_the_ten_rows_of_a_day(self):
        for front in (OLD_FORM, NEW_FORM):
            self.assertEqual(self.by_id(front + QUERY), expected(clear=True))

    def test_the_same_behind_an_endpoint(self):
        with Endpoint() as endpoint:
            setting = f"SET lambda.example.url = '{endpoint.url}'"
            self.assertEqual(self.by_id(setting, OLD_FORM + QUERY), expected(clear=True))
            other = OLD_FORM.replace("'example'", "'mine'") + QUERY.replace("lambda:example", "lambda:mine")
            self.assertEqual(self.by_id(setting.replace("lambda.example", "lambda.mine"), other), expected(clear=True))
            self.assertEqual(self.rows(setting, COUNT), [{"n": 23520}])

    def test_the_key_is_configuration_and_nowhere_shown(self):
        with Endpoint("--env", f"example_key={OTHER_KEY}") as endpoint:
            there = f"SET lambda.there.url = '{endpoint.url}'"
            # The rows are encrypted with one key, the function has the other.
            mixed = OLD_FORM.replace("'example'", "'there'")
            self.assertEqual(self.by_id(there, mixed + QUERY), expected(clear=False))
            self.assertEqual(self.by_id(there, mixed + QUERY.replace("lambda:example", "lambda:there")), expected(clear=True))
        self.assertEqual(self.by_id(OLD_FORM + QUERY, example_key=OTHER_KEY), expected(clear=True))
        _, done = ask(COUNT, example_key="c2VjcmV0")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("example_key", done.stderr)
        self.assertNotIn("c2VjcmV0", done.stderr + done.stdout)

    def test_a_name_without_an_address_says_which_setting_to_make(self):
        for statement in (OLD_FORM.replace("'example'", "'other'") + QUERY, COUNT.replace("lambda:example", "lambda:other")):
            _, done = ask(statement)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("lambda.other.url", done.stderr)

    def test_a_function_that_is_not_there_fails_the_query_with_its_error(self):
        _, done = ask("USING EXTERNAL FUNCTION encrypt(t VARCHAR) RETURNS VARCHAR LAMBDA 'example' SELECT encrypt('x')")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no function encrypt(VARCHAR)", done.stderr)
        self.assertIn("decrypt(VARCHAR) VARCHAR", done.stderr)

    def test_a_type_that_functions_do_not_take_is_underlined(self):
        statement = "USING EXTERNAL FUNCTION f(m MAP(INT, INT)) RETURNS INT LAMBDA 'example' SELECT 1"
        _, done = ask(statement)
        self.assertIn("no MAP", done.stderr)
        lines = done.stderr.splitlines()
        shown = next(i for i, line in enumerate(lines) if "MAP(INT" in line)
        self.assertEqual(lines[shown + 1].index("^"), lines[shown].index("MAP(INT"), done.stderr)


if __name__ == "__main__":
    unittest.main()
