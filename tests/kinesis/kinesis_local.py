# SPDX-License-Identifier: Apache-2.0
"""The stand-in kinesis-local (an npm package that scripts/setup --test fetches) for the length of a test."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).parent


class KinesisLocal:
    """Listens at `url` until close(). Ends the program with 77 where it is not installed."""

    def __init__(self, deps):
        folder = pathlib.Path(deps, "kinesis-local-0.6.2")
        node = shutil.which("node", path=f"{folder / 'node' / 'bin'}:{os.environ.get('PATH', '')}")
        if not folder.is_dir() or node is None:
            print("skipped: kinesis-local is missing; scripts/setup --test fetches it")
            sys.exit(77)
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            two.bind(("127.0.0.1", 0))
            plain, tls = one.getsockname()[1], two.getsockname()[1]
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([node, "--require", str(HERE / "loopback.cjs"), "main.js"], cwd=folder / "package", stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=subprocess.STDOUT,
                                        env=dict(os.environ, KINESIS_MOCK_PLAIN_PORT=str(plain), KINESIS_MOCK_TLS_PORT=str(tls), LOG_LEVEL="ERROR", SHARD_LIMIT="500",
                                                 SPLIT_SHARD_DURATION="100ms", MERGE_SHARDS_DURATION="100ms", CREATE_STREAM_DURATION="100ms"))
        self.url = f"http://127.0.0.1:{plain}"
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(self.url + "/healthcheck", timeout=5).read()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.log.seek(0)
                    raise AssertionError("kinesis-local does not start:\n" + self.log.read().decode(errors="replace")[-2000:]) from None
                time.sleep(0.05)

    def close(self):
        self.process.kill()  # it does not heed a SIGTERM
        self.process.wait(20)
        self.log.close()
