# SPDX-License-Identifier: Apache-2.0
"""A program on a pseudo-terminal: type to it, wait for what it shows, look at the terminal's settings."""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import sys
import termios
import time

# Far beyond what anything here takes; reached only when something is broken.
PATIENCE = 20.0
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[()][A-Z0-9]|\x1b[=>]")


def require_terminals():
    """Where there are no pseudo-terminals (a root without /dev/pts), root runs this program again in a mount namespace that has its own.

    Call it before anything else: the program begins anew. Elsewhere, and where that fails, the tests say what is missing.
    """
    try:
        for descriptor in pty.openpty():
            os.close(descriptor)
    except OSError:
        if os.geteuid() == 0 and shutil.which("unshare") and "LOTIC_OWN_TERMINALS" not in os.environ:
            os.environ["LOTIC_OWN_TERMINALS"] = "1"
            # Only /dev is made private (a changed root's own / may be no mount point); without that nothing is mounted.
            mount = 'mount --make-private /dev && mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts; exec "$@"'
            os.execvp("unshare", ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c", mount, "sh", sys.executable, "-B", *sys.argv])


class Terminal:
    """Starts `command`; standard input, output and error are the terminal unless `output` (a file) takes standard output."""

    def __init__(self, command, environment=None, columns=80, output=None):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.settings_before = termios.tcgetattr(slave)
        self.text = ""     # all that was shown, without escape sequences
        self.seen = 0      # of it, what wait_for has passed
        self.code = None
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for fd in (0, 1, 2):
                os.dup2(slave, fd)
            if output is not None:
                os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
            kept = {name: value for name, value in os.environ.items() if name == "PATH" or name.endswith("SAN_OPTIONS")}
            os.execve(command[0], command, {"TERM": "xterm", **kept, **(environment or {})})
        self.slave = slave  # kept open, so that the settings can be read when the program has gone

    def _read(self, limit):
        ready, _, _ = select.select([self.master], [], [], max(0.0, limit))
        if not ready:
            return False
        data = os.read(self.master, 65536)
        self.text += ESCAPES.sub("", data.decode("utf-8", "replace"))
        return bool(data)

    def wait_for(self, text):
        """Waits until `text` is shown behind what was waited for before; returns what came up to its end."""
        end = time.monotonic() + PATIENCE
        while True:
            at = self.text.find(text, self.seen)
            if at >= 0:
                shown = self.text[self.seen:at + len(text)]
                self.seen = at + len(text)
                return shown
            if time.monotonic() > end:
                raise AssertionError(f"never showed {text!r}; showed {self.text[self.seen:]!r} (all: {self.text!r})")
            self._read(0.1)

    def type(self, text):
        os.write(self.master, text.encode())

    def interrupt(self):
        """Ctrl-C, as the terminal makes it."""
        self.type("\x03")

    def settings(self):
        return termios.tcgetattr(self.slave)

    def wait_for_raw(self):
        """Waits until the program reads keys one by one."""
        end = time.monotonic() + PATIENCE
        while self.settings()[3] & termios.ICANON:
            if time.monotonic() > end:
                raise AssertionError("the terminal never became raw")
            time.sleep(0.01)  # there is no event for this

    def exit_code(self):
        """Waits for the end; the exit code, or minus the signal that ended it."""
        end = time.monotonic() + PATIENCE
        while self.code is None:
            self._read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                raise AssertionError(f"did not end; showed {self.text[self.seen:]!r}")
        while self._read(0):
            pass
        return self.code

    def close(self):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.slave)
        os.close(self.master)
