#!/usr/bin/python3
"""Shows notifications for the tests: owns org.freedesktop.Notifications and answers one JSON line for each line on stdin.

shown        -> [[title, body, [label, ...]], ...]   every notification so far
press TITLE  -> true | false                         presses the button of the last notification of that title
Ends with its stdin.
"""
import json
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

NAME, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"


class Daemon(dbus.service.Object):
    shown = []

    @dbus.service.method(NAME, in_signature="susssasa{sv}i", out_signature="u")
    def Notify(self, _app, _replaces, _icon, title, body, actions, _hints, _timeout):
        self.shown.append((str(title), str(body), [str(each) for each in actions]))
        return len(self.shown)

    @dbus.service.method(NAME, out_signature="as")
    def GetCapabilities(self):
        return ["actions", "body"]

    @dbus.service.method(NAME, out_signature="ssss")
    def GetServerInformation(self):
        return "tests", "kiro", "1", "1.2"

    @dbus.service.method(NAME, in_signature="u")
    def CloseNotification(self, _number):
        pass

    @dbus.service.signal(NAME, signature="us")
    def ActionInvoked(self, number, key):
        pass


def answer(line):
    word, _, title = line.rstrip("\n").partition(" ")
    if word == "shown":
        return [[each[0], each[1], each[2][1::2]] for each in daemon.shown]
    numbers = [number for number, each in enumerate(daemon.shown, 1) if each[0] == title and each[2]]
    if numbers:
        daemon.ActionInvoked(dbus.UInt32(numbers[-1]), daemon.shown[numbers[-1] - 1][2][-2])
    return bool(numbers)


def heard(_channel, _condition):
    line = sys.stdin.readline()
    if not line:
        loop.quit()
        return False
    print(json.dumps(answer(line)), flush=True)
    return True


dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SessionBus()
name = dbus.service.BusName(NAME, bus)
daemon = Daemon(bus, PATH)
loop = GLib.MainLoop()
GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, heard)
print("true", flush=True)
loop.run()
