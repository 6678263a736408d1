# SPDX-License-Identifier: Apache-2.0
"""What botocore says of a request to a service that speaks AWS JSON. For every pack whose product code calls such a service.

judge = Judge(access_key, secret_key, session_token="", region="us-east-1")
service, operation, parameters = judge.check(method, target, headers, body)      # raises Wrong, saying what is wrong

Checked: target, content type and operation against the published model; the body against its input shape (unknown members, types,
required members, ranges and patterns) by botocore's validator; that botocore's serializer makes the same body of it; and the
signature, computed by botocore's signer from the request as it was received.

operation = s3_operation(method, target, headers)     # of a request to S3, whose model binds members to method, path, query and headers
"""

import base64
import datetime
import decimal
import json
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.serialize
import botocore.session
import botocore.validate

SERVICES = ("glue", "kinesis", "timestream-query", "timestream-write")


class Wrong(AssertionError):
    pass


def as_parameters(value, shape, path):
    """JSON of a request, as the Python values that botocore takes."""
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict):
            raise Wrong(f"{path} is no object")
        for name in value:
            if name not in shape.members:
                raise Wrong(f"{path}.{name}: the model has no such member")
        return {name: as_parameters(member, shape.members[name], f"{path}.{name}") for name, member in value.items()}
    if kind == "list":
        if not isinstance(value, list):
            raise Wrong(f"{path} is no array")
        return [as_parameters(item, shape.member, f"{path}[{index}]") for index, item in enumerate(value)]
    if kind == "map":
        return {name: as_parameters(item, shape.value, f"{path}.{name}") for name, item in value.items()}
    if kind == "blob":
        try:
            return base64.b64decode(value, validate=True)
        except (ValueError, TypeError) as error:
            raise Wrong(f"{path} is no base64: {error}") from None
    if kind == "timestamp":
        if not isinstance(value, (int, decimal.Decimal)):
            raise Wrong(f"{path} is no number of seconds")
        return datetime.datetime.fromtimestamp(float(value), datetime.timezone.utc)
    if kind in ("double", "float"):
        return float(value)
    if shape.type_name == "string" and getattr(shape, "enum", None) and value not in shape.enum:
        raise Wrong(f"{path}: '{value}' is none of {shape.enum}")
    return value


TRANSPORT = {"host", "authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "content-length", "user-agent", "accept"}
S3_MODEL = None


def s3_operation(method, target, headers, bucket):
    """The operation that a path-style request with these headers is. What the model does not bind to it is wrong."""
    global S3_MODEL
    S3_MODEL = S3_MODEL or botocore.session.Session().get_service_model("s3")
    path, _, query = target.partition("?")
    if path != f"/{bucket}" and not path.startswith(f"/{bucket}/"):
        raise Wrong(f"{target} is not of bucket {bucket}")
    uri = "/{Bucket}" if path in (f"/{bucket}", f"/{bucket}/") else "/{Bucket}/{Key+}"
    sent = set(urllib.parse.parse_qs(query, keep_blank_values=True)) if query else set()
    faults = []
    for name in S3_MODEL.operation_names:
        operation = S3_MODEL.operation_model(name)
        wanted, _, fixed = operation.http["requestUri"].partition("?")
        if operation.http["method"] != method or wanted != uri or set(urllib.parse.parse_qs(fixed, keep_blank_values=True)) - sent:
            continue
        members = operation.input_shape.members.values()
        bound = {kind: {member.serialization["name"].lower() for member in members if member.serialization.get("location") == kind} for kind in ("header", "querystring", "headers")}
        required = {operation.input_shape.members[member].serialization.get("name", "").lower() for member in operation.input_shape.required_members} - {"bucket", "key"}
        known = TRANSPORT | bound["header"]
        strange = {header.lower() for header, _ in headers if header.lower() not in known and not any(header.lower().startswith(prefix) for prefix in bound["headers"])}
        strange |= {member for member in sent if member.lower() not in bound["querystring"] and member not in urllib.parse.parse_qs(fixed, keep_blank_values=True)}
        missing = {member for member in required if member not in {header.lower() for header, _ in headers} | {name.lower() for name in sent}}
        if not strange and not missing:
            return name
        faults.append(f"{name} knows no {sorted(strange)}" if strange else f"{name} needs {sorted(missing)}")
    raise Wrong(f"{method} {target} is no request of S3: {'; '.join(faults) or 'no operation has this method and path'}")


class Judge:
    def __init__(self, access_key, secret_key, session_token="", region="us-east-1"):
        self.credentials = botocore.credentials.Credentials(access_key, secret_key, session_token or None)
        self.region = region
        session = botocore.session.Session()
        self.models = {name: session.get_service_model(name) for name in SERVICES}

    def check(self, method, target, headers, body):
        values = {name.lower(): value for name, value in headers}
        if len(values) != len(headers):
            raise Wrong(f"a header occurs twice: {[name for name, _ in headers]}")
        if method != "POST" or target != "/":
            raise Wrong(f"{method} {target} and not POST /")
        wanted = values.get("x-amz-target", "")
        prefix, _, operation = wanted.rpartition(".")
        found = [model for model in self.models.values() if model.metadata["targetPrefix"] == prefix and operation in model.operation_names]
        if not found:
            raise Wrong(f"no service has the target '{wanted}'")
        model = found[0]
        content_type = "application/x-amz-json-" + model.metadata["jsonVersion"]
        if values.get("content-type") != content_type:
            raise Wrong(f"the content type is {values.get('content-type')} and not {content_type}")
        self.check_body(model, operation, body)
        self.check_signature(model, method, target, values, body)
        return model.service_name, operation, json.loads(body)

    def check_body(self, model, operation, body):
        shape = model.operation_model(operation).input_shape
        value = json.loads(body, parse_float=decimal.Decimal)
        parameters = as_parameters(value, shape, operation)
        report = botocore.validate.ParamValidator().validate(parameters, shape)
        if report.has_errors():
            raise Wrong(f"{operation}: {report.generate_report()}")
        again = botocore.serialize.create_serializer("json").serialize_to_request(parameters, model.operation_model(operation))
        ours, theirs = json.loads(body, parse_float=float), json.loads(again["body"], parse_float=float)
        if ours != theirs:
            raise Wrong(f"{operation}: botocore would send {theirs} and not {ours}")

    def check_signature(self, model, method, target, values, body):
        authorization = values.get("authorization", "")
        signed = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        if self.credentials.token != values.get("x-amz-security-token"):
            raise Wrong("the session token is not the one that was given")
        request = botocore.awsrequest.AWSRequest(method=method, url=f"http://{values['host']}{target}", data=body,
                                                 headers={name: values[name] for name in signed if name != "host"})
        request.context["timestamp"] = values["x-amz-date"]
        signer = botocore.auth.SigV4Auth(self.credentials, model.signing_name, self.region)
        text = signer.string_to_sign(request, signer.canonical_request(request))
        expected = (f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={';'.join(signed)}, "
                    f"Signature={signer.signature(text, request)}")
        if authorization != expected:
            raise Wrong(f"Authorization is\n{authorization}\nand should be\n{expected}")
        for name in ("host", "x-amz-date", "x-amz-target", "content-type", *(["x-amz-security-token"] if self.credentials.token else [])):
            if name not in signed:
                raise Wrong(f"the header {name} is not signed")
