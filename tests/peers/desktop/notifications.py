#!/usr/bin/python3
"""Shows notifications for the tests: owns org.freedesktop.Notifications and answers one JSON line for each line on stdin.

shown        -> [[title, body, [label, ...]], ...]   every notification so far
press TITLE  -> true | false                         presses the button of the last notification of that title
Ends with its stdin.
"""
import dbus
import dbus.service

from lines import serve, session_bus

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


bus = session_bus()
name = dbus.service.BusName(NAME, bus)
daemon = Daemon(bus, PATH)
serve(answer)
