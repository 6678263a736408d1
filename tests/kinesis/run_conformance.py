#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run_conformance.py fake|local DEPS PROGRAM ARGUMENTS…: runs a program with the URL of a Kinesis in LOTIC_KINESIS_URL."""

import os
import subprocess
import sys

from fake_kinesis import FakeKinesis
from kinesis_local import KinesisLocal

service = FakeKinesis() if sys.argv[1] == "fake" else KinesisLocal(sys.argv[2])
try:
    code = subprocess.run(sys.argv[3:], env=dict(os.environ, LOTIC_KINESIS_URL=service.url), check=False).returncode
finally:
    service.close()
sys.exit(code)
