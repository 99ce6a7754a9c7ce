#!/usr/bin/python3
"""A panel for the tests: owns org.kde.StatusNotifierWatcher on the session bus and answers one JSON line for each line on stdin.

menu         -> [[[label, enabled], ...], ...]   the menu of every icon; separators are left out
press LABEL  -> true | false                     chooses the row with that label; false: there is no such row that can be chosen
Ends with its stdin.
"""
import sys

import dbus
import dbus.service

from lines import serve, session_bus

WATCHER, ITEM, MENU = "org.kde.StatusNotifierWatcher", "org.kde.StatusNotifierItem", "com.canonical.dbusmenu"
PATIENCE = 5.0


class Watcher(dbus.service.Object):
    items = []

    @dbus.service.method(WATCHER, in_signature="s", sender_keyword="sender")
    def RegisterStatusNotifierItem(self, service, sender=None):
        item = (sender, service) if service.startswith("/") else (service, "/StatusNotifierItem")
        if item not in self.items:
            self.items.append(item)
        self.StatusNotifierItemRegistered("".join(item))

    @dbus.service.method(WATCHER, in_signature="s")
    def RegisterStatusNotifierHost(self, _service):
        self.StatusNotifierHostRegistered()

    @dbus.service.signal(WATCHER, signature="s")
    def StatusNotifierItemRegistered(self, item):
        pass

    @dbus.service.signal(WATCHER, signature="")
    def StatusNotifierHostRegistered(self):
        pass

    @dbus.service.method(dbus.PROPERTIES_IFACE, in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        return self.GetAll(interface)[name]

    @dbus.service.method(dbus.PROPERTIES_IFACE, in_signature="s", out_signature="a{sv}")
    def GetAll(self, _interface):
        items = dbus.Array(["".join(item) for item in self.items], "s")
        return {"RegisteredStatusNotifierItems": items, "IsStatusNotifierHostRegistered": True, "ProtocolVersion": dbus.Int32(0)}


def rows(item):
    """(the menu's interface, [(id, label, enabled)])"""
    service, path = item
    properties = dbus.Interface(bus.get_object(service, path, introspect=False), dbus.PROPERTIES_IFACE)
    where = str(properties.Get(ITEM, "Menu", timeout=PATIENCE))
    menu = dbus.Interface(bus.get_object(service, where, introspect=False), MENU)
    _revision, (_, _, children) = menu.GetLayout(0, -1, dbus.Array([], "s"), timeout=PATIENCE)
    named = [(child[0], child[1]) for child in children if "label" in child[1]]
    # One underscore marks the key; two stand for one.
    plain = lambda label: str(label).replace("__", "\0").replace("_", "").replace("\0", "_")
    return menu, [(int(number), plain(each["label"]), bool(each.get("enabled", True))) for number, each in named]


def answer(line):
    word, _, label = line.rstrip("\n").partition(" ")
    Watcher.items[:] = [item for item in Watcher.items if bus.name_has_owner(item[0])]
    menus = []
    for item in list(Watcher.items):
        try:
            menus.append(rows(item))
        except dbus.DBusException as error:  # it went away, or has no menu yet
            print(error, file=sys.stderr)
    if word == "menu":
        return [[[label, enabled] for _, label, enabled in each] for _, each in menus]
    for menu, each in menus:
        for number, named, enabled in each:
            if named == label and enabled:
                menu.Event(dbus.Int32(number), "clicked", dbus.Int32(0, variant_level=1), dbus.UInt32(0), timeout=PATIENCE)
                return True
    return False


bus = session_bus()
name = dbus.service.BusName(WATCHER, bus)
watcher = Watcher(bus, "/StatusNotifierWatcher")
serve(answer)
