"""How the test peers on the session bus are asked: a line on stdin, a line of JSON on stdout; they end with their stdin."""
import json
import sys

import dbus
import dbus.mainloop.glib
from gi.repository import GLib


def session_bus():
    """The session bus, served by the loop of `serve`."""
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    return dbus.SessionBus()


def serve(answer):
    """Answers each line by `answer(line)` until there are no more; the first line out says that everything is there."""
    loop = GLib.MainLoop()

    def heard(_channel, _condition):
        line = sys.stdin.readline()
        if not line:
            loop.quit()
            return False
        print(json.dumps(answer(line)), flush=True)
        return True

    GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, heard)
    print("true", flush=True)
    loop.run()
