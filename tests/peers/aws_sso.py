"""A stand-in for AWS's own Identity Center: what ours (Peer::identity_center) does not do. It gives credentials for a role, and errors,
short lives, a wrong clock and a start URL of elsewhere on demand; everything else about signing in is tried at the service itself.

sso-oidc and the SSO portal on one loopback port. Every request is checked against botocore's own service model (required members,
types, unknown members refused); what it does not describe (the browser's GET /authorize, the pages) is checked by hand. A second port
takes `POST /control`. One line of JSON when ready; ends when stdin does.
"""
import base64
import hashlib
import html
import json
import pathlib
import secrets
import threading
import time
import urllib.parse as up
import uuid
from http.server import BaseHTTPRequestHandler

import botocore.loaders
import botocore.model
import control

LOADER = botocore.loaders.Loader()
OIDC = botocore.model.ServiceModel(LOADER.load_service_model("sso-oidc", "service-2"))
PORTAL = botocore.model.ServiceModel(LOADER.load_service_model("sso", "service-2"))
OPERATIONS = {
    (m.operation_model(name).http["method"], m.operation_model(name).http["requestUri"].split("?")[0]): m.operation_model(name)
    for m in (OIDC, PORTAL) for name in m.operation_names if name != "CreateTokenWithIAM"  # signed, for confidential clients: same path
}
STATUS = {"InvalidClientException": 401, "InternalServerException": 500, "UnauthorizedException": 401, "ResourceNotFoundException": 404, "TooManyRequestsException": 429}
NAMES = {
    "invalid_request": "InvalidRequestException", "invalid_client": "InvalidClientException", "invalid_grant": "InvalidGrantException",
    "unsupported_grant_type": "UnsupportedGrantTypeException", "authorization_pending": "AuthorizationPendingException",
    "slow_down": "SlowDownException", "access_denied": "AccessDeniedException", "expired_token": "ExpiredTokenException",
    "server_error": "InternalServerException", "invalid_redirect_uri": "InvalidRedirectUriException", "invalid_scope": "InvalidScopeException",
}
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
STYLE = (pathlib.Path(__file__).parent / "page.css").read_text()
PEOPLE = {"aiko": "demo"}
START_URL = "https://acme.awsapps.com/start"
TOKEN_TTL = 3600
LOCK = threading.Lock()
state = {"next_token": [], "start_url": START_URL, "device_ttl": 600, "role_ttl": 3600, "token_ttl": TOKEN_TTL, "clock": 0}
seen = {"registrations": 0, "role_credentials": 0, "malformed": [], "secrets": []}
clients, codes, devices, refresh_tokens, access_tokens = {}, {}, {}, {}, {}


class Refused(Exception):
    def __init__(self, error, description=""):
        super().__init__(error)
        self.error, self.description = error, description


def secret(kind):
    made = f"aws-{kind}-{secrets.token_urlsafe(32)}"
    seen["secrets"].append(made)
    return made


def check(shape, value, where):
    """The value against the model's shape: the first fault, or None."""
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict):
            return f"{where}: an object"
        for name in shape.required_members:
            if value.get(name) is None:
                return f"{where}.{name}: missing"
        for name, member in value.items():
            if name not in shape.members:
                return f"{where}.{name}: unknown"
            fault = check(shape.members[name], member, f"{where}.{name}")
            if fault:
                return fault
        return None
    if kind == "list":
        if not isinstance(value, list):
            return f"{where}: a list"
        return next((f for f in (check(shape.member, v, f"{where}[]") for v in value) if f), None)
    wanted = {"string": str, "integer": int, "long": int, "boolean": bool}.get(kind)
    return None if wanted is None or isinstance(value, wanted) else f"{where}: a {kind}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return super().date_time_string((timestamp or time.time()) + state["clock"])

    def answer(self, status, body, kind=None, content="application/json"):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", content)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        if kind:
            self.send_header("x-amzn-ErrorType", kind)
        self.end_headers()
        self.wfile.write(data)

    def redirect(self, to):
        self.send_response(302)
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def refuse(self, refused):
        kind = NAMES[refused.error]
        self.answer(STATUS.get(kind, 400), {"error": refused.error, "error_description": refused.description}, kind)

    def members(self, operation, query, body):
        shape, value = operation.input_shape, dict(body)
        for name, member in shape.members.items():
            place = member.serialization
            if place.get("location") == "querystring" and place["name"] in query:
                text = query[place["name"]]
                value[name] = int(text) if member.type_name == "integer" else text
            elif place.get("location") == "header" and place["name"] in self.headers:
                value[name] = self.headers[place["name"]]
        return value, check(shape, value, operation.name)

    def handle_request(self):
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length).decode() if length else ""
        parsed = up.urlparse(self.path)
        query = dict(up.parse_qsl(parsed.query))
        operation = OPERATIONS.get((self.command, parsed.path))
        if operation is None:
            return self.page(parsed.path, query, dict(up.parse_qsl(raw)))
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            body = None
        value, fault = self.members(operation, query, body) if isinstance(body, dict) else (None, "the body is not a JSON object")
        with LOCK:
            if fault:
                seen["malformed"].append(fault)
                if operation.service_model is PORTAL:
                    if "x-amz-sso_bearer_token" not in self.headers:
                        return self.answer(401, {"message": "Session token not found or invalid"}, "UnauthorizedException")
                    return self.answer(400, {"message": fault}, "InvalidRequestException")
                return self.refuse(Refused("invalid_request", fault))
            try:
                return getattr(self, operation.name)(value)
            except Refused as refused:
                return self.refuse(refused)

    do_GET = do_POST = handle_request

    # sso-oidc
    def RegisterClient(self, value):
        for uri in value.get("redirectUris", []):
            if not uri.startswith("http://127.0.0.1"):
                raise Refused("invalid_redirect_uri", "only loopback redirects for public clients")
        if value["clientType"] != "public":
            raise Refused("invalid_request", "clientType")
        seen["registrations"] += 1
        now, client = int(time.time()), f"cid-{uuid.uuid4().hex}"
        clients[client] = {"secret": secret("client"), "redirects": value.get("redirectUris", []), "grants": value.get("grantTypes", [DEVICE, "refresh_token"]), "ends": now + 90 * 86400}
        self.answer(200, {"clientId": client, "clientSecret": clients[client]["secret"], "clientIdIssuedAt": now, "clientSecretExpiresAt": clients[client]["ends"]})

    def client(self, value):
        known = clients.get(value["clientId"])
        if not known or known["secret"] != value["clientSecret"] or known["ends"] < time.time():
            raise Refused("invalid_client", "Invalid client")
        return known

    def StartDeviceAuthorization(self, value):
        self.client(value)
        if value["startUrl"].rstrip("/") != state["start_url"]:
            raise Refused("invalid_request", "")
        device, user = secret("device"), f"{secrets.token_hex(2)}-{secrets.token_hex(2)}".upper()
        devices[device] = {"user": user, "client": value["clientId"], "allowed": None, "asked": 0.0}
        address = f"{ORIGIN}/device"
        self.answer(200, {"deviceCode": device, "userCode": user, "verificationUri": address, "verificationUriComplete": f"{address}?user_code={user}", "expiresIn": state["device_ttl"], "interval": 1})

    def CreateToken(self, value):
        grant = value["grantType"]
        if state["next_token"]:
            forced = state["next_token"].pop(0)
            return self.answer(forced["status"], forced.get("body", {"error": "server_error", "error_description": ""}), NAMES.get(forced.get("body", {}).get("error", "server_error")))
        self.client(value)
        if grant == "authorization_code":
            if "codeVerifier" in value:
                seen["secrets"].append(value["codeVerifier"])
            code = codes.pop(value.get("code"), None)
            proof = base64.urlsafe_b64encode(hashlib.sha256(value.get("codeVerifier", "").encode()).digest()).decode().rstrip("=")
            if not code or code["client"] != value["clientId"] or code["redirect"] != value.get("redirectUri") or code["challenge"] != proof or code["ends"] < time.time():
                raise Refused("invalid_grant", "Invalid authorization code provided")
        elif grant == DEVICE:
            device = devices.get(value.get("deviceCode"))
            if not device or device["client"] != value["clientId"]:
                raise Refused("invalid_grant", "Invalid device code provided")
            now = time.time()
            hasty, device["asked"] = now - device["asked"] < 0.9, now
            if device["allowed"] is None:
                raise Refused("slow_down" if hasty else "authorization_pending")
            del devices[value["deviceCode"]]
            if not device["allowed"]:
                raise Refused("access_denied", "The person refused")
        elif grant == "refresh_token":
            if refresh_tokens.pop(value.get("refreshToken"), None) != value["clientId"]:
                raise Refused("invalid_grant", "Invalid refresh token provided")
        else:
            raise Refused("unsupported_grant_type", grant)
        access, refresh = secret("access"), secret("refresh")
        access_tokens[access] = time.time() + TOKEN_TTL
        refresh_tokens[refresh] = value["clientId"]
        self.answer(200, {"accessToken": access, "tokenType": "Bearer", "expiresIn": state["token_ttl"], "refreshToken": refresh})

    # portal
    def bearer(self, value):
        if access_tokens.get(value["accessToken"], 0) < time.time():
            self.answer(401, {"message": "Session token not found or invalid"}, "UnauthorizedException")
            return False
        return True

    def ListAccounts(self, value):
        if self.bearer(value):
            self.answer(200, {"accountList": [{"accountId": "111122223333", "accountName": "dev", "emailAddress": "root@acme.com"}]})

    def ListAccountRoles(self, value):
        if self.bearer(value):
            self.answer(200, {"roleList": [{"roleName": "Developer", "accountId": value["accountId"]}]})

    def GetRoleCredentials(self, value):
        if self.bearer(value):
            if value["roleName"] != "Developer":
                return self.answer(403, {"message": "No access"}, "ForbiddenException")
            seen["role_credentials"] += 1
            self.answer(200, {"roleCredentials": {"accessKeyId": "ASIAEXAMPLE", "secretAccessKey": secret("key"), "sessionToken": secret("session"), "expiration": int(time.time() + state["role_ttl"]) * 1000}})

    def Logout(self, value):
        if self.bearer(value):
            del access_tokens[value["accessToken"]]
            refresh_tokens.clear()
            self.answer(200, "")

    # the person's pages
    def page(self, path, query, form):
        if path == "/authorize" and self.command == "GET":
            return self.authorize(query)
        if path == "/interaction/sign-in" and self.command == "POST":
            if PEOPLE.get(form.get("username")) != form.get("password"):
                return self.form(query, "Unable to sign in")
            if "user_code" in query:
                for device in devices.values():
                    if device["user"] == query["user_code"].upper():
                        device["allowed"] = "deny" not in form
                        return self.answer(200, "<h1>Request approved</h1>", content="text/html")
                return self.answer(400, "<h1>No such code</h1>", content="text/html")
            code = secret("code")
            codes[code] = {"client": query["client_id"], "redirect": query["redirect_uri"], "challenge": query["code_challenge"], "ends": time.time() + 60}
            return self.redirect(query["redirect_uri"] + "?" + up.urlencode({"code": code, "state": query["state"]}))
        if path in ("/device", "/interaction/sign-in"):
            return self.redirect("/interaction/form?" + up.urlencode(query))
        if path == "/interaction/form":
            return self.form(query, "")
        return self.answer(404, {"message": "no such path"}, "ResourceNotFoundException")

    def form(self, query, problem):
        self.answer(200, f"<!doctype html><title>AWS access portal</title><style>{STYLE}</style><main><h1>AWS access portal</h1>"
                    f"<p>A demonstration: aiko; the password is demo.</p><p role=alert>{html.escape(problem)}</p>"
                    f"<form method=post action='/interaction/sign-in?{html.escape(up.urlencode(query))}'>"
                    "<label>User name <input name=username></label><label>Password <input name=password type=password></label>"
                    "<button id=sign-in>Sign in</button><button id=cancel name=deny value=1>Deny</button></form></main>", content="text/html")

    def authorize(self, query):
        client, redirect = clients.get(query.get("client_id")), up.urlparse(query.get("redirect_uri", ""))
        fault = None
        if not client:
            fault = "unknown client"
        elif redirect.scheme != "http" or redirect.hostname != "127.0.0.1" or f"http://127.0.0.1{redirect.path}" not in client["redirects"]:
            fault = "redirect_uri"
        elif "scopes" not in query or "scope" in query:
            fault = "`scopes`, plural"
        elif query.get("response_type") != "code" or query.get("code_challenge_method") != "S256" or len(query.get("code_challenge", "")) != 43 or not query.get("state"):
            fault = "response_type, state and an S256 challenge are required"
        if fault:
            seen["malformed"].append(f"authorize: {fault}")
            return self.answer(400, {"error": "invalid_request", "error_description": fault}, "InvalidRequestException")
        seen["secrets"].append(query["state"])
        return self.redirect("/interaction/form?" + up.urlencode(query))


server = control.server_of(Handler)
ORIGIN = control.origin_of(server)
control.run(server, state, seen, LOCK, start_url=START_URL, region="us-east-1")
