# SPDX-License-Identifier: Apache-2.0
"""The service's side of Signature Version 4, for the stand-ins of the tests: standard library only, and written apart from src/aws.

Verifier.verify() takes a request as it arrived and raises Refused, or returns what was found out. S3's rules (path encoded once, the
payload's hash in a header, aws-chunked bodies) and those of all other services (path encoded twice) are told apart by the service.
"""

import base64
import calendar
import dataclasses
import hashlib
import hmac
import re
import time
import urllib.parse
import zlib

MAX_SKEW_SECONDS = 15 * 60
MAX_PRESIGNED_SECONDS = 7 * 24 * 3600
EMPTY_HASH = hashlib.sha256(b"").hexdigest()
STREAMING = ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")


class Refused(Exception):
    """A request that a service would refuse: HTTP status, error code, message."""

    def __init__(self, status, code, message):
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message = status, code, message


@dataclasses.dataclass
class Signed:
    """What is known of a request whose signature was right."""

    access_key: str
    date: str = ""
    scope: str = ""
    signature: str = ""
    key: bytes = b""
    signed_headers: tuple = ()
    presigned: bool = False


def encode(text):
    return urllib.parse.quote(text, safe="-_.~")


def canonical_path(raw_path, s3):
    segments = [urllib.parse.unquote_to_bytes(segment) for segment in raw_path.split("/")]
    once = "/".join(encode(segment) for segment in segments) or "/"
    return once if s3 else "/".join(encode(segment) for segment in once.split("/"))


def canonical_query(pairs):
    return "&".join(f"{name}={value}" for name, value in sorted((encode(name), encode(value)) for name, value in pairs))


def signing_key(secret, date, region, service):
    key = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def signature_of(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def parse_time(text):
    try:
        return calendar.timegm(time.strptime(text, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise Refused(403, "AccessDenied", f"the date '{text}' is not of the form YYYYMMDDTHHMMSSZ") from None


class Verifier:
    """Knows access keys and which service and region it stands for. Any thread."""

    def __init__(self, keys, service, region, now=time.time):
        self.keys = keys  # access key -> (secret, session token or "")
        self.service, self.region, self.now = service, region, now

    def verify(self, method, target, headers, body):
        """`headers`: a list of (name, value); `body`: the bytes as they came, still aws-chunked where they are."""
        raw_path, _, raw_query = target.partition("?")
        pairs = urllib.parse.parse_qsl(raw_query, keep_blank_values=True)
        values = {}
        for name, value in headers:
            values.setdefault(name.lower(), []).append(" ".join(value.split()))
        query = dict(pairs)
        if "X-Amz-Signature" in query:
            return self._presigned(method, raw_path, pairs, query, values)
        return self._in_headers(method, raw_path, pairs, values, body)

    def _in_headers(self, method, raw_path, pairs, values, body):
        authorization = values.get("authorization", [""])[0]
        match = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=(\S+?), ?SignedHeaders=([a-z0-9;._-]+), ?Signature=([0-9a-f]{64})", authorization)
        if not match:
            raise Refused(403, "AccessDenied", "there is no Authorization header of Signature Version 4")
        credential, names, signature = match.groups()
        date = values.get("x-amz-date", [""])[0]
        access_key, key, scope = self._key(credential, date)
        if abs(self.now() - parse_time(date)) > MAX_SKEW_SECONDS:
            if self.service == "s3":
                raise Refused(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")
            raise Refused(400, "InvalidSignatureException", f"Signature expired: {date} is now earlier than the service's time (15 min.)")
        self._token(access_key, values.get("x-amz-security-token", [""])[0])
        payload = self._payload_hash(values, body)
        self._check_signature(method, raw_path, pairs, names, values, payload, date, scope, key, signature)
        return Signed(access_key, date, scope, signature, key, tuple(names.split(";")))

    def _presigned(self, method, raw_path, pairs, query, values):
        if query.get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256":
            raise Refused(400, "AuthorizationQueryParametersError", "X-Amz-Algorithm must be AWS4-HMAC-SHA256")
        date = query.get("X-Amz-Date", "")
        access_key, key, scope = self._key(query.get("X-Amz-Credential", ""), date)
        expires = query.get("X-Amz-Expires", "")
        if not expires.isdigit() or not 1 <= int(expires) <= MAX_PRESIGNED_SECONDS:
            raise Refused(400, "AuthorizationQueryParametersError", "X-Amz-Expires must be 1 to 604800")
        age = self.now() - parse_time(date)
        if age > int(expires) or age < -MAX_SKEW_SECONDS:
            raise Refused(403, "AccessDenied", "Request has expired")
        self._token(access_key, query.get("X-Amz-Security-Token", ""))
        payload = "UNSIGNED-PAYLOAD" if self.service == "s3" else EMPTY_HASH
        rest = [(name, value) for name, value in pairs if name != "X-Amz-Signature"]
        signature = query["X-Amz-Signature"]
        self._check_signature(method, raw_path, rest, query.get("X-Amz-SignedHeaders", ""), values, payload, date, scope, key, signature)
        return Signed(access_key, date, scope, signature, key, presigned=True)

    def _key(self, credential, date):
        parts = credential.split("/")
        if len(parts) != 5 or parts[4] != "aws4_request":
            raise Refused(400, "AuthorizationHeaderMalformed", f"the credential '{credential}' has not five parts")
        access_key, day, region, service, _ = parts
        if access_key not in self.keys:
            raise Refused(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
        if service != self.service:
            raise Refused(403, "SignatureDoesNotMatch", f"the credential is scoped to service '{service}', not '{self.service}'")
        if region != self.region:
            raise Refused(400, "AuthorizationHeaderMalformed", f"the region '{region}' is wrong; expecting '{self.region}'")
        if day != date[:8]:
            raise Refused(403, "SignatureDoesNotMatch", "the credential's day is not that of X-Amz-Date")
        return access_key, signing_key(self.keys[access_key][0], day, region, service), f"{day}/{region}/{service}/aws4_request"

    def _token(self, access_key, given):
        if given != self.keys[access_key][1]:
            raise Refused(403, "InvalidToken", "The provided token is malformed or otherwise invalid.")

    def _payload_hash(self, values, body):
        real = hashlib.sha256(body).hexdigest()
        if self.service != "s3":
            return real
        said = values.get("x-amz-content-sha256", [""])[0]
        if not said:
            raise Refused(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
        if said != "UNSIGNED-PAYLOAD" and said not in STREAMING and said != real:
            raise Refused(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
        return said

    def _check_signature(self, method, raw_path, pairs, names, values, payload, date, scope, key, signature):
        signed = names.split(";")
        if signed != sorted(signed) or "host" not in signed:
            raise Refused(403, "SignatureDoesNotMatch", "SignedHeaders must be sorted and hold host")
        for name in values:
            if name.startswith("x-amz-") and name not in signed and name != "x-amz-security-token":
                raise Refused(403, "AccessDenied", f"There were headers present in the request which were not signed: {name}")
        lines = "".join(f"{name}:{','.join(values.get(name, ['']))}\n" for name in signed)
        path = canonical_path(raw_path, self.service == "s3")
        request = "\n".join((method, path, canonical_query(pairs), lines, names, payload))
        text = "\n".join(("AWS4-HMAC-SHA256", date, scope, hashlib.sha256(request.encode()).hexdigest()))
        if not hmac.compare_digest(signature_of(key, text), signature):
            raise Refused(403, "SignatureDoesNotMatch",
                          "The request signature we calculated does not match the signature you provided. Canonical request: " + repr(request))


CHECKSUMS = {
    "crc32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "sha1": lambda data: hashlib.sha1(data).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
}


def check_checksum(name, value, data):
    """`name`: x-amz-checksum-crc32 and its like."""
    kind = name.lower().removeprefix("x-amz-checksum-")
    if kind not in CHECKSUMS:
        raise Refused(501, "NotImplemented", f"this stand-in cannot compute {name}")
    if base64.b64encode(CHECKSUMS[kind](data)).decode() != value:
        raise Refused(400, "BadDigest", f"The {name} you specified did not match what was computed.")


def decode_chunked(body, headers, signed):
    """The data of an aws-chunked body: chunk signatures (where there are any), trailer and lengths are checked.

    size;chunk-signature=HEX CRLF data CRLF … 0;chunk-signature=HEX CRLF [trailer: value CRLF …] CRLF
    """
    values = {name.lower(): value.strip() for name, value in headers}
    mode = values.get("x-amz-content-sha256", "")
    with_signatures = mode.startswith("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
    previous = signed.signature if signed else ""

    def broken(why):
        return Refused(400, "IncompleteBody", f"aws-chunked body: {why}")

    def check_chunk(kind, data_hash, given):
        nonlocal previous
        if not with_signatures or signed is None or not signed.key:
            return
        parts = [f"AWS4-HMAC-SHA256-{kind}", signed.date, signed.scope, previous]
        parts += [EMPTY_HASH, data_hash] if kind == "PAYLOAD" else [data_hash]
        if signature_of(signed.key, "\n".join(parts)) != given:
            raise Refused(403, "SignatureDoesNotMatch", f"the signature of a {kind.lower()} chunk is wrong")
        previous = given

    data, at = bytearray(), 0
    while True:
        end = body.find(b"\r\n", at)
        if end < 0:
            raise broken("it ends inside a chunk's first line")
        line = body[at:end].decode("ascii", "replace")
        size_text, _, extension = line.partition(";")
        if not re.fullmatch(r"[0-9a-fA-F]{1,8}", size_text):
            raise broken(f"'{line[:40]}' is no chunk size")
        size = int(size_text, 16)
        at = end + 2
        if len(body) < at + size:
            raise broken("it ends inside a chunk")
        chunk = body[at:at + size]
        check_chunk("PAYLOAD", hashlib.sha256(chunk).hexdigest(), extension.partition("chunk-signature=")[2])
        if size == 0:
            break
        if body[at + size:at + size + 2] != b"\r\n":
            raise broken("a chunk is longer than it says")
        data += chunk
        at += size + 2

    trailers, trailer_text = {}, ""
    for line in body[at:].split(b"\r\n"):
        name, colon, value = line.decode("latin-1").partition(":")
        if not line:
            continue
        if not colon:
            raise broken(f"'{name[:40]}' is no trailer")
        name, value = name.strip().lower(), value.strip()
        if name == "x-amz-trailer-signature":
            check_chunk("TRAILER", hashlib.sha256(trailer_text.encode()).hexdigest(), value)
        else:
            trailers[name] = value
            trailer_text += f"{name}:{value}\n"
    if not body.endswith(b"\r\n"):
        raise broken("it has no end")

    declared = values.get("x-amz-decoded-content-length", "")
    if not declared.isdigit() or int(declared) != len(data):
        raise broken(f"x-amz-decoded-content-length is '{declared}', and {len(data)} bytes came")
    expected = values.get("x-amz-trailer", "").lower()
    if expected and expected not in trailers:
        raise broken(f"the trailer {expected} was announced and did not come")
    for name, value in trailers.items():
        if name.startswith("x-amz-checksum-"):
            check_checksum(name, value, bytes(data))
    return bytes(data), trailers
