"""A company's way out: a proxy on loopback. Whatever host is asked for, it leads to the one peer at `UPSTREAM` (host:port of this computer), in
TLS that an authority of the company's own has signed for.

`POST /control`: {"password": true} has it ask for a user name and a password, {"strange": true} has another authority sign. The ready line has the
`proxy` and its authority's certificate as `authority` (PEM). It ends when stdin does.
"""
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler

import control
import tls

LOCK = threading.Lock()
state = {"password": False, "strange": False}
seen = {"asked": []}
known, strange = tls.Authority("Acme Proxy"), tls.Authority("Acme Web Gateway")
upstream = os.environ["UPSTREAM"].split(":")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_CONNECT(self):
        with LOCK:
            seen["asked"].append(self.path)
            password, authority = state["password"], strange if state["strange"] else known
        if password:
            self.send_response(407)
            self.send_header("Proxy-Authenticate", 'Basic realm="Acme"')
            self.send_header("Content-Length", "0")
            return self.end_headers()
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        try:
            inside = authority.context(self.path.split(":")[0]).wrap_socket(self.connection, server_side=True)
        except OSError:
            return
        with inside, socket.create_connection((upstream[0], int(upstream[1]))) as outside:
            tls.join(inside, outside)


server = control.server_of(Handler)
control.run(server, state, seen, LOCK, proxy=control.origin_of(server), authority=known.pem().decode())
