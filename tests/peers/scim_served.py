"""scim2-server in memory, as its own command serves it: what `make bench` measures our endpoint beside."""

import json
from wsgiref.simple_server import WSGIRequestHandler, make_server

from scim2_models import ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.testserver.cli import ThreadingWSGIServer
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

TOKEN = "t" * 43


class Silent(WSGIRequestHandler):
    def log_message(self, *words):
        pass


provider = ScimProvider.from_discovery(
    load_default_schemas().values(),
    load_default_resource_types().values(),
    config=load_default_service_provider_config(),
)
service = ScimService(provider, secret="x" * 43)
application = BearerTokenApplication(InMemoryStorage(), provider, service=service, bearer_tokens=[TOKEN])
with make_server("127.0.0.1", 0, application, server_class=ThreadingWSGIServer, handler_class=Silent) as server:
    origin = f"http://127.0.0.1:{server.server_port}"
    print(json.dumps({"endpoint": origin, "scim_url": origin + "/v2", "scim_token": TOKEN}), flush=True)
    server.serve_forever()
