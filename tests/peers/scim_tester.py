"""scim2-tester against a SCIM endpoint: scim_tester.py URL TOKEN.

Prints, as one line of JSON, how many checks succeeded, and what did not: [check, status, reason].
"""

import json
import re
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server

url, token = sys.argv[1:]
http = Client(base_url=url, headers={"Authorization": f"Bearer {token}"})
succeeded, others = 0, []
for result in check_server(SyncSCIMClient(http)):
    if result.status.name == "SUCCESS":
        succeeded += 1
        continue
    named = re.search(r"[Aa]ttribute '([^']*)'", result.reason or "")
    words = [result.title, getattr(result, "resource_type", None), named and named[1]]
    others.append([" ".join(word for word in words if word), result.status.name, result.reason])
print(json.dumps({"succeeded": succeeded, "others": others}))
