#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run_with_fake.py PROGRAM ARGUMENTS…: runs a program with the URL of a fake Timestream in LOTIC_TIMESTREAM_URL."""

import os
import subprocess
import sys

try:
    import fake_timestream
except ImportError as error:
    print(f"skipped: {error} (scripts/setup --test installs it)")
    sys.exit(77)

fake = fake_timestream.FakeTimestream()
fake_timestream.add_test_tables(fake)
try:
    sys.exit(subprocess.run(sys.argv[1:], env=dict(os.environ, LOTIC_TIMESTREAM_URL=fake.url), check=False).returncode)
finally:
    fake.close()
