#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""src/aws in front of botocore: botocore_test.py AWS_PROBE, with PYTHONPATH leading to boto3 (scripts/setup --test)."""

import http.server
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.parse
import urllib.request

try:
    import botocore.auth
    import botocore.awsrequest
    import botocore.config
    import botocore.credentials
    import botocore.exceptions
    import botocore.session
except ImportError as missing:
    print(f"skipped: {missing}; scripts/setup --test fetches boto3")
    sys.exit(77)

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
from botocore_judge import Judge, Wrong, s3_operation  # noqa: E402

PROBE = sys.argv[1]
del sys.argv[1]

KEY, SECRET, TOKEN = "AKIDLOTICTEST", "secret/with+odd=characters", "token/with+odd=characters=="
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN, "AWS_REGION": "us-east-1"}
ODD_KEYS = ["plain", "a b+c/ü%41", "a//b/../c/./d", "~-_.", "!'()*&=@:$,;?#[]", "日本", "x/" * 100, "%2F", "+", " ", "end/"]


class Probe:
    def __init__(self):
        self.process = subprocess.Popen([PROBE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, what, environment=None, **request):
        self.process.stdin.write(json.dumps({"do": what, "environment": environment or ENVIRONMENT, **request}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


class Recorder:
    """A server that keeps what it is sent and answers as it is told."""

    def __init__(self):
        self.requests = []
        self.reply = (200, {}, b"{}")
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                recorder.requests.append((self.command, self.path, list(self.headers.items()), body))
                status, headers, text = recorder.reply
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)

            do_GET = do_PUT = do_DELETE = do_HEAD = do_POST  # noqa: N815

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def client(service, url, **options):
    session = botocore.session.Session()
    return session.create_client(service, region_name="us-east-1", endpoint_url=url, aws_access_key_id=KEY, aws_secret_access_key=SECRET,
                                 aws_session_token=TOKEN, config=botocore.config.Config(retries={"max_attempts": 0}, **options))


class JsonServicesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.probe, cls.recorder = Probe(), Recorder()
        cls.judge = Judge(KEY, SECRET, TOKEN)
        cls.environment = {**ENVIRONMENT, "AWS_ENDPOINT_URL": cls.recorder.url}

    @classmethod
    def tearDownClass(cls):
        cls.probe.close()
        cls.recorder.close()

    def setUp(self):
        self.recorder.requests.clear()
        self.recorder.reply = (200, {}, b"{}")

    def send(self, service, operation, body):
        return self.probe("call", self.environment, service=service, operation=operation, body=json.dumps(body, ensure_ascii=False))

    CALLS = [
        ("kinesis", "ListShards", {"StreamName": "orders", "MaxResults": 1000}),
        ("kinesis", "ListStreams", {}),
        ("kinesis", "GetShardIterator", {"StreamName": "orders", "ShardId": "shardId-000000000000", "ShardIteratorType": "AT_TIMESTAMP",
                                         "Timestamp": 1764472614.123}),
        ("kinesis", "GetRecords", {"ShardIterator": "AAAA", "Limit": 10000, "StreamARN": "arn:aws:kinesis:us-east-1:123456789012:stream/orders"}),
        ("kinesis", "PutRecords", {"StreamName": "orders", "Records": [{"Data": "AAH/", "PartitionKey": "ключ"}]}),
        ("timestream-query", "Query", {"QueryString": "SELECT 'ü' AS \"x\", 1\n", "MaxRows": 100}),
        ("timestream-query", "DescribeEndpoints", {}),
        ("timestream-query", "CancelQuery", {"QueryId": "abc"}),
        ("timestream-write", "ListTables", {"DatabaseName": "ops", "MaxResults": 20}),
    ]

    def test_every_request_fits_the_published_model_and_is_signed_as_botocore_signs(self):
        for service, operation, body in self.CALLS:
            with self.subTest(operation=operation):
                answer = self.send(service, operation, body)
                self.assertTrue(answer["ok"], answer)
                judged = self.judge.check(*self.recorder.requests[-1])
                self.assertEqual(judged[1:], (operation, body))

    def test_the_judge_can_say_no(self):
        for body, why in [({"StreamName": "orders", "Bogus": 1}, "no such member"), ({"StreamName": 5}, "StreamName"),
                          ({"StreamName": "orders", "MaxResults": 0}, "MaxResults"), ([], "is no object")]:
            self.send("kinesis", "ListShards", body)
            with self.assertRaisesRegex(Wrong, why):
                self.judge.check(*self.recorder.requests[-1])
        self.send("kinesis", "NoSuchOperation", {})
        with self.assertRaisesRegex(Wrong, "no service has the target"):
            self.judge.check(*self.recorder.requests[-1])
        self.send("kinesis", "ListStreams", {})
        method, target, headers, body = self.recorder.requests[-1]
        with self.assertRaisesRegex(Wrong, "Authorization is"):
            self.judge.check(method, target, headers, b'{"Limit": 1}')
        with self.assertRaisesRegex(Wrong, "Authorization is"):
            Judge(KEY, SECRET + "x", TOKEN).check(method, target, headers, body)

    ERRORS = [
        (400, {}, b'{"__type":"ResourceNotFoundException","message":"no stream"}'),
        (400, {}, b'{"__type":"com.amazonaws.kinesis.v20131202#ResourceNotFoundException","Message":"no stream"}'),
        (400, {"x-amzn-errortype": "ThrottlingException"}, b'{"__type":"com.amazon.coral.service#ThrottlingException","message":"Rate exceeded"}'),
        (500, {}, b'{"__type":"InternalFailure"}'),
        (400, {}, b'{"__type":"InvalidSignatureException","message":"\xc3\xbc \\u2028 \\"q\\""}'),
    ]

    def test_errors_are_read_as_botocore_reads_them(self):
        botocore_client = client("kinesis", self.recorder.url)
        for status, headers, body in self.ERRORS:
            with self.subTest(body=body):
                self.recorder.reply = (status, {**headers, "x-amzn-RequestId": "r-17"}, body)
                ours = self.send("kinesis", "ListStreams", {})["error"]
                with self.assertRaises(botocore.exceptions.ClientError) as raised:
                    botocore_client.list_streams()
                theirs = raised.exception.response
                self.assertEqual(ours["code"], theirs["Error"]["Code"])
                self.assertEqual(ours["message"], theirs["Error"]["Message"])
                self.assertEqual(ours["request_id"], theirs["ResponseMetadata"]["RequestId"])
                self.assertEqual(ours["http"], theirs["ResponseMetadata"]["HTTPStatusCode"])

    def test_the_regional_endpoints_are_those_that_botocore_finds(self):
        session = botocore.session.Session()
        names = {"kinesis": "kinesis", "s3": "s3"}  # Timestream's real endpoints are discovered; its rules name the same hosts
        regional = botocore.config.Config(s3={"us_east_1_regional_endpoint": "regional"})
        count = 0
        for ours, theirs in names.items():
            for partition in session.get_available_partitions():
                for region in session.get_available_regions(theirs, partition):
                    expected = session.create_client(theirs, region_name=region, aws_access_key_id="A", aws_secret_access_key="B",
                                                     config=regional).meta.endpoint_url
                    answer = self.probe("endpoint", {**ENVIRONMENT, "AWS_REGION": region}, service=ours)
                    self.assertEqual(answer.get("url"), expected, region)
                    self.assertEqual(answer["region"], region)
                    count += 1
        self.assertGreater(count, 50)


class CredentialsTest(unittest.TestCase):
    FILES = {
        "config": "[default]\nregion = eu-west-1\n# c\n\n[profile dev]\nregion=eu-north-1\noutput = json\ns3 =\n  max_concurrent_requests = 20\n"
                  "  addressing_style = path\naws_access_key_id = CONFIGDEV\naws_secret_access_key = config-dev\n"
                  "[profile \"keys only\"]\naws_access_key_id=C\naws_secret_access_key=c/+=\n[sso-session x]\nsso_region = us-west-2\n",
        "credentials": "[default]\naws_access_key_id=DEFAULTID\naws_secret_access_key = default+secret/=\n; c\n[dev]\n"
                       "aws_access_key_id = DEVID\naws_secret_access_key = a#b\naws_session_token = tok==\n",
    }

    def test_profiles_are_read_as_botocore_reads_them(self):
        probe = Probe()
        self.addCleanup(probe.close)
        with tempfile.TemporaryDirectory() as folder:
            for name, text in self.FILES.items():
                (pathlib.Path(folder) / name).write_text(text)
            for profile in ("default", "dev", "keys only"):
                with self.subTest(profile=profile):
                    environment = {"AWS_CONFIG_FILE": f"{folder}/config", "AWS_SHARED_CREDENTIALS_FILE": f"{folder}/credentials",
                                   "AWS_PROFILE": profile}
                    session = botocore.session.Session(profile=profile)
                    session.set_config_variable("config_file", environment["AWS_CONFIG_FILE"])
                    session.set_config_variable("credentials_file", environment["AWS_SHARED_CREDENTIALS_FILE"])
                    theirs = session.get_credentials().get_frozen_credentials()
                    region = session.get_scoped_config().get("region", "")
                    ours = probe("credentials", environment)
                    self.assertEqual((ours["id"], ours["secret"], ours["token"], ours["region"]),
                                     (theirs.access_key, theirs.secret_key, theirs.token or "", region))


class S3Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fake = subprocess.Popen([sys.executable, "-B", str(HERE / "fake_s3.py"), "--bucket", "lotic-test", "--access-key", KEY, "--secret-key", SECRET,
                                     "--session-token", TOKEN, "--until-eof"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.url = cls.fake.stdout.readline().strip()
        cls.probe = Probe()
        cls.environment = {**ENVIRONMENT, "AWS_ENDPOINT_URL_S3": cls.url}
        cls.client = client("s3", cls.url, s3={"addressing_style": "path"})

    @classmethod
    def tearDownClass(cls):
        cls.probe.close()
        cls.fake.stdin.close()
        cls.fake.wait(20)
        cls.fake.stdout.close()

    def ours(self, what, **request):
        return self.probe(what, self.environment, bucket="lotic-test", **request)

    def script(self, **steps):
        urllib.request.urlopen(urllib.request.Request(self.url + "/_fake/script", json.dumps(steps).encode(), method="POST")).read()

    def test_what_we_put_botocore_reads_and_the_other_way_round(self):
        for key in ODD_KEYS:
            with self.subTest(key=key):
                text = f"ours {key}"
                self.assertTrue(self.ours("put", key=key, body=text, headers={"x-amz-meta-note": "n", "Content-Type": "text/x"})["ok"])
                got = self.client.get_object(Bucket="lotic-test", Key=key)
                self.assertEqual((got["Body"].read().decode(), got["ContentType"], got["Metadata"]), (text, "text/x", {"note": "n"}))
                self.client.put_object(Bucket="lotic-test", Key=key, Body=b"theirs")
                self.assertEqual(self.ours("get", key=key)["body"], "theirs")
                self.assertEqual(self.ours("get", key=key, range=[1, 4])["body"], "hei")
                self.assertTrue(self.ours("delete", key=key)["ok"])
                self.assertEqual(self.ours("get", key=key)["status"], "NotFound")
        self.assertEqual(self.client.list_objects_v2(Bucket="lotic-test")["KeyCount"], 0)

    def test_every_request_fits_the_published_model(self):
        recorder = Recorder()
        self.addCleanup(recorder.close)
        environment = {**ENVIRONMENT, "AWS_ENDPOINT_URL_S3": recorder.url}
        encrypted = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "k", "x-amz-meta-note": "n", "Content-Type": "text/x"}
        for what, request, status, operation in (
                ("put", {"key": "a b/ü", "body": "x", "headers": encrypted}, 200, "PutObject"), ("get", {"key": "a b/ü"}, 200, "GetObject"),
                ("get", {"key": "k", "range": [1, 4]}, 206, "GetObject"), ("head", {}, 200, "HeadBucket"), ("delete", {"key": "k"}, 204, "DeleteObject")):
            with self.subTest(what=what, request=request):
                recorder.reply = (status, {}, b"")
                answer = self.probe(what, environment, bucket="lotic-test", **request)
                self.assertTrue(answer["ok"], answer)
                method, target, headers, _ = recorder.requests[-1]
                self.assertEqual(s3_operation(method, target, headers, "lotic-test"), operation)
        method, target, headers, _ = recorder.requests[0]
        for broken, why in [((method, target, [*headers, ("x-amz-bogus", "1")]), "knows no .'x-amz-bogus'."), ((method, target + "?bogus=1", headers), "knows no .'bogus'."),
                            (("PATCH", target, headers), "no operation has this method and path"), ((method, "/other/k", headers), "is not of bucket")]:
            with self.assertRaisesRegex(Wrong, why):
                s3_operation(*broken, "lotic-test")

    def test_a_large_object_goes_both_ways(self):
        size = 20 << 20
        self.assertTrue(self.ours("put", key="large", size=size)["ok"])
        self.assertEqual(self.client.head_object(Bucket="lotic-test", Key="large")["ContentLength"], size)
        self.assertEqual(len(self.ours("get", key="large")["body"]), size)
        self.ours("delete", key="large")

    def test_virtual_host_style_is_signed_for_its_host(self):
        url = self.url.replace("127.0.0.1", "localhost")
        environment = {**ENVIRONMENT, "AWS_ENDPOINT_URL_S3": url}
        answer = self.probe("put", environment, bucket="lotic-test", key="v h", body="virtual", path_style=False)
        self.assertTrue(answer["ok"], answer)
        self.assertEqual(self.client.get_object(Bucket="lotic-test", Key="v h")["Body"].read(), b"virtual")
        self.client.delete_object(Bucket="lotic-test", Key="v h")

    def test_head_bucket_says_what_the_service_said(self):
        self.assertTrue(self.ours("head")["ok"])
        self.script(HeadBucket=[403, 404, 500, 500, 500, 500, 500, 301])
        for status, http in [("Unauthorized", 403), ("NotFound", 404), ("IOError", 500), ("Invalid", 301)]:
            answer = self.ours("head")
            self.assertEqual((answer["status"], answer["error"]["http"]), (status, http), answer)
        self.assertEqual(self.probe("head", self.environment, bucket="other-bucket")["status"], "NotFound")

    def test_throttling_is_waited_out(self):
        self.script(PutObject=[503, {"status": 500, "code": "InternalError"}])
        self.assertTrue(self.ours("put", key="k", body="x")["ok"])
        self.ours("delete", key="k")

    def test_a_wrong_secret_token_region_or_key_is_refused(self):
        for change, code in [({"AWS_SECRET_ACCESS_KEY": "wrong"}, "SignatureDoesNotMatch"), ({"AWS_SESSION_TOKEN": "wrong"}, "InvalidToken"),
                             ({"AWS_SESSION_TOKEN": ""}, "InvalidToken"), ({"AWS_ACCESS_KEY_ID": "OTHER"}, "InvalidAccessKeyId"),
                             ({"AWS_REGION": "eu-west-1"}, "AuthorizationHeaderMalformed")]:
            answer = self.probe("put", {**self.environment, **change}, bucket="lotic-test", key="k", body="x")
            self.assertEqual(answer["error"]["code"], code, answer)
            self.assertNotIn(SECRET, json.dumps(answer))
            self.assertNotIn(TOKEN, json.dumps(answer))
        self.assertIn("is in region us-east-1, not eu-west-1", answer["message"])

    def test_presigned_urls_are_botocores_and_open_the_object(self):
        for key in ODD_KEYS:
            if "//" in key or "/./" in key:
                continue  # urllib's client takes those apart on its own
            self.client.put_object(Bucket="lotic-test", Key=key, Body=b"presigned")
            url = self.ours("presign", key=key, method="GET", expires=600)["url"]
            with urllib.request.urlopen(url) as answer:
                self.assertEqual(answer.read(), b"presigned")
            query = dict(urllib.parse.parse_qsl(url.partition("?")[2]))
            request = botocore.awsrequest.AWSRequest(method="GET", url=url.partition("?")[0])
            request.context["timestamp"] = query["X-Amz-Date"]
            signer = botocore.auth.S3SigV4QueryAuth(botocore.credentials.Credentials(KEY, SECRET, TOKEN), "s3", "us-east-1", expires=600)
            signer._modify_request_before_signing(request)
            text = signer.string_to_sign(request, signer.canonical_request(request))
            self.assertEqual(query["X-Amz-Signature"], signer.signature(text, request))
            flipped = url[:-1] + ("0" if url[-1] != "0" else "1")
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(flipped)
            self.assertEqual(refused.exception.code, 403)
            refused.exception.close()
            self.client.delete_object(Bucket="lotic-test", Key=key)

    def test_random_names_are_signed_alike(self):
        seed = random.randrange(1 << 30)
        generator = random.Random(seed)
        for _ in range(60):
            key = "".join(chr(generator.choice([generator.randrange(33, 127), generator.randrange(0xA0, 0x2FF), 32])) for _ in range(generator.randrange(1, 30)))
            if key.startswith("/"):
                continue
            answer = self.ours("put", key=key, body="x")
            self.assertTrue(answer["ok"], (seed, key, answer))
            self.assertEqual(self.client.get_object(Bucket="lotic-test", Key=key)["Body"].read(), b"x", (seed, key))
            self.ours("delete", key=key)


if __name__ == "__main__":
    unittest.main()
