#!/usr/bin/python3
"""The clipboard. Without an argument: prints its text. With one: holds it until stdin ends, once it has said `held`."""
import sys

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GLib, Gtk  # noqa: E402

clipboard = Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD)
if len(sys.argv) == 1:
    print(clipboard.wait_for_text() or "")
else:
    clipboard.set_text(sys.argv[1], -1)
    GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, lambda *_: Gtk.main_quit())
    print("held", flush=True)
    Gtk.main()
