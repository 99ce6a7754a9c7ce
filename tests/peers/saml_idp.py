#!/usr/bin/env python3
"""A SAML identity provider made of pysaml2, which this project did not write.

Says in one line of JSON where it listens; ends with its stdin. Its sign-in page takes any person of PEOPLE with the password `demo`, and hands the
answer over by a form with a button, as providers do. KIND=entra names people as Entra ID does, else as Okta does.

POST /control {…}      changes how answers are made (below), and returns what was seen: {"requests": […], "answers": […]}
POST /answer {…}       makes an answer without a browser: {"request": XML or null, "person": …} → {"SAMLResponse": …, "acs": …}

What is made otherwise, each until it is set to null:
  sign       "assertion" (usual) | "both" | "response" | "none"      algorithm   "sha256" (usual) | "sha1" | "sha512"
  key        "first" (usual) | "second" (in the metadata once `roll` is said) | "other" (nobody's)
  audience, recipient, destination, in_response_to, issuer           what stands there instead; "" leaves it out
  skew       seconds by which every time is off                      instant     seconds before now, of AuthnInstant
  format     the NameID's                                            name_id     what stands in it
  attributes {name: value} beside the usual ones                     context     AuthnContextClassRef
  status     the second status code of a refusal                     roll        true: both certificates in the metadata
  endless    true: the confirmation has no end                       mute        true: nothing about the authentication
"""
import base64
import calendar
import datetime
import html
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import urllib.parse
import urllib.request
import zlib

from saml2 import BINDING_HTTP_REDIRECT, class_name, saml, samlp, time_util
from saml2.config import IdPConfig
from saml2.mdstore import MetadataStore
from saml2.metadata import entity_descriptor
from saml2.server import Server
from saml2.sigver import pre_signature_part, signed_instance_factory

PROVIDER = os.environ.get("KIND", "okta")
PEOPLE = {"aiko": "Aiko Tanaka", "maya": "Maya Fischer"}
TENANT = "11111111-2222-4333-8444-555555555555"
ALGORITHMS = {
    "sha1": ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1"),
    "sha256": ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256"),
    "sha512": ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha512"),
}
folder = tempfile.TemporaryDirectory()
control, seen, known = {}, {"requests": [], "answers": []}, {}
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def key(name):
    """A key and its certificate, made once."""
    paths = [os.path.join(folder.name, f"{name}.{end}") for end in ("key", "pem")]
    if not os.path.exists(paths[0]):
        words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={name}"]
        subprocess.run([*words, "-keyout", paths[0], "-out", paths[1]], check=True, capture_output=True)
    return paths


def server(name):
    """pysaml2's identity provider that signs with the key of this name."""
    private, certificate = key(name)
    config = {
        "entityid": ENTITY,
        "key_file": private,
        "cert_file": certificate,
        "service": {"idp": {
            "name": "SAML",
            "endpoints": {"single_sign_on_service": [(f"{ORIGIN}/interaction/sso", BINDING_HTTP_REDIRECT)]},
            "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None, "name_form": "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"}},
        }},
    }
    return Server(config=IdPConfig().load(config))


def metadata():
    """The provider's metadata; with two certificates while keys are rolled over."""
    xml = str(entity_descriptor(SERVERS["first"].config))
    if control.get("roll"):
        both = str(entity_descriptor(SERVERS["second"].config))
        start, end = "<ns0:KeyDescriptor", "</ns0:KeyDescriptor>"
        other = both[both.index(start):both.index(end) + len(end)]
        at = xml.index(start)
        xml = xml[:at] + other + xml[at:]
    return xml


def introduced(idp, issuer):
    """Reads the service provider's own metadata: its name is where that is."""
    if issuer not in known.setdefault(id(idp), set()):
        text = direct.open(issuer, timeout=5).read().decode()
        store = idp.metadata or MetadataStore(None, idp.config)
        store.imp([{"class": "saml2.mdstore.InMemoryMetaData", "metadata": [(text,)]}])
        idp.metadata = store
        known[id(idp)].add(issuer)


def attributes(person):
    name = person if "@" in person else f"{person}@saml.acme.example"
    number = {"aiko": "1", "maya": "2"}.get(person.split("@")[0], "9")
    if PROVIDER == "entra":
        claims = "http://schemas.microsoft.com/identity/claims/"
        return {
            claims + "tenantid": TENANT,
            claims + "objectidentifier": f"00000000-0000-4000-8000-00000000000{number}",
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name": name,
        }
    return {"id": f"00u{number}", "userName": name}


def made(request, person):
    """An answer to this AuthnRequest (None: to none), as XML."""
    asked = {"id": None, "acs": control.get("acs"), "issuer": control.get("sp")}
    if request:
        parsed = samlp.authn_request_from_string(request)
        asked = {"id": parsed.id, "acs": parsed.assertion_consumer_service_url, "issuer": parsed.issuer.text}
    said = lambda name, usual: control[name] if control.get(name) is not None else usual
    idp = SERVERS[said("key", "first")]
    introduced(idp, asked["issuer"])
    form = said("format", saml.NAMEID_FORMAT_UNSPECIFIED)
    name_id = saml.NameID(format=form, text=said("name_id", f"{person}@saml.acme.example"))
    now = datetime.datetime.now(datetime.timezone.utc)
    instant = now - datetime.timedelta(seconds=said("instant", 0))
    response = idp.create_authn_response(
        {}, in_response_to=asked["id"], destination=asked["acs"], sp_entity_id=asked["issuer"], name_id=name_id,
        authn={"class_ref": said("context", saml.AUTHN_PASSWORD_PROTECTED), "authn_instant": int(instant.timestamp())},
        sign_assertion=False, sign_response=False)
    if isinstance(response, str):
        response = samlp.response_from_string(response)
    assertion = response.assertion[0] if isinstance(response.assertion, list) else response.assertion
    response.assertion = [assertion]
    every = {**attributes(person), **said("attributes", {})}
    assertion.attribute_statement = [saml.AttributeStatement(attribute=[
        saml.Attribute(name=name, name_format=saml.NAME_FORMAT_UNSPECIFIED, attribute_value=[saml.AttributeValue(text=value)])
        for name, value in every.items() if value is not None])]
    changed(response, assertion, said)
    if control.get("status"):
        response.assertion = []
        code = samlp.StatusCode(value=samlp.STATUS_RESPONDER, status_code=samlp.StatusCode(value=f"urn:oasis:names:tc:SAML:2.0:status:{control['status']}"))
        response.status = samlp.Status(status_code=code)
        return str(response), asked["acs"]
    sign, digest = ALGORITHMS[said("algorithm", "sha256")]
    which = said("sign", "assertion")
    to_sign = []
    if which in ("assertion", "both"):
        assertion.signature = pre_signature_part(assertion.id, idp.sec.my_cert, 1, sign_alg=sign, digest_alg=digest)
        to_sign.append((class_name(assertion), assertion.id))
    if which in ("response", "both"):
        response.signature = pre_signature_part(response.id, idp.sec.my_cert, 2, sign_alg=sign, digest_alg=digest)
        to_sign.append((class_name(response), response.id))
    if not to_sign:
        return str(response), asked["acs"]
    return str(signed_instance_factory(response, idp.sec, to_sign)), asked["acs"]


def changed(response, assertion, said):
    """What control wants otherwise, before anything is signed."""
    data = assertion.subject.subject_confirmation[0].subject_confirmation_data
    audience = assertion.conditions.audience_restriction
    if control.get("audience") is not None:
        if control["audience"]:
            audience[0].audience[0].text = control["audience"]
        else:
            assertion.conditions.audience_restriction = []
    for name, places in {
        "recipient": [(data, "recipient")],
        "destination": [(response, "destination")],
        "in_response_to": [(data, "in_response_to"), (response, "in_response_to")],
    }.items():
        if control.get(name) is not None:
            for place, attribute in places:
                setattr(place, attribute, control[name] or None)
    if control.get("issuer") is not None:
        response.issuer.text = assertion.issuer.text = control["issuer"]
    skew = said("skew", 0)
    if skew:
        move = lambda text: time_util.instant(time_stamp=calendar.timegm(time_util.str_to_time(text)) + skew)
        data.not_on_or_after = move(data.not_on_or_after)
        assertion.conditions.not_before = move(assertion.conditions.not_before)
        assertion.conditions.not_on_or_after = move(assertion.conditions.not_on_or_after)
    if control.get("mute"):
        assertion.authn_statement = []
    if control.get("endless"):
        data.not_on_or_after = None


STYLE = pathlib.Path(__file__).with_name("page.css").read_text()
TITLE = "Acme · Entra ID (SAML)" if PROVIDER == "entra" else "Acme · Okta (SAML)"
DOMAIN = "entra.acme.example" if PROVIDER == "entra" else "saml.acme.example"
FORM = """<!DOCTYPE html><html lang="en"><title>{name} · {title}</title><style>{style}</style><main><h1>{title}</h1>
<p>{said}</p><p role="alert">{wrong}</p><form method="post" action="{action}">{fields}<button id="{id}">{name}</button></form></main>"""


def sign_in_page(request, relay, user="", wrong=""):
    """The sign-in page."""
    fields = field("SAMLRequest", request) + field("RelayState", relay)
    fields += "<label>User name " + field("username", user, "text") + "</label><label>Password " + field("password", "", "password") + "</label>"
    said = "A demonstration: aiko or maya; the password is demo."
    return FORM.format(name="Sign in", title=TITLE, style=STYLE, said=said, wrong=wrong, id="sign-in", action="/interaction/sign-in", fields=fields)


def field(name, value, kind="hidden"):
    return f'<input type="{kind}" name="{name}" value="{html.escape(value, quote=True)}">'


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, body, kind="text/html; charset=utf-8", status=200):
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlparse(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/interaction/sso":
            request = zlib.decompress(base64.b64decode(query["SAMLRequest"]), -15).decode()
            seen["requests"].append(request)
            return self.answer(sign_in_page(request, query.get("RelayState", "")))
        if url.path == "/metadata":
            return self.answer(metadata(), "application/samlmetadata+xml")
        self.answer("", status=404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/control":
            control.update(json.loads(body))
            return self.answer(json.dumps({**seen, "metadata": metadata()}), "application/json")
        if self.path == "/answer":
            asked = json.loads(body)
            xml, acs = made(asked.get("request"), asked["person"])
            return self.answer(json.dumps({"xml": xml, "acs": acs}), "application/json")
        form = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
        user = form["username"].strip()
        if form.get("password") != "demo" or user.split("@")[0] not in PEOPLE:
            return self.answer(sign_in_page(form["SAMLRequest"], form["RelayState"], user, "Unable to sign in"), status=403)
        xml, acs = made(form["SAMLRequest"], user if "@" in user else f"{user}@{DOMAIN}")
        seen["answers"].append(xml)
        fields = field("SAMLResponse", base64.b64encode(xml.encode()).decode()) + field("RelayState", form["RelayState"])
        said = "You are signed in, and go on to where you came from."
        page = FORM.format(name="Continue", title=TITLE, style=STYLE, said=said, wrong="", id="hand-over", action=html.escape(acs), fields=fields)
        self.answer(page)


listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
ORIGIN = f"http://127.0.0.1:{listener.server_port}"
ENTITY = f"https://sts.windows.net/{TENANT}/" if PROVIDER == "entra" else "http://www.okta.com/exk1"
SERVERS = {name: server(name) for name in ("first", "second", "other")}
threading.Thread(target=listener.serve_forever, daemon=True).start()
ready = {"origin": ORIGIN, "control": f"{ORIGIN}/control", "upstream": {"kind": PROVIDER, "metadata": metadata()}}
print(json.dumps(ready), flush=True)
sys.stdin.read()
