"""AWS for who asks a model: STS (AssumeRoleWithWebIdentity), Identity Center's GetRoleCredentials and Bedrock's ConverseStream, on one
loopback port that writes down every request. A signature is believed only as botocore's own signer makes it, for the credentials that were
given, the region of this place and the host that was asked; what is answered as a stream, botocore's own parser has read before.

In the demonstration it is every region at once (`REGION=any`), and says what `ANSWER` has.

`POST /control` (a port of its own) takes what shall happen next and answers what was seen. One line of JSON when ready; ends when stdin does.
"""
import base64
import binascii
import datetime
import json
import os
import re
import struct
import threading
import time
import urllib.parse as up
import uuid
from http.server import BaseHTTPRequestHandler
from xml.sax.saxutils import escape

import botocore.session
import control
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.eventstream import EventStreamBuffer

STS = "https://sts.amazonaws.com/doc/2011-06-15/"
WORDS = re.findall(r"\S+\s*", os.environ.get("ANSWER", "")) or ["Once ", "upon ", "a ", "time – ", "日本"]
STOPS = ("max_tokens", "content_filtered", "guardrail_intervened", "malformed_model_output")
LOCK = threading.Lock()
GO_ON = threading.Semaphore(0)
# The identity providers that the account knows, each with its audience; without any, everybody's.
PROVIDERS = json.loads(os.environ.get("PROVIDERS", "[]"))
# `faults`: of the next requests of a model, in order; `gate`: the stream waits after its first words until `go_on`.
state = {"region": os.environ.get("REGION", "us-east-1"), "faults": [], "gate": False, "clock": 0, "role_ttl": 3600, "sts_fault": None, "sts_now": None}
# `told_at`: the time of the last answer's first words.
seen = {"requests": [], "given": 0, "roles": [], "told_at": None, "secrets": []}
given = {}  # access key → Credentials
spent = set()


class Refused(Exception):
    def __init__(self, status, kind, message):
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


def give():
    """New credentials, as the role's."""
    seen["given"] += 1
    key = f"ASIA{seen['given']:016d}"
    given[key] = Credentials(key, f"role-secret-{uuid.uuid4()}", f"role-token-{uuid.uuid4()}")
    seen["secrets"] += [given[key].secret_key, given[key].token]
    return given[key], time.time() + state["role_ttl"]


def header(name, value):
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()


def message(headers, payload):
    """One message of application/vnd.amazon.eventstream."""
    packed = b"".join(header(*one) for one in headers.items())
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(packed) + len(body), len(packed))
    prelude += struct.pack(">I", binascii.crc32(prelude))
    whole = prelude + packed + body
    whole += struct.pack(">I", binascii.crc32(whole))
    buffer = EventStreamBuffer()
    buffer.add_data(whole)
    (read,) = list(buffer)
    assert (read.headers, read.payload) == (headers, body), "botocore reads another message"
    return whole


def event(kind, payload):
    return message({":event-type": kind, ":content-type": "application/json", ":message-type": "event"}, payload)


def exception(kind, words):
    return message({":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}, {"message": words})


def words(text):
    return event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}})


def end(reason="end_turn"):
    usage = {"inputTokens": 12, "outputTokens": len(WORDS), "totalTokens": 12 + len(WORDS)}
    return [event("contentBlockStop", {"contentBlockIndex": 0}), event("messageStop", {"stopReason": reason}),
            event("metadata", {"usage": usage, "metrics": {"latencyMs": 1}})]


def signed_by(request, path, body):
    """Whose signature it is, or Refused: made anew by botocore and compared."""
    authorization = request.headers.get("authorization", "")
    scheme, _, rest = authorization.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(",")) if scheme == "AWS4-HMAC-SHA256" else {}
    scope = parts.get("Credential", "").split("/")
    if len(scope) != 5:
        raise Refused(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    key, day, region, service, ending = scope
    stamp = request.headers.get("x-amz-date", "")
    here = region if state["region"] == "any" else state["region"]
    if (region, service, ending, day) != (here, "bedrock", "aws4_request", stamp[:8]):
        raise Refused(403, "InvalidSignatureException", "Credential should be scoped to a valid region.")
    credentials = given.get(key)
    if credentials is None or request.headers.get("x-amz-security-token") != credentials.token:
        raise Refused(403, "UnrecognizedClientException", "The security token included in the request is invalid.")
    if key in spent:
        raise Refused(403, "ExpiredTokenException", "The security token included in the request is expired")
    at = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()
    if abs(at - time.time() - state["clock"]) > 300:
        raise Refused(403, "InvalidSignatureException", "Signature not yet current")
    names = parts["SignedHeaders"].split(";")
    if not {"host", "x-amz-date", "x-amz-security-token"} <= set(names):
        raise Refused(403, "InvalidSignatureException", "too little is signed")
    headers = {name: request.headers[name] for name in names}
    again = AWSRequest("POST", f"http://{request.headers['host']}{path}", headers, body)
    again.context["timestamp"] = stamp
    signer = SigV4Auth(credentials, service, region)
    signature = signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)
    if signature != parts["Signature"]:
        raise Refused(403, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided.")
    return key


def not_believed(asked):
    """Why STS gives this token nothing, by its claims; its signature is looked at by `sts.py`."""
    if (asked.get("Action"), asked.get("Version")) != ("AssumeRoleWithWebIdentity", "2011-06-15"):
        return "InvalidAction"
    claims = json.loads(base64.urlsafe_b64decode(asked["WebIdentityToken"].split(".")[1] + "=="))
    if PROVIDERS and [claims.get("iss"), claims.get("aud")] not in PROVIDERS:
        return "InvalidIdentityToken"
    if claims.get("exp", 0) <= (state["sts_now"] or time.time()):
        return "ExpiredTokenException"
    return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return super().date_time_string((timestamp or time.time()) + state["clock"])

    def answer(self, status, body, content="application/json", headers=()):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (("Content-Type", content), ("Content-Length", str(len(data))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, refused, headers=()):
        request_id = ("x-amzn-RequestId", str(uuid.uuid4()))
        kind = ("x-amzn-ErrorType", f"{refused.kind}:http://internal.amazon.com/coral/")
        self.answer(refused.status, {"message": refused.message}, headers=(request_id, kind, *headers))

    def chunk(self, data):
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def stream(self, fault):
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.amazon.eventstream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        begin = [event("messageStart", {"role": "assistant"}), words(WORDS[0])]
        if fault == "exception_first":
            begin = [exception("throttlingException", "Too many tokens, please wait before trying again.")]
        for one in begin:
            seen["told_at"] = time.time()
            self.chunk(one)
        if fault == "exception_first":
            return self.chunk(b"")
        if state["gate"]:
            GO_ON.acquire()
        if fault == "exception_later":
            self.chunk(exception("modelStreamErrorException", "The system encountered an unexpected error during processing."))
            return self.chunk(b"")
        if fault == "cut":
            half = words(WORDS[1])
            self.chunk(half[: len(half) // 2])
            self.close_connection = True
            return self.connection.close()
        if fault == "ends_early":
            return self.chunk(b"")
        if fault == "flipped":
            broken = bytearray(words(WORDS[1]))
            broken[-6] ^= 1
            self.chunk(bytes(broken))
            return self.chunk(b"")
        ending = end(fault if fault in STOPS else "end_turn")
        if fault == "no_metadata":
            ending = end("max_tokens")[:-1]
        for one in [words(text) for text in WORDS[1:]] + ending:
            self.chunk(one)
        if fault in ("cut_at_the_end", "no_metadata"):
            self.close_connection = True
            return self.connection.close()
        self.chunk(b"")

    def converse(self, path, body):
        record = {"path": up.unquote(path), "host": self.headers.get("host"), "body": json.loads(body), "refused": None}
        seen["requests"].append(record)
        try:
            record["key"] = signed_by(self, path, body)
            fault = state["faults"].pop(0) if state["faults"] else None
            if isinstance(fault, dict):
                raise Refused(fault["status"], fault["kind"], fault.get("message", ""))
        except Refused as refused:
            record["refused"] = refused.kind
            wait = [("Retry-After", str(fault["retry_after"]))] if isinstance(locals().get("fault"), dict) and "retry_after" in fault else []
            return self.refuse(refused, wait)
        return self.stream(fault)

    def assume(self, asked):
        seen["roles"].append({name: asked.get(name) for name in ("RoleArn", "RoleSessionName")})
        fault = state["sts_fault"] or not_believed(asked)
        if fault:
            said = f"<ErrorResponse xmlns=\"{STS}\"><Error><Type>Sender</Type><Code>{fault}</Code><Message>refused</Message></Error></ErrorResponse>"
            return self.answer(403, said, "text/xml")
        credentials, ends = give()
        until = datetime.datetime.fromtimestamp(ends, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in (
            ("AccessKeyId", credentials.access_key), ("SecretAccessKey", credentials.secret_key), ("SessionToken", credentials.token), ("Expiration", until)))
        result = f"<AssumeRoleWithWebIdentityResult><Credentials>{inside}</Credentials></AssumeRoleWithWebIdentityResult>"
        return self.answer(200, f'<AssumeRoleWithWebIdentityResponse xmlns="{STS}">{result}</AssumeRoleWithWebIdentityResponse>', "text/xml")

    def do_GET(self):
        parsed = up.urlparse(self.path)
        if parsed.path != "/federation/credentials":
            return self.answer(200, {})
        query = dict(up.parse_qsl(parsed.query))
        if query.get("role_name") != "Kiro":
            return self.answer(403, {"message": "No access"}, headers=(("x-amzn-ErrorType", "ForbiddenException"),))
        seen["roles"].append(query)
        credentials, ends = give()
        return self.answer(200, {"roleCredentials": {
            "accessKeyId": credentials.access_key, "secretAccessKey": credentials.secret_key, "sessionToken": credentials.token, "expiration": int(ends * 1000)}})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path.startswith("/model/"):
            return self.converse(self.path, body)
        return self.assume(dict(up.parse_qsl(body.decode())))


def read_by_botocore():
    """The same answer, asked for and read by AWS's own client for Python."""
    credentials, _ = give()
    client = botocore.session.Session().create_client(
        "bedrock-runtime", region_name=state["region"], endpoint_url=ORIGIN, aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key, aws_session_token=credentials.token, config=Config(retries={"total_max_attempts": 1}))
    answer = client.converse_stream(modelId="us.v.m", messages=[{"role": "user", "content": [{"text": "?"}]}])
    return "".join(one["contentBlockDelta"]["delta"]["text"] for one in answer["stream"] if "contentBlockDelta" in one)


server = control.server_of(Handler)
ORIGIN = control.origin_of(server)
control.run(server, state, seen, LOCK, {"spend": lambda: spent.update(given), "go_on": GO_ON.release, "botocore": read_by_botocore})
