#!/usr/bin/python3
"""Answers the app's file dialog of this title, as a hand would: `save PATH`, `open NAME` (of a file in the folder shown) or `cancel`.

Ends with 1 while there is no such dialog, or it does not show what is asked for yet.
"""
import sys

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

title, answer = sys.argv[1], sys.argv[2:]


def within(node, role, name=None, depth=0):
    """The first part of this role and name."""
    if node is None or depth > 30 or node.get_role_name() == "document web":
        return None
    if node.get_role_name() == role and name in (None, node.get_name()):
        return node
    inside = (within(node.get_child_at_index(each), role, name, depth + 1) for each in range(node.get_child_count()))
    return next((each for each in inside if each), None)


def does(node, wanted):
    """Does what the part offers under this name."""
    offered = [Atspi.Action.get_action_name(node, each) for each in range(Atspi.Action.get_n_actions(node))]
    return wanted in offered and Atspi.Action.do_action(node, offered.index(wanted))


def answered(dialog):
    if answer[0] == "save":
        name = within(within(dialog, "file chooser", "File Chooser Widget"), "text")
        button = within(dialog, "push button", "Save")
        return name and button and Atspi.EditableText.set_text_contents(name, answer[1]) and does(button, "click")
    if answer[0] == "open":
        cell = within(dialog, "table cell", answer[1])
        # the focus selects the row, and only what is selected is chosen
        return cell and Atspi.Component.grab_focus(cell) and does(cell, "activate")
    button = within(dialog, "push button", "Cancel")
    return button and does(button, "click")


desktop = Atspi.get_desktop(0)
apps = (desktop.get_child_at_index(each) for each in range(desktop.get_child_count()))
dialogs = (within(app, "file chooser", title) for app in apps if app and "kiro-desktop" in (app.get_name() or ""))
showing = (each for each in dialogs if each and each.get_state_set().contains(Atspi.StateType.SHOWING))
dialog = next(showing, None)
sys.exit(0 if dialog and answered(dialog) else 1)
