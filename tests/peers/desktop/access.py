#!/usr/bin/python3
"""What a screen reader is told: one JSON list of [role, name] for the app's window and each control and heading of its page.

Ends at once; [] while there is no page.
"""
import json
import sys

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

TOLD = {"push button", "toggle button", "radio button", "check box", "heading", "link", "entry", "combo box", "timer", "alert"}
found = []


def walk(node, depth=0):
    if node is None or depth > 40:
        return
    role, name = node.get_role_name(), (node.get_name() or "").strip()
    if role in TOLD:
        found.append([role, " ".join(name.split())])
    for each in range(node.get_child_count()):
        walk(node.get_child_at_index(each), depth + 1)


def page(node, depth=0):
    if node is None or depth > 12:
        return None
    if node.get_role_name() == "document web":
        return node
    inside = (page(node.get_child_at_index(each), depth + 1) for each in range(node.get_child_count()))
    return next((each for each in inside if each), None)


desktop = Atspi.get_desktop(0)
for number in range(desktop.get_child_count()):
    app = desktop.get_child_at_index(number)
    if app is not None and sys.argv[1] in (app.get_name() or ""):
        frames = (app.get_child_at_index(each) for each in range(app.get_child_count()))
        found += [["frame", each.get_name()] for each in frames if each and each.get_role_name() == "frame"]
        walk(page(app))
print(json.dumps(found))
