#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command on a pseudo-terminal and in pipes, with an engine that needs no SQL: terminal_test.py FAKE_LOTIC."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from terminal import Terminal, require_terminals  # noqa: E402

require_terminals()
LOTIC = sys.argv.pop(1)


class ShellTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    @property
    def history(self):
        return pathlib.Path(self.folder.name, "lotic", "history")

    def start(self, *arguments, **options):
        terminal = Terminal([LOTIC, *arguments], {"XDG_STATE_HOME": self.folder.name, "HOME": self.folder.name}, **options)
        self.addCleanup(terminal.close)
        return terminal

    def shell(self, *arguments, **options):
        terminal = self.start(*arguments, **options)
        terminal.wait_for("lotic> ")
        return terminal

    def test_a_statement_is_answered_in_a_box(self):
        shell = self.shell()
        shell.type("SELECT 1, 'a';\n")
        shell.wait_for("│ 1 │ a   │")
        shell.wait_for("lotic> ")

    def test_a_statement_goes_on_until_its_semicolon(self):
        shell = self.shell()
        shell.type("SELECT\n")
        shell.wait_for("  ...> ")
        shell.type("42\n")
        shell.wait_for("  ...> ")
        shell.type(";\n")
        shell.wait_for("│ 42 │")
        shell.wait_for("lotic> ")

    def test_end_of_input_leaves_with_0_and_the_terminal_as_it_was(self):
        shell = self.shell()
        shell.wait_for_raw()
        shell.type("\x04")
        self.assertEqual(shell.exit_code(), 0)
        self.assertEqual(shell.settings(), shell.settings_before)

    def test_quit_leaves_with_0_and_the_terminal_as_it_was(self):
        for command in (".quit", "\\q"):
            shell = self.shell()
            shell.type(command + "\n")
            self.assertEqual(shell.exit_code(), 0)
            self.assertEqual(shell.settings(), shell.settings_before)

    def test_an_interrupt_at_the_prompt_drops_the_line_only(self):
        shell = self.shell()
        shell.type("SELECT 'dropped'")
        shell.wait_for("SELECT 'dropped'")
        shell.interrupt()
        shell.wait_for("^C")
        shell.wait_for("lotic> ")
        shell.type("SELECT 'kept';\n")
        self.assertNotIn("│ dropped", shell.wait_for("│ kept"))

    def test_an_interrupt_drops_a_statement_of_several_lines(self):
        shell = self.shell()
        shell.type("SELECT 'dropped',\n")
        shell.wait_for("  ...> ")
        shell.interrupt()
        shell.wait_for("lotic> ")
        shell.type("SELECT 7;\n")
        shell.wait_for("│ 7 │")

    def test_an_interrupt_cancels_the_query_only(self):
        shell = self.shell()
        shell.type("SLEEP; SELECT 'after';\n")
        shell.wait_for("\n")
        shell.wait_for("50 %, 1,000 records")  # the query runs, for a second already
        shell.interrupt()
        shell.wait_for("cancelled")
        shell.wait_for("lotic> ")
        shell.type("SELECT 8;\n")
        self.assertNotIn("│ after", shell.wait_for("│ 8 │"))

    def test_a_second_interrupt_leaves_a_stuck_query_with_the_terminal_as_it_was(self):
        shell = self.shell()
        shell.type("STUCK;\n")
        shell.wait_for("1,000 records")
        shell.interrupt()
        shell.wait_for("Ctrl-C again leaves lotic")
        shell.interrupt()
        self.assertEqual(shell.exit_code(), 130)
        self.assertEqual(shell.settings(), shell.settings_before)

    def test_a_termination_at_the_prompt_leaves_the_terminal_as_it_was(self):
        shell = self.shell()
        shell.wait_for_raw()
        os.kill(shell.pid, signal.SIGTERM)
        self.assertEqual(shell.exit_code(), -signal.SIGTERM)
        self.assertEqual(shell.settings(), shell.settings_before)

    def test_an_error_does_not_end_the_shell_and_underlines_its_place(self):
        shell = self.shell("--no-color")
        shell.type("FAIL 7 no such column;\n")
        shell.wait_for("error: no such column\r\n  1 | FAIL 7 no such column\r\n    |        ^^\r\n")
        shell.type("SELECT 9;\n")
        shell.wait_for("│ 9 │")

    def test_history_is_kept_and_comes_back_with_the_arrow_key(self):
        shell = self.shell()
        shell.type("SELECT\n")
        shell.wait_for("  ...> ")
        shell.type("'of yesterday';\n")
        shell.wait_for("│ of yesterday")
        shell.wait_for("lotic> ")
        shell.type(".quit\n")
        shell.exit_code()
        self.assertEqual(self.history.read_text(), "SELECT\\n'of yesterday';\n.quit\n")
        self.assertEqual(self.history.stat().st_mode & 0o777, 0o600)
        again = self.shell()
        again.type("\x1b[A\x1b[A\n")
        again.wait_for("│ of yesterday")

    def test_history_keeps_no_secret(self):
        shell = self.shell()
        shell.type("SET sasl_password = 'hunter2';\n")
        shell.wait_for("lotic> ")
        shell.type("SELECT 3;\n")
        shell.wait_for("│ 3 │")
        shell.type(".quit\n")
        shell.exit_code()
        self.assertEqual(self.history.read_text(), "SELECT 3;\n.quit\n")

    def test_the_tabulator_completes_words_and_lists_several(self):
        shell = self.shell()
        shell.type("SEL\t5;\n")
        shell.wait_for("│ 5 │")
        shell.wait_for("lotic> ")
        shell.type("S\t")
        shell.wait_for("SELECT  SCAN")
        shell.type("CAN;\n")
        shell.wait_for("│ 10 │")
        shell.wait_for("lotic> ")
        shell.type(".cer\t\n")
        shell.wait_for('"tables"')

    def test_text_beyond_ascii_can_be_typed(self):
        shell = self.shell()
        shell.type("SELECT 'grün 日本';\n")
        shell.wait_for("│ grün 日本 ")

    def test_the_certificate_summary_follows_the_rows(self):
        shell = self.shell()
        shell.type("SCAN;\n")
        shell.wait_for("│ 10 │")
        shell.wait_for("read 10 of 10 records in 1 of 1 partition, complete\r\n")

    def test_a_long_result_is_cut_and_says_how_much_is_missing(self):
        shell = self.shell()
        shell.type("ROWS 1500;\n")
        shell.wait_for("and 500 rows more (1,000 shown;")

    def test_a_wide_result_is_cut_to_the_terminal(self):
        shell = self.shell(columns=40)
        shell.type("SELECT '" + "x" * 60 + "';\n")
        shell.wait_for("┌")
        line = shell.wait_for("┐")
        self.assertEqual(len(line), 39)

    def test_timer_and_modes_answer_to_short_names(self):
        shell = self.shell()
        shell.type("\\timing\n")
        shell.wait_for("lotic> ")
        shell.type("\\x\n")
        shell.wait_for("lotic> ")
        shell.type("SELECT 6;\n")
        shell.wait_for("6 = 6")
        shell.wait_for("time 0.")
        shell.wait_for("lotic> ")
        shell.type("\\?\n")
        shell.wait_for(".certificate [FILE]")

    def test_a_shell_whose_output_goes_to_a_file_prompts_on_the_terminal(self):
        path = os.path.join(self.folder.name, "out")
        shell = self.shell(output=path)
        shell.type("SELECT 1;\n")
        shell.wait_for("lotic> ")
        shell.type(".quit\n")
        shell.exit_code()
        self.assertEqual(pathlib.Path(path).read_text(), '{"1":1}\n')

    def test_a_command_on_a_terminal_prints_a_box_and_ends(self):
        command = self.start("SELECT 1")
        self.assertEqual(command.exit_code(), 0)
        self.assertIn("│ 1 │", command.text)

    def test_an_interrupted_command_ends_with_130_and_leaves_the_terminal_as_it_was(self):
        command = self.start("SLEEP")
        command.wait_for("1,000 records")
        started = time.monotonic()
        command.interrupt()
        self.assertEqual(command.exit_code(), 130)
        self.assertLess(time.monotonic() - started, 2.0)  # ten times the promised 200 ms
        self.assertEqual(command.settings(), command.settings_before)
        self.assertTrue(command.text.endswith("cancelled\r\n"), command.text)


class PipeTest(unittest.TestCase):
    def run_lotic(self, *arguments, stdin="", **options):
        return subprocess.run([LOTIC, *arguments], input=stdin, capture_output=True, text=True, timeout=20, **options)

    def test_rows_go_to_a_pipe_as_jsonl(self):
        done = self.run_lotic("SELECT 1, 'a'")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, '{"1":1,"\'a\'":"a"}\n', ""))

    def test_files_run_first_and_then_the_arguments_in_one_session(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "first.sql")
            pathlib.Path(path).write_text("SELECT 1;\nSET x = 2;\n")
            done = self.run_lotic("--format", "csv", "--no-header", "SELECT 3", "-f", path, "SELECT 4", "-c", "SELECT 2")
        self.assertEqual(done.stdout, "1\n2\n3\n4\n")

    def test_a_script_comes_from_standard_input(self):
        done = self.run_lotic(stdin=".mode csv\nSELECT 1;\nSELECT 2")
        self.assertEqual((done.returncode, done.stdout), (0, "1\n1\n2\n2\n"))

    def test_exit_codes_follow_the_failure(self):
        for statement, code in (("FAIL 0 bad", 1), ("CODE 2 x", 1), ("CODE 3 x", 3), ("CODE 4 x", 3), ("LOSS", 4), ("CODE 8 x", 124),
                                ("CODE 11 x", 70), ("SELECT 1", 0)):
            self.assertEqual(self.run_lotic(statement).returncode, code, statement)
        self.assertEqual(self.run_lotic("--allow-partial", "LOSS").returncode, 0)
        self.assertEqual(self.run_lotic("--timeout", "10ms", "SLEEP").returncode, 124)
        for usage in (["--fromat", "csv", "SELECT 1"], ["--format", "jsnl", "SELECT 1"], ["topics"], ["-X", "a=1", "SELECT 1"],
                      ["-b", "h:1", "--config", "/no/such.properties", "SELECT 1"], ["-b", "h:1", "-X", "no.such=1", "SELECT 1"]):
            done = self.run_lotic(*usage)
            self.assertEqual(done.returncode, 2, usage)
            self.assertEqual(done.stdout, "")
        self.assertEqual(self.run_lotic("SELECT 1", env={"LOTIC_LOG": "loud"}).returncode, 2)

    def test_an_unknown_client_property_names_the_nearest_one(self):
        done = self.run_lotic("-b", "h:1", "-X", "isolation.levl=read_uncommitted", "SELECT 1")
        self.assertIn("isolation.level", done.stderr)

    def test_kcats_manner_is_refused_as_not_built(self):
        done = self.run_lotic("-b", "h:1", "-t", "orders")
        self.assertEqual(done.returncode, 1)
        self.assertIn("kcat's manner", done.stderr)

    def test_an_interrupt_of_a_piped_command_ends_it_with_130(self):
        process = subprocess.Popen([LOTIC, "SELECT 'up'", "SLEEP"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20), 130)
        self.assertEqual(process.stderr.read(), b"cancelled\n")
        process.stdout.close()
        process.stderr.close()

    def test_an_interrupt_while_a_script_is_awaited_ends_it_with_130(self):
        process = subprocess.Popen([LOTIC, "SELECT 'up'", "-f", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        # It has installed its handlers when it waits in poll, for which the kernel has a word.
        wait_channel = pathlib.Path(f"/proc/{process.pid}/syscall")
        end = time.monotonic() + 20
        while not wait_channel.read_text().startswith("7 ") and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20), 130)
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()

    def test_a_reader_that_leaves_ends_the_command_silently(self):
        done = subprocess.run(["bash", "-c", 'set -o pipefail; "$0" "ROWS 1000000" | head -1', LOTIC], capture_output=True, text=True, timeout=20)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, '{"i":0}\n', ""))

    def test_an_interrupt_ends_a_command_whose_reader_does_not_read(self):
        process = subprocess.Popen([LOTIC, "ROWS 10000000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.set_blocking(process.stdout.fileno(), False)
        while process.stdout.read(1) is None:
            time.sleep(0.01)
        # Nothing more is read: the pipe fills up, and the command waits in poll (7) or still fills it.
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20), 130)
        self.assertEqual(process.stderr.read(), b"cancelled\n")
        process.stdout.close()
        process.stderr.close()

    def test_the_certificates_of_all_statements_are_written_even_after_a_failure(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "certificate.json")
            done = self.run_lotic("--certificate", path, "SCAN", "LOSS")
            self.assertEqual(done.returncode, 4)
            self.assertEqual(pathlib.Path(path).read_text().count('"topic"'), 2)

    def test_quiet_silences_the_summary(self):
        self.assertIn("complete", self.run_lotic("SCAN").stderr)
        self.assertEqual(self.run_lotic("-q", "SCAN").stderr, "")

    def test_the_log_shows_statements_without_their_secrets(self):
        done = self.run_lotic("-vv", "SET sasl_password = 'hunter2'")
        self.assertIn("SET sasl_password = '***'", done.stderr)
        self.assertNotIn("hunter2", done.stderr)
        self.assertIn("statement:", self.run_lotic("SELECT 1", env={"LOTIC_LOG": "debug"}).stderr)

    def test_secrets_of_client_properties_are_not_shown(self):
        done = self.run_lotic("-vvv", "-b", "h:1", "-X", "sasl.mechanism=PLAIN", "-X", "security.protocol=SASL_PLAINTEXT",
                              "-X", "sasl.username=me", "-X", "sasl.password=hunter2", "SELECT 1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("hunter2", done.stderr)

    def test_help_and_version_go_to_standard_output(self):
        self.assertIn("into a pipe", self.run_lotic("--help").stdout)
        self.assertRegex(self.run_lotic("--version").stdout, r"^lotic \d+\.\d+\.\d+ \(DuckDB fake\)\n$")


if __name__ == "__main__":
    unittest.main()
