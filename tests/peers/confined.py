"""A computer with no network but its own loopback, on which all of AWS seems to be: whatever name is looked up, and whatever address is
tried, is written down. Run it in namespaces of its own (`unshare --net --mount`); the programs it starts see nothing else.

Names lead here by a DNS server on port 53 (the namespace's resolv.conf), and hosts by TLS on port 443 with a certificate for whatever is
asked for, by an authority whose file is the first argument; behind it are `aws_sso.py` and `bedrock.py`. Standard input has the steps, a JSON
list: {"write": path, "text": …}, {"control": "sso" or "bedrock", "asked": {…}}, {"ended": path}, which waits for the end of the access token in
that credential file, or {"run": [program, …], "env": {…}}. Standard output has a list of what became of each run. A device code
that a program shows is approved.
"""
import datetime
import fcntl
import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse as up
import urllib.request as ur

import tls

HERE = pathlib.Path(__file__).parent
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="kiro-confined-"))
LOCK = threading.Lock()
names, hosts = [], []


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        fcntl.ioctl(one, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: IFF_UP | IFF_RUNNING


def resolve():
    """Every name is this computer."""
    resolv = FOLDER / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\n")
    subprocess.run(["mount", "--bind", resolv, "/etc/resolv.conf"], check=True)
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))

    def answer():
        while True:
            asked, sender = server.recvfrom(4096)
            labels, at = [], 12
            while asked[at]:
                labels.append(asked[at + 1:at + 1 + asked[at]].decode())
                at += 1 + asked[at]
            question = asked[12:at + 5]
            with LOCK:
                names.append(".".join(labels).lower())
            is_a = question[-4:-2] == b"\0\1"
            record = b"\xc0\x0c" + question[-4:] + struct.pack(">IH", 0, 4) + socket.inet_aton("127.0.0.1")
            head = asked[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_a else b"\0\0") + b"\0\0\0\0"
            server.sendto(head + question + (record if is_a else b""), sender)

    threading.Thread(target=answer, daemon=True).start()


def serve(authority, oidc, other):
    """TLS for every host; the one that is meant decides who answers."""
    server = socket.create_server(("127.0.0.1", 443))

    def meant(connection, name, _context):
        with LOCK:
            hosts.append(name)
        connection.name = name or ""
        connection.context = authority.context(connection.name)

    def one(raw):
        first = authority.context("nobody")
        first.sni_callback = meant
        try:
            inside = first.wrap_socket(raw, server_side=True)
        except OSError:
            return
        port = oidc if getattr(inside, "name", "").startswith("oidc.") else other
        outside = socket.create_connection(("127.0.0.1", port))
        tls.join(inside, outside)

    def accept():
        while True:
            threading.Thread(target=one, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def started(script):
    peer = subprocess.Popen([sys.executable, HERE / script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return peer, json.loads(peer.stdout.readline())


def approve(origin, code):
    form = up.urlencode({"username": "aiko", "password": "demo"}).encode()
    ur.urlopen(f"{origin}/interaction/sign-in?user_code={code}", form).read()


def run(step, origin):
    del names[:], hosts[:]
    log = FOLDER / "strace"
    command = ["strace", "-f", "-qq", "-o", log, "-e", "trace=connect,sendto,sendmsg,sendmmsg", *step["run"]]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **step.get("env", {})})
    said, approved = [], set()
    for line in child.stderr:
        said.append(line)
        # By itself: the middle of a UUID may look like one.
        code = re.search(r"(?<![\w-])[0-9A-F]{4}-[0-9A-F]{4}(?![\w-])", line)
        if code and code[0] not in approved:
            approved.add(code[0])
            approve(origin, code[0])
    told = child.stdout.read()
    child.wait()
    tried = re.findall(r'(?:sin_addr=inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"', log.read_text())
    with LOCK:
        return {"code": child.returncode, "stdout": told, "stderr": "".join(said), "names": sorted(set(names)), "hosts": sorted(set(hosts)), "addresses": sorted(set(tried))}


loopback_up()
resolve()
authority = tls.Authority("All of AWS")
pathlib.Path(sys.argv[1]).write_bytes(authority.pem())
(sso, sso_ready), (bedrock, bedrock_ready) = started("aws_sso.py"), started("bedrock.py")
port = lambda ready: up.urlparse(ready["origin"]).port  # noqa: E731
control = lambda ready, asked: ur.urlopen(ready["control"], json.dumps(asked).encode()).read()  # noqa: E731
control(bedrock_ready, {"region": "eu-central-1"})
serve(authority, port(sso_ready), port(bedrock_ready))
became = []
for step in json.load(sys.stdin):
    if "write" in step:
        pathlib.Path(step["write"]).write_text(step["text"])
    elif "ended" in step:
        public = json.loads(pathlib.Path(step["ended"]).read_text())["profiles"]["default"]["public"]
        left = datetime.datetime.fromisoformat(public["expires_at"].replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)
        time.sleep(max(0, left.total_seconds()))  # to the moment that the file names: the program reads the computer's own clock
    elif "control" in step:
        control({"sso": sso_ready, "bedrock": bedrock_ready}[step["control"]], step["asked"])
    else:
        became.append(run(step, sso_ready["origin"]))
print(json.dumps(became), flush=True)
for peer in (sso, bedrock):
    peer.stdin.close()
    peer.wait()
# The threads of connections may be at work, and none is to be met while Python takes itself apart.
os._exit(0)
