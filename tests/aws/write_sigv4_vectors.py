#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes testdata/aws/sigv4_vectors.json: write_sigv4_vectors.py AWS4_TESTSUITE_FOLDER > testdata/aws/sigv4_vectors.json

The folder is tests/unit/auth/aws4_testsuite of botocore's source distribution (1.44.5 was read), which holds AWS's published test
suite for Signature Version 4. Kept are the facts of each case: the request, the names that are signed, the hash of the canonical
request and the signature.
"""

import hashlib
import json
import pathlib
import re
import sys


def read_case(path):
    head, _, body = path.read_text().partition("\n\n")
    lines = head.split("\n")
    method, target = re.fullmatch(r"(\S+) (.*) HTTP/1\.1", lines[0]).groups()
    headers = []
    for line in lines[1:]:
        if line.startswith((" ", "\t")):
            headers[-1][1] += "\n" + line
        elif line:
            name, _, value = line.partition(":")
            headers.append([name, value])
    authorization = path.with_suffix(".authz").read_text()
    names, signature = re.search(r"SignedHeaders=(\S+), Signature=([0-9a-f]{64})", authorization).groups()
    canonical = path.with_suffix(".creq").read_bytes()
    sent = path.with_suffix(".sreq").read_text()
    token = re.search(r"^X-Amz-Security-Token: *(\S+)", sent, re.MULTILINE | re.IGNORECASE)
    return {"name": path.parent.name, "method": method, "target": target, "headers": headers, "body": body.rstrip("\n"),
            "token": token.group(1) if token else "", "signed_headers": names,
            "canonical_sha256": hashlib.sha256(canonical).hexdigest(), "signature": signature}


def main():
    cases = [read_case(path) for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.req"))]
    facts = {"source": "AWS Signature Version 4 test suite, as published with botocore 1.44.5 (tests/unit/auth/aws4_testsuite)",
             "access_key_id": "AKIDEXAMPLE", "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "region": "us-east-1",
             "service": "service", "time": "20150830T123600Z"}
    print("{" + ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in facts.items()) + ',\n"cases": [')
    print(",\n".join(json.dumps(case, ensure_ascii=False) for case in cases))
    print("]}")


if __name__ == "__main__":
    main()
