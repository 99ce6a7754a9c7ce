"""Another program's window. When it is clicked, it opens the address that it was given as a launcher does: with a token by which the
program that takes it may come to the front (xdg-activation). It prints a line when the pointer is over it."""
import os
import subprocess
import sys

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, Gio, Gtk  # noqa: E402


def clicked(window, _click):
    launcher = Gio.AppInfo.create_from_commandline("xdg-open", None, Gio.AppInfoCreateFlags.SUPPORTS_STARTUP_NOTIFICATION)
    token = window.get_display().get_app_launch_context().get_startup_notify_id(launcher, [])
    subprocess.run(["xdg-open", sys.argv[1]], env={**os.environ, "XDG_ACTIVATION_TOKEN": token}, check=True)
    return True


window = Gtk.Window(title="Elsewhere")
window.set_default_size(1000, 600)
window.add_events(Gdk.EventMask.BUTTON_PRESS_MASK | Gdk.EventMask.ENTER_NOTIFY_MASK)
window.connect("enter-notify-event", lambda *_: print(flush=True))
window.connect("button-release-event", clicked)
window.connect("destroy", Gtk.main_quit)
window.show()
Gtk.main()
