"""The same requests to a SCIM endpoint and to scim2-server: scim_differential.py URL TOKEN.

Prints, as one line of JSON, how many were asked and to which the two answered otherwise: [request, ours, theirs]. An answer is its
status and scimType, and what it says of whom; ids, addresses, times and versions are each server's own. After a PATCH, what is read is
compared, since a server may answer 200 or 204. scim2-server keeps no `groups` of people, and leaves `active` as it came: here who is
not said to be inactive is active.
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
import wsgiref.util
from io import BytesIO

from scim2_models import ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


class Ours:
    def __init__(self, url, token):
        self.url, self.token = url, token

    def ask(self, method, path, body):
        request = urllib.request.Request(self.url + path, data=body, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", "application/scim+json")
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


class Theirs:
    def __init__(self):
        provider = ScimProvider.from_discovery(
            load_default_schemas().values(),
            load_default_resource_types().values(),
            config=load_default_service_provider_config(),
        )
        service = ScimService(provider, secret="x" * 43)
        self.application = BearerTokenApplication(InMemoryStorage(), provider, service=service)

    def ask(self, method, path, body):
        path, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": "/v2" + urllib.parse.unquote(path),
            "QUERY_STRING": query,
            "CONTENT_TYPE": "application/scim+json",
            "CONTENT_LENGTH": str(len(body or b"")),
            "wsgi.input": BytesIO(body or b""),
        }
        wsgiref.util.setup_testing_defaults(environ)
        told = []
        answer = b"".join(self.application(environ, lambda status, headers, *_: told.append(status)))
        return int(told[0].split()[0]), answer


def put_in(value, ids):
    """Names become the ids that this server gave."""
    text = json.dumps(value)
    for name, id in ids.items():
        text = text.replace(f"<{name}>", id)
    return text


def said(document):
    """What an answer says that is not the server's own."""
    if "Resources" in document:
        # Without an order that is asked for, the order is the server's own.
        all = sorted((json.dumps(said(one), sort_keys=True) for one in document["Resources"]))
        return [document.get("totalResults"), document.get("itemsPerPage"), *all]
    kept = {name: value for name, value in document.items() if name not in ("id", "meta", "schemas", "groups")}
    if kept.get("active"):
        del kept["active"]
    if "members" in kept:
        kept["members"] = len(kept["members"])
    return kept


def outcome(server, ids, request):
    method, path, body = request
    path = json.loads(put_in(path, ids))
    body = None if body is None else put_in(body, ids).encode()
    status, answer = server.ask(method, path, body)
    document = json.loads(answer) if answer else None
    if status >= 400:
        return [status, (document or {}).get("scimType")], document
    if method == "PATCH":
        _, read = outcome(server, ids, ("GET", request[1], None))
        return ["done", said(read)], read
    return [status, None if document is None else said(document)], document


PEOPLE = [
    {"userName": "aiko@acme.example", "externalId": "E1", "displayName": "Aiko", "title": "Guide", "active": True,
     "name": {"givenName": "Aiko", "familyName": "Tanaka"},
     "emails": [{"value": "Aiko@acme.example", "type": "work", "primary": True}, {"value": "aiko@home.example", "type": "home"}]},
    {"userName": "Ben@acme.example", "externalId": "e1", "displayName": "ben", "active": False, "name": {"familyName": "O'Hara"},
     "emails": [{"value": "ben@acme.example", "type": "work"}]},
    {"userName": "carl", "title": "Boss", "name": {"givenName": "Carl"}},
    {"userName": "dora", "displayName": "Dora 100%", "title": "guide", "phoneNumbers": [{"value": "+81", "type": "mobile"}]},
]


def filters():
    texts = ["userName", "displayName", "title", "externalId", "name.familyName", "emails.value", "emails.type"]
    for name in texts:
        for operator, value in [("eq", "guide"), ("eq", "AIKO"), ("ne", "Guide"), ("co", "e"), ("sw", "b"), ("ew", "E"), ("gt", "c")]:
            yield f'{name} {operator} "{value}"'
        yield f"{name} pr"
    yield from [
        'userName eq "AIKO@ACME.EXAMPLE"', 'externalId eq "E1"', 'externalId eq "e1"', "active eq true", "active eq false",
        "active ne true", "not (active eq true)", 'not (title pr)', 'title pr and active eq true', 'title eq "boss" or displayName pr',
        'title pr or userName pr and active eq false', '(title pr or userName pr) and active eq false', 'emails[type eq "work"]',
        'emails[type eq "work" and value co "aiko"]', 'emails[type eq "home" and value co "ben"]', 'emails[not (type eq "work")]',
        'emails.value co "home" and emails.type eq "work"', "emails pr", "groups pr", "phoneNumbers pr", 'phoneNumbers.type eq "mobile"',
        'meta.created gt "2020-01-01T00:00:00Z"', 'meta.lastModified lt "2020-01-01T00:00:00Z"', 'meta.resourceType eq "User"',
        f'{USER}:userName eq "carl"', f'{ENTERPRISE}:department pr', 'schemas eq "x"', 'id eq "<aiko>"', 'id eq "x"', "id pr",
        'groups.value eq "<team>"', 'displayName co "%"', 'USERNAME EQ "carl"', 'userName eq "carl" AND active EQ TRUE',
        "userName eq", 'userName is "a"', 'userName eq "a" or', "(userName pr", "shoeSize pr", 'active gt true', 'active eq "x"',
        'userName eq 1', 'emails[shoe pr]', "not userName pr", 'userName eq "x"; DROP TABLE users', 'password eq "x"', "()",
    ]


def patches():
    def one(op, path=None, value=None):
        operation = {"op": op}
        if path is not None:
            operation["path"] = path
        if value is not None:
            operation["value"] = value
        return [operation]

    user = [
        one("replace", "title", "Chief"), one("Replace", "title", "Chief"), one("add", "title", "Chief"), one("remove", "title"),
        one("remove", "nickName"), one("replace", None, {"title": "Chief", "nickName": "A"}), one("add", None, {"nickName": "A"}),
        one("replace", "name.givenName", "Ai"), one("replace", "name", {"familyName": "Sato"}), one("remove", "name.givenName"),
        one("replace", "active", False), one("replace", "active", "False"), one("add", "emails", [{"value": "new@acme.example", "type": "other"}]),
        one("replace", "emails", [{"value": "only@acme.example"}]), one("remove", "emails"), one("remove", 'emails[type eq "home"]'),
        one("replace", 'emails[type eq "work"].value', "w@acme.example"), one("remove", 'emails[type eq "none"]'),
        one("replace", 'emails[type eq "none"].value', "n@acme.example"), one("add", 'emails[type eq "other"].value', "o@acme.example"),
        one("replace", f"{ENTERPRISE}:department", "Sales"), one("add", ENTERPRISE, {"department": "Sales"}),
        one("replace", f"{USER}:title", "Chief"), one("replace", "userName", "ben@acme.example"), one("replace", "userName", ""),
        one("remove", "userName"), one("replace", "id", "x"), one("replace", "meta.created", "2020-01-01T00:00:00Z"), one("replace", "groups", []),
        one("replace", "shoeSize", 44), one("replace", "name.shoe", 44), one("replace", "emails[", "x"), one("remove"), one("move", "title", "x"),
        one("replace", "title", {"a": 1}), one("replace", "active", "maybe"), one("replace", "title"), [],
        one("replace", "title", "Chief") + one("replace", "shoeSize", 44), one("replace", "password", "x"),
    ]
    for operations in user:
        yield ("PATCH", "/Users/<aiko>", {"schemas": [PATCH], "Operations": operations})
    group = [
        one("replace", "displayName", "Crew"), one("add", "members", [{"value": "<carl>"}]), one("add", "members", [{"value": "<aiko>"}]),
        one("remove", 'members[value eq "<aiko>"]'), one("remove", 'members[value eq "none"]'), one("remove", "members"),
        one("replace", "members", [{"value": "<carl>"}]), one("add", "members", [{"value": "none"}]), one("replace", "displayName", "Taken"),
        one("remove", "displayName"), one("replace", None, {"displayName": "Crew"}), one("remove", "members", [{"value": "<aiko>"}]),
    ]
    for operations in group:
        yield ("PATCH", "/Groups/<team>?attributes=displayName,members", {"schemas": [PATCH], "Operations": operations})


def bodies():
    made = [
        {"userName": "new"}, {"userName": "NEW", "active": "true"}, {"userName": "new", "shoeSize": 44}, {"userName": "new", "id": "x"},
        {"userName": "aiko@acme.example"}, {"userName": "AIKO@acme.example"}, {}, {"userName": None}, {"userName": ""}, {"userName": 7},
        {"userName": "new", "active": "maybe"}, {"userName": "new", "emails": "a@b"}, {"userName": "new", "emails": [{"type": "work"}]},
        {"userName": "new", "emails": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]}, {"userName": "new", "name": "x"},
        {"userName": "new", "nickName": ""}, {"userName": "new", "emails": []}, {"userName": "new", "password": "x"},
        {"userName": "new", "groups": [{"value": "<team>"}]}, {"USERNAME": "new"},
    ]
    for body in made:
        yield ("POST", "/Users", {"schemas": [USER], **body})
    yield ("POST", "/Users", {"userName": "new"})
    yield ("POST", "/Users", {"schemas": [GROUP], "userName": "new"})
    yield ("POST", "/Users", [])
    yield ("PUT", "/Users/<aiko>", {"schemas": [USER], "userName": "aiko@acme.example"})
    yield ("PUT", "/Users/<aiko>", {"schemas": [USER], "userName": "BEN@acme.example"})
    yield ("PUT", "/Users/<aiko>", {"schemas": [USER]})
    yield ("PUT", "/Users/none", {"schemas": [USER], "userName": "x"})
    for body in [{"displayName": "New"}, {"displayName": "New", "members": [{"value": "<carl>"}]}, {"displayName": "Team"}, {}, {"displayName": "New", "members": [{"value": "none"}]}]:
        yield ("POST", "/Groups", {"schemas": [GROUP], **body})
    yield ("DELETE", "/Users/<carl>", None)
    yield ("DELETE", "/Users/none", None)
    yield ("DELETE", "/Groups/<team>", None)


def lists():
    for query in [
        "", "?sortBy=userName&count=2", "?sortBy=userName&startIndex=2&count=2", "?count=0", "?count=-1", "?startIndex=2&count=0", "?startIndex=0&count=0", "?startIndex=-1&count=0", "?startIndex=99", "?count=x",
        "?startIndex=x", "?sortBy=userName", "?sortBy=title&sortOrder=descending", "?sortBy=shoeSize", "?attributes=userName", "?excludedAttributes=emails",
        "?attributes=emails.value", "?attributes=shoeSize", "?unknown=1", "?attributes=userName&excludedAttributes=emails",
    ]:
        yield ("GET", "/Users" + query, None)
    for path in ["/Users/<aiko>", "/Users/none", "/Groups/<team>", "/Users/<team>", "/Nowhere", "/Me", "/Users/<aiko>?attributes=title", "/Groups/<team>?excludedAttributes=members",
                 "/Groups", "/Groups?attributes=displayName", "/ResourceTypes/none", "/Schemas?filter=x"]:
        yield ("GET", path, None)
    yield ("POST", "/Users/.search", {"schemas": [SEARCH], "filter": 'title eq "guide"', "attributes": ["userName"]})
    yield ("POST", "/Users/.search", {"schemas": [SEARCH], "filter": "("})
    yield ("POST", "/.search", {"schemas": [SEARCH], "filter": 'displayName eq "team" or userName eq "carl"'})
    yield ("PUT", "/Users", {})
    yield ("DELETE", "/Users", None)


def furnished(server):
    """The same people and groups on a server that has none of its own; the ids that it gave them."""
    _, answer = server.ask("GET", "/Users?count=1000", None)
    _, groups = server.ask("GET", "/Groups?count=1000", None)
    for answer, path in [(answer, "/Users/"), (groups, "/Groups/")]:
        for one in json.loads(answer).get("Resources") or []:
            server.ask("DELETE", path + one["id"], None)
    ids = {}
    for name, said in zip(["aiko", "ben", "carl", "dora"], PEOPLE):
        _, document = outcome(server, ids, ("POST", "/Users", {"schemas": [USER], **said}))
        ids[name] = document["id"]
    for name, body in [("team", {"displayName": "Team", "members": [{"value": "<aiko>"}, {"value": "<ben>"}]}), ("taken", {"displayName": "Taken"})]:
        _, document = outcome(server, ids, ("POST", "/Groups", {"schemas": [GROUP], **body}))
        ids[name] = document["id"]
    return ids


def main():
    both = [Ours(*sys.argv[1:]), Theirs()]
    reads = [("GET", "/Users?filter=" + urllib.parse.quote(filter, safe="<>"), None) for filter in filters()]
    reads.extend(lists())
    writes = [*patches(), *bodies()]
    ids = [furnished(server) for server in both]
    differences = []
    for request in reads + writes:
        if request in writes:
            ids = [furnished(server) for server in both]
        ours, theirs = (outcome(server, known, request)[0] for server, known in zip(both, ids))
        if ours != theirs:
            method, path, body = request
            name = f"{method} {urllib.parse.unquote(path)}"
            if isinstance(body, dict) and "schemas" in body:
                body = {key: value for key, value in body.items() if key != "schemas"}
                name += " " + json.dumps(body.get("Operations", body))
            elif body is not None:
                name += " without schemas " + json.dumps(body)
            differences.append([name, ours, theirs])
    print(json.dumps({"asked": len(reads) + len(writes), "differences": differences}))


main()
