#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scripts/setup with stand-ins for dpkg, npm and pip: what it does when something is missing, damaged, interrupted or offline.

The packages that the stand-ins hand out are those in the real cache, which ./test has filled before.
"""

import os
import pathlib
import pty
import re
import signal
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[2]
REAL_CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "lotic"
BINDINGS, SDIST = "duckdb-node-bindings-linux-x64-1.5.6-r.1.tgz", "duckdb-1.5.6.tar.gz"
ALL_INSTALLED = r"""for name; do case $name in -*) ;; *) echo "$name ii " ;; esac; done"""
NO_NETWORK = "echo 'no network' >&2; exit 1"


def kept(name):
    return next((REAL_CACHE / "files").glob(f"*/{name}"))


class SetupTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name)
        self.bin = self.home / "bin"
        self.bin.mkdir()
        self.cache = self.home / "cache" / "lotic"
        self.duckdb = self.cache / "deps" / "duckdb-1.5.6"
        self.stand_in("dpkg-query", ALL_INSTALLED)
        self.stand_in("node", "exit 0")
        self.stand_in("npm", f"cp '{kept(BINDINGS)}' .")
        self.stand_in("apt-get", "echo apt-get was called >&2; exit 1")
        # A virtual environment whose python knows one thing: pip download.
        self.stand_in("python3", f"""mkdir -p "$3/bin"; touch "$3/bin/pip"
printf '#!/bin/sh\\ncp "{kept(SDIST)}" .\\n' >"$3/bin/python"; chmod +x "$3/bin/pip" "$3/bin/python" """)

    def stand_in(self, name, script):
        (self.bin / name).write_text("#!/bin/bash\n" + script + "\n")
        (self.bin / name).chmod(0o755)

    def setup(self, *arguments):
        environment = {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.home), "XDG_CACHE_HOME": str(self.home / "cache")}
        return subprocess.run([ROOT / "scripts" / "setup", *arguments], env=environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)

    def test_without_root_it_prints_one_apt_line_and_leaves_nothing_behind(self):
        self.stand_in("dpkg-query", "exit 1")
        self.stand_in("id", "echo 1000")
        done = self.setup()
        self.assertEqual(done.returncode, 2, done.stderr)
        lines = [line for line in done.stderr.splitlines() if "apt-get install" in line]
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertIn("libsimdjson-dev", lines[0])
        self.assertEqual(done.stdout, "")
        self.assertFalse(self.cache.exists())

    def test_only_what_is_missing_is_asked_for(self):
        self.stand_in("dpkg-query", ALL_INSTALLED.replace("-*)", "-*|mold)"))
        self.stand_in("id", "echo 1000")
        done = self.setup()
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"missing Debian packages: mold\n")

    def at_a_terminal(self, answer):
        """scripts/setup with a terminal in front of it, at which `answer` is typed once it has asked; its exit code and what the terminal showed."""
        near, far = pty.openpty()
        self.addCleanup(os.close, near)
        environment = {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.home), "XDG_CACHE_HOME": str(self.home / "cache")}
        asked = subprocess.Popen([ROOT / "scripts" / "setup"], env=environment, stdin=far, stdout=subprocess.DEVNULL, stderr=far)
        os.close(far)
        shown = b""
        while b"[y/N] " not in shown:
            more = self.shown_next(near)
            self.assertTrue(more, f"it ended without a question: {shown.decode()}")
            shown += more
        os.write(near, answer.encode() + b"\n")
        while more := self.shown_next(near):
            shown += more
        return asked.wait(), shown.decode()

    def shown_next(self, terminal):
        try:
            return os.read(terminal, 4096)
        except OSError:  # nobody holds the other end any more
            return b""

    def test_with_a_terminal_and_sudo_it_asks_and_installs_when_told_to(self):
        self.stand_in("dpkg-query", ALL_INSTALLED.replace("-*)", "-*|mold)"))
        self.stand_in("id", "echo 1000")
        self.stand_in("sudo", f'echo "$*" >>"{self.home}/sudo"')
        code, shown = self.at_a_terminal("y")
        self.assertEqual(code, 0, shown)
        self.assertIn("Install them now with sudo apt-get install -y --no-install-recommends mold? [y/N]", shown)
        self.assertRegex((self.home / "sudo").read_text(), r"^apt-get .*update\nenv DEBIAN_FRONTEND=noninteractive apt-get .*install .*mold\n$")

    def test_with_a_terminal_and_a_no_it_prints_the_line_and_calls_nothing(self):
        self.stand_in("dpkg-query", ALL_INSTALLED.replace("-*)", "-*|mold)"))
        self.stand_in("id", "echo 1000")
        self.stand_in("sudo", f'echo "$*" >>"{self.home}/sudo"')
        code, shown = self.at_a_terminal("")
        self.assertEqual(code, 2, shown)
        self.assertIn("sudo apt-get install -y --no-install-recommends mold", shown)
        self.assertFalse((self.home / "sudo").exists())
        self.assertFalse(self.cache.exists())

    def test_as_root_it_installs_what_is_missing_and_says_so_when_that_fails(self):
        self.stand_in("dpkg-query", "exit 1")
        self.stand_in("id", "echo 0")
        done = self.setup()
        self.assertEqual(done.returncode, 1)
        self.assertIn("apt-get was called", done.stderr)
        self.assertFalse(self.cache.exists())

    def test_the_folder_it_prints_holds_the_packages_and_a_second_run_needs_no_network(self):
        done = self.setup()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, f"{self.cache / 'deps'}\n")
        self.assertTrue((self.duckdb / "lib" / "libduckdb.so").is_file())
        self.assertTrue((self.duckdb / "include" / "duckdb.hpp").is_file())
        self.stand_in("npm", NO_NETWORK)
        self.stand_in("python3", NO_NETWORK)
        again = self.setup()
        self.assertEqual((again.returncode, again.stdout, again.stderr), (0, done.stdout, ""))

    def test_a_damaged_download_is_refused_and_the_next_run_repairs_it(self):
        self.stand_in("npm", f"head -c 1000 '{kept(BINDINGS)}' >'{BINDINGS}'")
        done = self.setup()
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, re.compile(f"checksum of {re.escape(BINDINGS)} is [0-9a-f]{{64}}, expected"))
        self.assertFalse(self.duckdb.exists())
        self.stand_in("npm", f"cp '{kept(BINDINGS)}' .")
        self.assertEqual(self.setup().returncode, 0)

    def test_without_network_it_says_which_file_is_missing(self):
        self.stand_in("npm", NO_NETWORK)
        done = self.setup()
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"could not download {BINDINGS}", done.stderr)
        self.assertFalse(self.duckdb.exists())

    def test_a_run_killed_in_the_middle_of_a_download_leaves_nothing_that_looks_finished(self):
        self.stand_in("npm", f"head -c 1000 '{kept(BINDINGS)}' >'{BINDINGS}'; kill -KILL 0")
        environment = {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.home), "XDG_CACHE_HOME": str(self.home / "cache")}
        killed = subprocess.run([ROOT / "scripts" / "setup"], env=environment, capture_output=True, stdin=subprocess.DEVNULL,
                                start_new_session=True, check=False)
        self.assertEqual(killed.returncode, -signal.SIGKILL)
        self.assertFalse(self.duckdb.exists())
        self.assertEqual(len(list(self.cache.glob("work.*"))), 1)
        self.stand_in("npm", f"cp '{kept(BINDINGS)}' .")
        self.assertEqual(self.setup().returncode, 0)
        self.assertEqual(list(self.cache.glob("work.*")), [])

    def test_an_argument_it_does_not_know_is_an_error(self):
        done = self.setup("--tset")
        self.assertEqual(done.returncode, 1)
        self.assertIn("--tset", done.stderr)


if __name__ == "__main__":
    unittest.main()
