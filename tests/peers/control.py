"""What stand-ins have in common: a port of their own on which tests say what shall happen (`POST /control`) and read what was seen, and one
line of JSON when both ports are ready. They end when stdin does.
"""
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def server_of(handler):
    """The stand-in's own port: `PORT`, else any that is free."""
    return ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "0"))), handler)


def origin_of(server):
    return f"http://127.0.0.1:{server.server_port}"


def run(server, state, seen, lock, orders=None, **words):
    """Serves until stdin ends. A control asked for changes what `state` has of that name, or gives an order; `words` are in the ready line."""
    orders = orders or {}

    class Control(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or "{}")
            known = all(name in state or name in orders for name in asked)
            told = {name: orders[name]() for name in asked if name in orders}
            with lock:
                state.update((name, value) for name, value in asked.items() if name in state)
                data = json.dumps({**seen, **told}).encode()
            self.send_response(200 if known else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    control = ThreadingHTTPServer(("127.0.0.1", 0), Control)
    for each in (server, control):
        threading.Thread(target=each.serve_forever, daemon=True).start()
    origin = origin_of(server)
    print(json.dumps({"ready": True, "origin": origin, "endpoint": origin, **words, "control": f"{origin_of(control)}/control"}), flush=True)
    sys.stdin.read()
