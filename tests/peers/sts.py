"""AWS STS for the tests. AssumeRoleWithWebIdentity believes a token only as AWS does: verified by the discovery document and the keys of a
provider that the account knows. What it then gives is moto's.

`POST /control` {"provider": ISSUER} makes a provider known (IAM's create-open-id-connect-provider), and answers with the roles that were
taken. One line of JSON when ready; ends when stdin does.
"""
import base64
import json
import os
import sys
import threading
import time
import urllib.parse as up
import urllib.request as ur
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

import boto3
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from moto import mock_aws

AUDIENCE = "sts.amazonaws.com"
NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
GIVEN = ("RoleArn", "RoleSessionName", "DurationSeconds")
direct = ur.build_opener(ur.ProxyHandler({}))
providers, taken = set(), []


class Refused(Exception):
    pass


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def fetched(url):
    with direct.open(url, timeout=5) as answer:
        return json.load(answer)


def verified(token):
    """The claims of a token, or Refused."""
    head, body, signature = token.split(".")
    header, claims = json.loads(unbase64(head)), json.loads(unbase64(body))
    if claims["iss"] not in providers:
        raise Refused("InvalidIdentityToken")
    document = fetched(claims["iss"].rstrip("/") + "/.well-known/openid-configuration")
    if document["issuer"] != claims["iss"] or header["alg"] != "ES256":
        raise Refused("InvalidIdentityToken")
    key = next((key for key in fetched(document["jwks_uri"])["keys"] if key["kid"] == header["kid"]), None)
    if key is None:
        raise Refused("InvalidIdentityToken")
    number = lambda text: int.from_bytes(unbase64(text), "big")
    public = ec.EllipticCurvePublicNumbers(number(key["x"]), number(key["y"]), ec.SECP256R1()).public_key()
    raw = unbase64(signature)
    whole = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public.verify(whole, f"{head}.{body}".encode(), ec.ECDSA(SHA256()))
    if claims["aud"] != AUDIENCE:
        raise Refused("InvalidIdentityToken")
    if claims["exp"] < time.time():
        raise Refused("ExpiredTokenException")
    return claims


def assumed(asked):
    claims = verified(asked["WebIdentityToken"])
    with mock_aws():
        sts = boto3.client("sts", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        given = {name: asked[name] for name in GIVEN} | {"DurationSeconds": int(asked["DurationSeconds"])}
        credentials = sts.assume_role_with_web_identity(WebIdentityToken=asked["WebIdentityToken"], **given)["Credentials"]
    taken.append({"sub": claims["sub"], **{name: asked[name] for name in GIVEN}})
    ends = credentials["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ")
    parts = {**{name: credentials[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}, "Expiration": ends}
    text = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in parts.items())
    return f'<AssumeRoleWithWebIdentityResponse xmlns="{NAMESPACE}"><AssumeRoleWithWebIdentityResult><Credentials>{text}</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>'


class Sts(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        if self.path == "/control":
            provider = json.loads(body).get("provider")
            if provider:
                providers.add(provider)
            return self.answer(200, json.dumps({"taken": taken}))
        asked = dict(up.parse_qsl(body))
        try:
            if asked.get("Action") != "AssumeRoleWithWebIdentity" or asked.get("Version") != "2011-06-15":
                raise Refused("InvalidAction")
            return self.answer(200, assumed(asked))
        except Refused as refused:
            code = str(refused)
        except (InvalidSignature, KeyError, ValueError):
            code = "InvalidIdentityToken"
        self.answer(400, f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code><Message>x</Message></Error></ErrorResponse>')

    def answer(self, status, text):
        data = text.encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Sts)
origin = f"http://127.0.0.1:{server.server_port}"
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"endpoint": f"{origin}/", "control": f"{origin}/control"}), flush=True)
sys.stdin.read()
os._exit(0)
