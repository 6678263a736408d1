#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The stand-in's own side: signatures of chunks against the examples of the S3 reference, and what a cut or changed body does."""

import calendar
import http.client
import json
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
from sigv4_verifier import Refused, Verifier, decode_chunked  # noqa: E402

KEYS = {"AKIAIOSFODNN7EXAMPLE": ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "")}
NOW = calendar.timegm((2013, 5, 24, 0, 0, 0))


def chunks(signatures, trailer=b""):
    body = b""
    for data, signature in zip((b"a" * 65536, b"a" * 1024, b""), signatures):
        body += b"%x;chunk-signature=%s\r\n" % (len(data), signature.encode()) + data + (b"\r\n" if data else b"")
    return body + trailer + b"\r\n"


class ChunkedTest(unittest.TestCase):
    """"Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks", Amazon S3 API reference."""

    SIGNATURES = ["ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
                  "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
                  "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"]
    HEADERS = [("Host", "s3.amazonaws.com"), ("x-amz-date", "20130524T000000Z"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
               ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), ("Content-Encoding", "aws-chunked"),
               ("x-amz-decoded-content-length", "66560"), ("Content-Length", "66824"),
               ("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders="
                "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class, "
                "Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9")]

    def verify(self, headers, body):
        signed = Verifier(KEYS, "s3", "us-east-1", now=lambda: NOW).verify("PUT", "/examplebucket/chunkObject.txt", headers, body)
        return decode_chunked(body, headers, signed)

    def test_the_example_of_the_reference_is_accepted(self):
        body = chunks(self.SIGNATURES)
        self.assertEqual(len(body), 66824)
        self.assertEqual(self.verify(self.HEADERS, body), (b"a" * 66560, {}))

    def test_a_changed_cut_or_lengthened_body_is_not(self):
        body = chunks(self.SIGNATURES)
        for changed in (body[:100] + b"b" + body[101:], body[:66000], body[:-1], chunks(self.SIGNATURES[:2]), b"zz\r\n", b"",
                        chunks([self.SIGNATURES[1], self.SIGNATURES[0], self.SIGNATURES[2]])):
            with self.assertRaises(Refused):
                self.verify(self.HEADERS, changed)

    def test_lengths_and_trailers_are_checked(self):
        def decode(trailer, length="2", announced="x-amz-checksum-crc32"):
            headers = [("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), ("x-amz-decoded-content-length", length), ("x-amz-trailer", announced)]
            return decode_chunked(b"2\r\nhi\r\n0\r\n" + trailer + b"\r\n", headers, None)

        self.assertEqual(decode(b"x-amz-checksum-crc32:2JMqrA==\r\n")[0], b"hi")
        for arguments in ((b"x-amz-checksum-crc32:2JMqrQ==\r\n",), (b"",), (b"x-amz-checksum-crc32:2JMqrA==\r\n", "3"), (b"nonsense\r\n",)):
            with self.assertRaises(Refused):
                decode(*arguments)


class ServerTest(unittest.TestCase):
    def test_it_answers_expect_continue_and_lists_what_was_put(self):
        fake = subprocess.Popen([sys.executable, "-B", str(HERE / "fake_s3.py"), "--bucket", "bucket", "--until-eof"], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, text=True)
        try:
            connection = http.client.HTTPConnection(fake.stdout.readline().strip().removeprefix("http://"), timeout=20)
            connection.connect()
            connection.sock.sendall(b"PUT /bucket/k%20ey HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
            self.assertIn(b"100 Continue", connection.sock.recv(100))
            connection.sock.sendall(b"hi")
            answer = http.client.HTTPResponse(connection.sock)
            answer.begin()
            answer.read()
            self.assertEqual(answer.status, 200)
            connection.request("GET", "/_fake/objects")
            (listed,) = json.loads(connection.getresponse().read())
            self.assertEqual((listed["bucket"], listed["key"], listed["size"]), ("bucket", "k ey", 2))
            connection.request("GET", "/_fake/requests")
            self.assertEqual([(item["operation"], item["status"], item["expect"]) for item in json.loads(connection.getresponse().read())],
                             [("PutObject", 200, "100-continue")])
            connection.close()
        finally:
            fake.stdin.close()
            self.assertEqual(fake.wait(20), 0)
            fake.stdout.close()


if __name__ == "__main__":
    unittest.main()
